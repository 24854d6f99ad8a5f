//! A commitment, by its obligor or restated by mediators; and how it was kept.

use tearline_ledger::{
    id::Ref,
    name::{Org, Role},
};
use tearline_proto::v1::{self, CommitmentKind, Compliance, LanguageText, Undertaking, content::Kind};

use super::{Author, Body, Referent, WriteError, head::found, place, text_below};
use crate::{
    front::{Front, text},
    show::words::Scale as _,
};

pub(super) fn commitment(mut front: Front, author: &Author<'_>) -> Result<Body, WriteError> {
    let kind = front.need("kind", CommitmentKind::parse)?.into();
    let (obligors, undertaken) = obligors(&mut front, author)?;
    let beneficiaries = front.take_all("beneficiary", text)?;
    let language = front.take("language", language)?.unwrap_or_else(|| "en".to_owned());
    let area = place::take(&mut front, "area")?;
    let (from, to) = front.window("from", "to")?;
    let verification = front.take("verified", text)?.unwrap_or_default();
    let depends_on = front.take("depends-on", text)?.unwrap_or_default();
    let texts = texts(language, &text_below(front)?)?;
    let undertakings = undertaken.iter().map(|it| Undertaking {
        organisation: it.author.org().as_str().to_owned(),
        statement: it.reference.statement.as_bytes().to_vec().into(),
    });
    let undertakings = undertakings.collect();
    let commitment = v1::Commitment {
        kind,
        obligors,
        beneficiaries,
        texts,
        area,
        from,
        to,
        verification,
        depends_on,
        undertakings,
    };
    let undertakings: Vec<Ref> = undertaken.into_iter().map(|it| it.reference).collect();
    Ok(Body { kind: Kind::Commitment(commitment), undertakings })
}

/// Whom it binds, ascending; and of mediators' text the commitments that it restates, in the same order.
fn obligors(front: &mut Front, author: &Author<'_>) -> Result<(Vec<String>, Vec<Referent>), WriteError> {
    if author.name.role() != Role::Mediator {
        front.take("undertakings", |_| -> Result<(), String> {
            Err("mediators restate what parties undertook, not a party: leave the line out".to_owned())
        })?;
        let own = || vec![author.name.org().as_str().to_owned()];
        let only_own = |value: &str| match organisations(value)? {
            named if named == own() => Ok(named),
            _ => Err(format!("you bind {} and no other: leave the line out", author.name.org().as_str())),
        };
        return Ok((front.take("obligors", only_own)?.unwrap_or_else(own), Vec::new()));
    }
    let undertaken = front.need("undertakings", |value| undertakings(author, value))?;
    let bound: Vec<String> = undertaken.iter().map(|it| it.author.org().as_str().to_owned()).collect();
    let same = |value: &str| match organisations(value)? {
        named if named == bound => Ok(named),
        _ => Err(format!("the undertakings are of {}: name these, or leave the line out", bound.join(", "))),
    };
    let obligors = front.take("obligors", same)?;
    Ok((obligors.unwrap_or_else(|| bound.clone()), undertaken))
}

fn undertakings(author: &Author<'_>, value: &str) -> Result<Vec<Referent>, String> {
    let mut undertaken = found(author, value)?;
    undertaken.sort_by(|one, two| one.author.org().cmp(two.author.org()));
    for it in &undertaken {
        if !matches!(it.content.as_ref().and_then(|content| content.kind()), Some(Kind::Commitment(_))) {
            return Err(format!("{} is no commitment that can be read here: name one", it.entry));
        }
    }
    for (one, two) in undertaken.iter().zip(undertaken.iter().skip(1)) {
        if one.author.org() == two.author.org() {
            let org = one.author.org().as_str();
            return Err(format!("{} and {} are both of {org}: name one of each", one.entry, two.entry));
        }
    }
    Ok(undertaken)
}

/// Names separated by commas; ascending, each once.
fn organisations(value: &str) -> Result<Vec<String>, String> {
    let name = |name: &str| {
        let org: Result<Org, _> = name.trim().parse();
        org.map(|org| org.as_str().to_owned()).map_err(|error| format!("{error}"))
    };
    let mut all: Vec<String> = value.split(',').map(name).collect::<Result<_, _>>()?;
    all.sort();
    all.dedup();
    Ok(all)
}

/// A tag of BCP 47, in lower case.
fn language(value: &str) -> Result<String, String> {
    let tag = value.to_lowercase();
    let good = |(at, part): (usize, &str)| match at {
        0 => (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase()),
        _ => (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    };
    let good = tag.split('-').enumerate().all(good);
    if good { Ok(tag) } else { Err("write a language as in fr, or sw-cd".to_owned()) }
}

/// The text in each language: the first, which is authoritative, and those that a line `[fr]` begins.
fn texts(first: String, text: &str) -> Result<Vec<LanguageText>, WriteError> {
    let mut texts = vec![LanguageText { language: first, text: String::new(), authoritative: true }];
    for line in text.lines() {
        let tag = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match (tag.and_then(|tag| language(tag).ok()), texts.last_mut()) {
            (None, Some(last)) => {
                last.text.push_str(line);
                last.text.push('\n');
            }
            (Some(language), _) => {
                texts.push(LanguageText { language, text: String::new(), authoritative: false });
            }
            (None, None) => {}
        }
    }
    for text in &mut texts {
        text.text = text.text.trim().to_owned();
        if text.text.is_empty() {
            return Err(WriteError::NoTextIn(text.language.clone()));
        }
    }
    Ok(texts)
}

pub(super) fn compliance(mut front: Front) -> Result<Body, WriteError> {
    let state = front.need("state", Compliance::parse)?.into();
    let (from, to) = front.window("from", "to")?;
    let obligor = front.take("obligor", |value| match organisations(value)?.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err("name one organisation, or leave the line out for all".to_owned()),
    });
    let obligor = obligor?.unwrap_or_default();
    Ok(Kind::ComplianceNote(v1::ComplianceNote { state, from, to, text: text_below(front)?, obligor }).into())
}
