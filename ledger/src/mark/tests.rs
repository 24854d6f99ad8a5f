//! What is promised of portion marks.

use proptest::prelude::*;

use super::*;

fn mark(text: &str) -> Mark {
    text.parse().unwrap()
}

fn org(text: &str) -> Org {
    text.parse().unwrap()
}

#[test]
fn every_kind_of_mark_reads_back_as_it_was_written() {
    for text in [
        "U",
        "R",
        "C",
        "S",
        "TS",
        "U//NF",
        "S//NF",
        "C//REL TO DRC",
        "S//ORCON",
        "S//ORCON//NF",
        "S//ORCON//REL TO DRC, RWA",
        "TS//REL TO ORG-1, US",
    ] {
        assert_eq!(mark(text).to_string(), text);
    }
}

#[test]
fn another_spelling_is_refused_with_the_right_one() {
    for (text, at, canonical) in [
        ("s//NF", 1, "S//NF"),
        ("S //NF", 2, "S//NF"),
        ("S// NF", 4, "S//NF"),
        (" S", 1, "S"),
        ("S ", 2, "S"),
        ("S//nf", 4, "S//NF"),
        ("S//NF//ORCON", 4, "S//ORCON//NF"),
        ("C//REL TO RWA, DRC", 11, "C//REL TO DRC, RWA"),
        ("C//REL TO DRC,RWA", 15, "C//REL TO DRC, RWA"),
        ("C//REL TO DRC ,RWA", 14, "C//REL TO DRC, RWA"),
        ("C//REL TO  DRC", 11, "C//REL TO DRC"),
        ("C//rel to drc", 4, "C//REL TO DRC"),
    ] {
        let expected = MarkError::Spelling { at, canonical: canonical.to_owned() };
        assert_eq!(text.parse::<Mark>(), Err(expected), "{text}");
    }
}

#[test]
fn what_is_no_mark_is_refused_with_its_place() {
    let control = |at, text: &str| MarkError::Control { at, text: text.to_owned() };
    let code = |at, text: &str| MarkError::Code { at, text: text.to_owned() };
    for (text, expected) in [
        ("", MarkError::Classification(String::new())),
        ("X", MarkError::Classification("X".to_owned())),
        ("SECRET", MarkError::Classification("SECRET".to_owned())),
        ("\u{421}", MarkError::Classification("\u{421}".to_owned())),
        ("S/NF", MarkError::Classification("S/NF".to_owned())),
        ("S//", control(4, "")),
        ("S//NOFORN", control(4, "NOFORN")),
        ("S//ORCON//", control(11, "")),
        ("S//REL TODRC", control(4, "REL TODRC")),
        ("S//REL  TO DRC", control(4, "REL  TO DRC")),
        ("S//RELÉTO DRC", control(4, "RELÉTO DRC")),
        ("S//REL TO", code(10, "")),
        ("S//REL TO DRC,", code(15, "")),
        ("S//REL TO DRC, R\u{410}A", code(16, "R\u{410}A")),
        ("S//REL TO DRC RWA", code(11, "DRC RWA")),
        ("S//REL TO -A", code(11, "-A")),
        ("S//NF//NF", MarkError::Twice { at: 8, text: "NF".to_owned() }),
        ("S//ORCON//ORCON", MarkError::Twice { at: 11, text: "ORCON".to_owned() }),
        ("S//REL TO DRC, DRC", MarkError::Twice { at: 16, text: "DRC".to_owned() }),
        ("S//REL TO A//REL TO B", MarkError::Twice { at: 14, text: "REL TO B".to_owned() }),
        ("S//NF//REL TO DRC", MarkError::Contradiction(8)),
        ("S//REL TO DRC//NF", MarkError::Contradiction(16)),
    ] {
        assert_eq!(text.parse::<Mark>(), Err(expected), "{text}");
    }
}

#[test]
fn errors_say_what_to_do() {
    let error = "C//REL TO RWA,DRC".parse::<Mark>().unwrap_err();
    let text = "the mark is not in its one spelling from character 11: write `C//REL TO DRC, RWA`";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_mark_lets_a_portion_go_to_those_whom_it_names() {
    let (drc, rwanda) = (org("drc"), org("rwanda"));
    for (text, to_drc, to_rwanda) in [
        ("U", true, true),
        ("U//NF", false, false),
        ("U//REL TO DRC", true, false),
        ("R", false, false),
        ("S", false, false),
        ("S//NF", false, false),
        ("S//ORCON", false, false),
        ("C//REL TO DRC", true, false),
        ("C//REL TO RWA", false, true),
        ("S//ORCON//REL TO DRC, RWA", true, true),
    ] {
        let mark = mark(text);
        assert_eq!((mark.releasable_to(&drc), mark.releasable_to(&rwanda)), (to_drc, to_rwanda), "{text}");
    }
    assert!(mark("S//ORCON//NF").orcon() && !mark("S//NF").orcon());
}

#[test]
fn a_code_names_an_organisation_by_its_name_or_first_letters() {
    for (code, name, named) in [
        ("DRC", "drc", true),
        ("RWA", "rwanda", true),
        ("RWAN", "rwanda", true),
        ("RWANDA", "rwanda", true),
        ("US", "us", true),
        ("RW", "rwanda", false),
        ("RWB", "rwanda", false),
        ("RWANDAN", "rwanda", false),
        ("DRC", "drc-east", false),
        ("DRC", "drc2", false),
        ("DRC-EAST", "drc-east", true),
    ] {
        assert_eq!(Code(code.to_owned()).names(&org(name)), named, "{code} {name}");
    }
}

#[test]
fn a_code_that_names_two_organisations_is_found() {
    let orgs = [org("drc"), org("rwanda"), org("rwamagana")];
    let Dissemination::ReleasableTo(audience) = mark("C//REL TO DRC, RWA").dissemination else { panic!() };
    let expected = (&Code("RWA".to_owned()), &orgs[1], &orgs[2]);
    assert_eq!(audience.ambiguity(&orgs), Some(expected));
    assert_eq!(audience.ambiguity(&orgs[..2]), None);
}

#[test]
fn a_recipient_sees_its_own_name_only() {
    let both = mark("S//ORCON//REL TO DRC, RWA");
    let shown = |mark: &Mark, name: &str| mark.for_recipient(&org(name)).map(|mark| mark.to_string());
    assert_eq!(shown(&both, "drc").as_deref(), Some("S//ORCON//REL TO DRC"));
    assert_eq!(shown(&both, "rwanda").as_deref(), Some("S//ORCON//REL TO RWA"));
    assert_eq!(shown(&both, "burundi"), None);
    assert_eq!(shown(&mark("U"), "burundi").as_deref(), Some("U"));
    assert_eq!(shown(&mark("S//NF"), "drc"), None);
    let (drc, rwanda, burundi) = (org("drc"), org("rwanda"), org("burundi"));
    let three = mark("C//REL TO BURUNDI, DRC, RWA");
    let shared = three.for_recipients(&[&rwanda, &drc]).unwrap();
    assert_eq!(shared.to_string(), "C//REL TO DRC, RWA");
    assert_eq!(both.for_recipients(&[&drc, &burundi]), None);
    assert_eq!(both.for_recipients(&[]), None);
}

#[test]
fn a_downgrade_does_not_classify_higher() {
    assert!(mark("S//NF").may_be_lowered_to(&mark("C//REL TO DRC")));
    assert!(mark("S//NF").may_be_lowered_to(&mark("S//REL TO DRC")));
    assert!(!mark("C//NF").may_be_lowered_to(&mark("S//REL TO DRC")));
    assert!(!mark("S").may_be_lowered_to(&mark("TS")));
}

proptest! {
    #[test]
    fn parsing_never_panics_and_never_accepts_two_spellings(text in ".{0,40}") {
        if let Ok(mark) = text.parse::<Mark>() {
            prop_assert_eq!(mark.to_string(), text);
        }
    }

    #[test]
    fn parsing_of_nearly_right_marks_never_panics(text in "(U|TS|s)?(//|/| |,|REL TO|NF|ORCON|DRC|rwa|é){0,8}") {
        match text.parse::<Mark>() {
            Ok(mark) => prop_assert_eq!(mark.to_string(), text),
            Err(MarkError::Spelling { canonical, .. }) => prop_assert!(canonical.parse::<Mark>().is_ok()),
            Err(_) => {}
        }
    }
}
