//! `completions` and `man`: what packagers and shells want of the command line.

use clap::CommandFactory as _;
use serde_json::json;
use tearline_manual::{Completions, Man};

use crate::{
    cli::Arguments,
    context::{Context, Failure},
    report::say,
};

pub(crate) fn completions(context: &Context, args: &Completions) -> Result<(), Failure> {
    let script = tearline_manual::script(Arguments::command(), args.shell);
    say(context, &json!({"shell": args.shell.to_string(), "script": script}), &script)
}

pub(crate) fn man(context: &Context, args: &Man) -> Result<(), Failure> {
    let pages = tearline_manual::pages(Arguments::command(), &args.dir).map_err(Failure::refused)?;
    let pages: Vec<String> = pages.iter().map(|page| page.display().to_string()).collect();
    let text = format!("{} pages in {}\n", pages.len(), args.dir.display());
    say(context, &json!({"pages": pages}), &text)
}
