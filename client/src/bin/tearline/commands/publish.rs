//! `publish`: a briefing into the chamber.

use std::fmt::Write as _;

use serde_json::json;
use tearline_client::{
    attachments::HandedOn,
    desk::{Desk, now},
    propose::Mediator,
    show::{WIDTH, attachments, content::safe, time::dtg, words::Scale as _, wrap},
    template::Template,
};
use tearline_ledger::{
    misleading,
    name::{Role, RoomName},
    portion::BriefingFile,
};
use tearline_proto::v1::{Precedence, Reliability};

use super::{
    attach::{Carried, Files},
    compose::{Paper, Ready, compose},
    propose::{chamber, judged},
};
use crate::{
    cli::{Attach, Publish},
    context::{Context, Failure, Lift as _},
};

pub(crate) fn publish(context: &Context, args: &Publish) -> Result<(), Failure> {
    let template = Template::of("briefing").ok_or_else(|| Failure::usage("there is no kind briefing"))?;
    compose(context, &args.composing, None, &Briefing { template, context, attach: &args.composing.attach })
}

struct Briefing<'a> {
    template: &'static Template,
    context: &'a Context,
    attach: &'a Attach,
}

impl Paper for Briefing<'_> {
    fn template(&self) -> &'static Template {
        self.template
    }

    fn begin(&self, desk: &Desk, _: Option<&RoomName>) -> Result<(), Failure> {
        if desk.member().role() == Role::Mediator {
            return Ok(());
        }
        Err(Failure::refused("only a mediator's desk does this"))
    }

    fn check(&self, _: &Desk, text: &str) -> Result<(), Failure> {
        parse(text).map(drop)
    }

    fn prepare(&self, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure> {
        self.begin(desk, room)?;
        let file = parse(text)?;
        let rooms = desk.rooms().lift()?;
        let mediator = Mediator::new(desk, &rooms, now()).lift()?;
        let portions = file.portions.len();
        let files = Files::seal(self.context, desk, chamber(&rooms)?, None, self.attach)?;
        let handed = files.handed();
        let with = if handed.is_empty() { String::new() } else { format!(", {} attachments", handed.len()) };
        Ok(Ready {
            shown: shown(&file, &handed),
            act: format!("sign this, {portions} portions{with}, and record it in the chamber"),
            submission: judged(desk, mediator.publish_with(&file, &handed))?,
            carried: Carried::only(files),
            said: Box::new(move |entry| {
                let text = format!(
                    "Recorded as {entry}, {portions} portions. Only mediators can read it.\nNext: tearline release {entry} --portions 1 --to ROOM\n"
                );
                (json!({"entry": entry, "portions": portions}), text)
            }),
        })
    }
}

fn parse(text: &str) -> Result<BriefingFile, Failure> {
    BriefingFile::parse(text.as_bytes()).map_err(|error| Failure::Text(error.to_string()))
}

/// The briefing as it will be recorded, with misleading characters made visible.
fn shown(file: &BriefingFile, attached: &[HandedOn]) -> String {
    let front = &file.front;
    let mut out = format!("TO chamber   {} BRIEFING\n", Precedence::word(front.precedence.into()));
    out.push_str(&wrap(&safe(&front.subject), 1, WIDTH));
    if let Some(source) = &front.source {
        let described = source.description.as_deref().map(|it| format!(", {}", safe(it))).unwrap_or_default();
        let reliability = Reliability::word(source.reliability.into());
        let text = format!("Source {reliability}{}{described}", i32::from(source.credibility));
        out.push_str(&wrap(&text, 1, WIDTH));
    }
    if let Some(until) = front.information_until {
        let _ = writeln!(out, " Information up to {}", dtg(until));
    }
    if let Some(originator) = &front.originator {
        let _ = writeln!(out, " Originator {}", safe(originator));
    }
    let mut hidden = misleading::find(&front.subject).len();
    for (number, portion) in (1..).zip(&file.portions) {
        hidden += misleading::find(&portion.text).len();
        out.push('\n');
        out.push_str(&wrap(&format!("{number}. ({})  {}", portion.mark, safe(&portion.text)), 1, WIDTH));
    }
    let keys: Vec<_> = attached.iter().map(|it| it.key.clone()).collect();
    out.push_str(&attachments::list(&keys));
    hidden += keys.iter().map(|key| misleading::find(&key.name).len()).sum::<usize>();
    let hidden = if hidden == 0 { "none".to_owned() } else { format!("{hidden}, shown as ⟨…⟩") };
    let _ = writeln!(out, "\nHIDDEN CHARACTERS {hidden}");
    out
}
