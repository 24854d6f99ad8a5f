//! `release`: portions of a briefing into the rooms of parties, by themselves or as the assessment of a concern.

use std::collections::BTreeSet;

use tearline_client::{
    front::utc,
    propose::{
        draft::ProposalTerms,
        releases::{Lower, Portions, ReleaseOrder},
    },
    refs::EntryRef,
    show::words::Scale as _,
};
use tearline_ledger::{content::Content, id::Ref, statement::Act};
use tearline_proto::v1::{self, Activity, Confidence, Finding, Likelihood, Precedence, content::Kind};

use super::{
    attach::Carried,
    handed,
    propose::{Office, propose_with, rooms},
    until,
};
use crate::{
    cli::Release,
    context::{Context, Failure, Lift as _},
};

pub(crate) fn release(context: &Context, args: &Release) -> Result<(), Failure> {
    let briefing: EntryRef = args.briefing.parse().lift()?;
    let (to, kind) = (rooms(&args.to)?, kind(args)?);
    let lower: Vec<Lower> = args.downgrade.iter().map(|text| lower(text)).collect::<Result<_, _>>()?;
    let content_until = until(args.until.as_deref())?;
    let precedence = args.precedence.as_deref().map(Precedence::parse).transpose().map_err(Failure::usage)?;
    let office = Office::open(context)?;
    let mediator = office.mediator()?;
    let resolved = office.desk.resolve(&briefing).lift()?;
    let recorded = recorded(&office, &briefing)?;
    let files = handed::gather(context, &office, (&briefing, &recorded), (&to, args))?;
    let order = ReleaseOrder {
        to,
        portions: Some(Portions {
            briefing: resolved.to_ref(),
            numbers: args.portions.iter().copied().collect::<BTreeSet<u32>>(),
            lower,
        }),
        kind,
        subject: args.subject.clone().unwrap_or_else(|| recorded.message().subject.clone()),
        precedence: precedence.unwrap_or_else(|| {
            Precedence::try_from(recorded.message().precedence).unwrap_or(Precedence::Routine)
        }),
        ack_by: time("--ack-by", args.ack_by.as_deref())?,
        answers: args.answers.as_deref().map(|text| reference(&office, text)).transpose()?,
        refers: args.refers.iter().map(|text| reference(&office, text)).collect::<Result<_, _>>()?,
        undertakings: Vec::new(),
        attachments: files.to,
        content_until,
    };
    let terms = ProposalTerms { open_for: args.open_for * 3600, ..ProposalTerms::default() };
    let proposed = office.judged(mediator.propose_release(&order, &terms))?;
    let matter = (&mediator, Some(resolved.to_ref()));
    let given = office.judged(mediator.given_on_matter(&proposed.shown, matter.1))?;
    let same = given.same_words.iter().find(|same| same.field == "subject" && args.subject.is_none());
    if let Some(same) = same {
        return Err(Failure::refused(format!(
            "the briefing's subject was given to another party already ({}), and two that compare notes would match them: say another with --subject, or this one if you mean it",
            same.entry
        )));
    }
    let carried = Carried::of(&mediator, &office.desk, files.fresh)?;
    propose_with(context, (&office.runtime, &office.session, &office.desk), matter, &proposed, carried)
}

fn recorded(office: &Office, briefing: &EntryRef) -> Result<Content, Failure> {
    let room = office.rooms.iter().find(|room| room.replica.name() == briefing.room.as_str());
    let room =
        room.ok_or_else(|| Failure::refused(format!("no room {} is known here", briefing.room.as_str())))?;
    let line = super::line(&office.desk, room, briefing.index)?;
    let act = &line.signed.statement.act;
    if !matches!(act, Act::Post(_)) {
        return Err(Failure::refused(format!("{briefing} is a {}, not a briefing", act.name())));
    }
    let content = room.content(&line).lift()?;
    match content.kind() {
        Some(Kind::Briefing(_)) => Ok(content),
        _ => Err(Failure::refused(format!("{briefing} is a {}, not a briefing", content.kind_name()))),
    }
}

/// `PORTION:MARK:REASON`.
fn lower(text: &str) -> Result<Lower, Failure> {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    let &[portion, mark, reason] = parts.as_slice() else {
        return Err(Failure::usage(format!("--downgrade {text}: write PORTION:MARK:REASON")));
    };
    let portion = portion
        .trim()
        .parse()
        .map_err(|_| Failure::usage(format!("--downgrade {text}: `{portion}` is no portion's number")))?;
    Ok(Lower { portion, to: mark.trim().to_owned(), reason: reason.trim().to_owned() })
}

fn kind(args: &Release) -> Result<Kind, Failure> {
    let (Some(finding), Some(activity), Some(likelihood), Some(confidence)) =
        (&args.finding, &args.activity, &args.likelihood, &args.confidence)
    else {
        return Ok(Kind::Release(v1::Release { note: args.note.clone() }));
    };
    Ok(Kind::Assessment(v1::Assessment {
        finding: Finding::parse(finding).map_err(Failure::usage)?.into(),
        activity: Activity::parse(activity).map_err(Failure::usage)?.into(),
        likelihood: Likelihood::parse(likelihood).map_err(Failure::usage)?.into(),
        confidence: Confidence::parse(confidence).map_err(Failure::usage)?.into(),
        text: args.note.clone(),
        assumptions: args.assumes.clone(),
        alternatives: args.or_else.clone(),
        information_until: time("--information-until", args.information_until.as_deref())?.unwrap_or(0),
    }))
}

/// A time in UTC that an option gives, in seconds since 1970.
fn time(option: &str, value: Option<&str>) -> Result<Option<u64>, Failure> {
    let parse = |value| utc(value).map_err(|error| Failure::usage(format!("{option} {value}: {error}")));
    value.map(parse).transpose()
}

/// As content refers to `ROOM#INDEX`.
fn reference(office: &Office, text: &str) -> Result<Ref, Failure> {
    let entry: EntryRef = text.trim().parse().lift()?;
    Ok(office.desk.resolve(&entry).lift()?.to_ref())
}
