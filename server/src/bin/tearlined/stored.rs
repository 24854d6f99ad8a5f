//! `check` and `purge`: what is stored, with the server stopped.

use std::{path::Path, process::ExitCode};

use anyhow::anyhow;
use tearline_server::{
    check::{self, Fault},
    config::Config,
    files::Attachments,
    purge::{self, Why},
    store::{Options, SledStore},
};

pub(crate) fn check_store(file: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(anyhow!("{}: there is no store to check", folder.display()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = SledStore::open(&folder, Options::default())?;
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    let whole = runtime.block_on(check::check(&store, Some(&files), |checked| match &checked.fault {
        None => println!("{:<24} {:>9} entries  whole", checked.name, checked.size),
        Some(Fault { index: Some(index), what }) => println!("{}#{index}  DAMAGED: {what}", checked.name),
        Some(Fault { index: None, what }) => println!("{}  DAMAGED: {what}", checked.name),
    }))?;
    if whole {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow!("the store is damaged: see \"A damaged store\" in the operator's guide before any start"))
}

pub(crate) fn purge_store(file: &Path, dry_run: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(anyhow!("{}: there is no store to purge", folder.display()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = SledStore::open(&folder, Options::default())?;
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    let gone = runtime.block_on(purge::once(&store, &files, dry_run))?;
    for post in &gone {
        let why = if post.why == Why::Recalled { "recalled" } else { "expired" };
        let content = if post.content { "content" } else { "" };
        let attachments = counted(post.attachments, "attachment");
        let attachments = if post.attachments == 0 { "" } else { attachments.as_str() };
        let what = [content, attachments].iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>();
        println!("{:<24} {why:<9} {}", format!("{}#{}", post.room, post.index), what.join(", "));
    }
    let contents = counted(gone.iter().filter(|post| post.content).count(), "content");
    let attachments = counted(gone.iter().map(|post| post.attachments).sum(), "attachment");
    if dry_run {
        println!("{contents} and {attachments} would be purged. Nothing was changed.");
    } else {
        println!("{contents} and {attachments} purged. The log is as it was and still verifies.");
        println!("The store may keep the sealed bytes in freed space until that is written over.");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
