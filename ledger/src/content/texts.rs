//! Every text of a post that a person will read, so that none is shown unexamined.
//!
//! Refuses to know how it is shown.

use tearline_proto::v1::{self, content::Kind};

type Texts<'a> = Vec<(&'static str, &'a str)>;

pub(super) fn of(message: &v1::Content) -> Texts<'_> {
    let mut out = vec![("subject", message.subject.as_str())];
    if let Some(tearline) = &message.tearline {
        out.extend(tearline.portions.iter().map(|portion| ("portion", portion.text.as_str())));
    }
    out.extend(message.attachments.iter().map(|attachment| ("attachment name", attachment.name.as_str())));
    if let Some(kind) = &message.kind {
        of_kind(kind, &mut out);
    }
    out.retain(|(_, text)| !text.is_empty());
    out
}

fn of_kind<'a>(kind: &'a Kind, out: &mut Texts<'a>) {
    match kind {
        Kind::Briefing(briefing) => {
            lines("portion", briefing.portions.iter().map(|it| &it.text), out);
            lines("source", briefing.source.iter().map(|it| &it.description), out);
        }
        Kind::Release(release) => out.push(("note", &release.note)),
        Kind::Concern(concern) => {
            out.push(("text", concern.text.as_str()));
            out.push(("force seen", &concern.force_seen));
            out.push(("evidence", &concern.evidence));
            place(concern.place.as_ref(), out);
        }
        Kind::Assessment(assessment) => {
            out.push(("text", &assessment.text));
            lines("assumption", &assessment.assumptions, out);
            lines("alternative", &assessment.alternatives, out);
        }
        Kind::Note(note) => out.push(("text", &note.text)),
        Kind::Request(request) => {
            out.push(("text", &request.text));
            place(request.place.as_ref(), out);
        }
        Kind::Reply(reply) => out.push(("text", &reply.text)),
        Kind::Commitment(commitment) => {
            lines("text", commitment.texts.iter().map(|it| &it.text), out);
            lines("beneficiary", &commitment.beneficiaries, out);
            out.push(("verification", &commitment.verification));
            out.push(("condition", &commitment.depends_on));
            place(commitment.area.as_ref(), out);
        }
        Kind::ComplianceNote(note) => out.push(("text", &note.text)),
        Kind::Incident(incident) => {
            out.push(("text", &incident.text));
            out.push(("attribution", &incident.attributed_to));
            place(incident.place.as_ref(), out);
        }
        Kind::ActivityNotice(notice) => {
            out.push(("text", &notice.text));
            out.push(("force", &notice.force));
            place(notice.place.as_ref(), out);
        }
        Kind::Session(session) => {
            out.push(("text", &session.text));
            lines("participant", &session.participants, out);
            lines("item", &session.items, out);
            lines("decision", &session.decisions, out);
        }
        Kind::Opinion(opinion) => out.push(("text", &opinion.text)),
        Kind::Correction(correction) => out.push(("text", &correction.text)),
        Kind::Decoy(_) | Kind::ManifestNotice(_) => {}
    }
}

fn lines<'a>(field: &'static str, texts: impl IntoIterator<Item = &'a String>, out: &mut Texts<'a>) {
    out.extend(texts.into_iter().map(|text| (field, text.as_str())));
}

fn place<'a>(place: Option<&'a v1::Place>, out: &mut Texts<'a>) {
    out.extend(place.map(|place| ("place", place.name.as_str())));
}
