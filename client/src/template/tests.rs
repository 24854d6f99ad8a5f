//! Templates and parsers hold each other to the same keys.

use std::collections::BTreeSet;

use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
    name::MemberName,
    portion::BriefingFile,
};
use tearline_proto::v1::{self, content};

use super::*;
use crate::{
    refs::EntryRef,
    write::{Author, Kind, Referent, parse},
};

const ROLES: [Role; 2] = [Role::Mediator, Role::Party];

#[test]
fn a_template_explains_every_key_within_a_terminals_width() {
    for template in ALL {
        for role in ROLES {
            let text = template.render(role, Some("drc"));
            assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
            for key in template.keys(role) {
                let line =
                    if key.needed { format!("\n{}:\n", key.name) } else { format!("\n#{}: ", key.name) };
                assert_eq!(text.matches(&line).count(), 1, "{}: {line:?} in {text}", template.kind);
                for word in key.words.map(|words| words()).unwrap_or_default() {
                    assert!(text.replace("\n# ", " ").contains(&word), "{}: {word}", key.name);
                }
            }
        }
    }
}

#[test]
fn a_template_in_which_nothing_was_written_is_blank_and_any_word_is_not() {
    for template in ALL {
        let text = template.render(Role::Party, None);
        assert!(is_blank(&text), "{text}");
        assert!(!is_blank(&text.replace("subject:", "subject: x")));
        assert!(!is_blank(&format!("{text}x\n")), "a text below");
        // Below the front matter this is text, a heading.
        assert!(!is_blank(&format!("{text}# x\n")));
    }
    assert!(is_blank("") && is_blank("\n \n") && !is_blank("x"));
}

fn named(role: Role) -> MemberName {
    let desk = if role == Role::Party { "drc/delegation" } else { "us/goma" };
    MemberName::from_desk(&"kivu.example".parse().unwrap(), role, desk).unwrap()
}

/// Posts that say nothing that can be read here, but for commitments at `drc#9` and `rwanda#7`.
fn find(entry: &EntryRef) -> Referent {
    let org = entry.room.as_str();
    let promise = || {
        let text = v1::LanguageText { language: "en".to_owned(), text: "x".to_owned(), authoritative: true };
        let (obligors, texts) = (vec![org.to_owned()], vec![text]);
        let kind = Some(content::Kind::Commitment(v1::Commitment {
            kind: 1,
            obligors,
            texts,
            ..v1::Commitment::default()
        }));
        Content::new(v1::Content { precedence: 1, subject: "x".to_owned(), kind, ..v1::Content::default() })
            .unwrap()
    };
    let byte = u8::try_from(entry.index).unwrap();
    Referent {
        entry: entry.clone(),
        reference: Ref {
            room: RoomId(Digest([1; 32])),
            statement: Identity(Digest([byte; 32])),
            id: StatementId::new(1, [byte; 10]),
        },
        author: format!("spiffe://kivu.example/party/{org}/delegation").parse().unwrap(),
        post: true,
        content: (entry.index >= 7).then(promise),
    }
}

/// What is wrong with a text, as its reader says it.
fn fault(template: &Template, role: Role, text: &str) -> Option<String> {
    match Kind::ALL.into_iter().find(|kind| kind.command() == template.kind) {
        Some(kind) => {
            let author = Author { name: &named(role), now: 7, find: &|entry| Ok(find(entry)) };
            parse(kind, text, &author).err().map(|error| error.to_string())
        }
        None => BriefingFile::parse(text.as_bytes()).err().map(|error| error.to_string()),
    }
}

/// Every template with each role that writes it.
fn all() -> impl Iterator<Item = (&'static Template, Role)> {
    ALL.iter().flat_map(|template| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.command() == template.kind);
        let roles = kind.map_or(&[Role::Mediator] as &[Role], Kind::roles);
        roles.iter().map(move |role| (template, *role))
    })
}

#[test]
fn there_is_a_template_for_everything_that_is_written() {
    let with: BTreeSet<_> = ALL.iter().map(|template| template.kind).collect();
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Decoy).map(Kind::command);
    assert_eq!(with, kinds.chain(["briefing"]).collect());
    assert_eq!(with.len(), ALL.len());
}

#[test]
fn every_template_filled_with_its_examples_is_what_its_reader_takes() {
    for (template, role) in all() {
        let text = template.example(role);
        assert_eq!(fault(template, role, &text), None, "{text}");
        // The template itself, with its notes, once its values are written in.
        let mut filled = template.render(role, None);
        for key in template.keys(role) {
            let line = format!("\n{}: {}\n", key.name, key.example);
            filled = filled
                .replace(&format!("\n{}:\n", key.name), &line)
                .replace(&format!("\n#{}: {}\n", key.name, key.example), &line);
        }
        filled.push_str(template.text);
        assert_eq!(fault(template, role, &filled), None, "{filled}");
    }
}

#[test]
fn a_template_has_the_keys_that_its_reader_knows_and_no_others() {
    for template in ALL {
        let (mut offered, mut known) = (BTreeSet::new(), BTreeSet::new());
        for (_, role) in all().filter(|(other, _)| other.kind == template.kind) {
            offered.extend(template.keys(role).map(|key| key.name.to_owned()));
            let text = template.example(role).replacen("---\n", "---\nno-such-key: 1\n", 1);
            let fault = fault(template, role, &text).unwrap();
            assert!(fault.starts_with("line 2: ") && fault.contains("no-such-key"), "{fault}");
            let (_, list) = fault.split_once("use ").unwrap();
            known.extend(list.split(", ").map(str::to_owned));
        }
        assert_eq!(offered, known, "{}", template.kind);
    }
}

#[test]
fn what_a_template_calls_needed_is_needed_and_the_rest_is_not() {
    for (template, role) in all() {
        let whole = template.example(role);
        for key in template.keys(role).filter(|key| key.needed) {
            let line = format!("{}: {}\n", key.name, key.example);
            let fault = fault(template, role, &whole.replacen(&line, "", 1));
            assert!(fault.is_some_and(|fault| fault.contains(key.name)), "{} {}", template.kind, key.name);
        }
        let needed = template.keys(role).filter(|key| key.needed);
        let needed: Vec<String> = needed.map(|key| format!("{}: {}\n", key.name, key.example)).collect();
        let needed = needed.concat();
        // An incident's later stages need more than its first.
        let text = format!("---\n{}---\n{}\n", needed.replace("attributed", "alleged"), template.text);
        assert_eq!(fault(template, role, &text), None, "{text}");
    }
}

#[test]
fn a_line_that_may_be_there_once_is_refused_the_second_time() {
    for (template, role) in all() {
        for key in template.keys(role).filter(|key| !key.repeats) {
            let line = format!("{}: {}\n", key.name, key.example);
            let text = template.example(role).replacen(&line, &format!("{line}{line}"), 1);
            let fault = fault(template, role, &text);
            assert!(fault.is_some_and(|fault| fault.contains("twice")), "{} {}", template.kind, key.name);
        }
    }
}

#[test]
fn every_kind_is_found_by_its_word() {
    for template in ALL {
        assert_eq!(Template::of(template.kind).unwrap().kind, template.kind);
    }
    assert!(Template::of("poem").is_none());
}
