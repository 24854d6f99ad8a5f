//! What is promised of briefing files.

use proptest::prelude::*;
use tearline_proto::v1::{Credibility, Precedence, Reliability};

use super::*;

const FULL: &str = "\
---
subject: Column towards Sake: 40 vehicles
precedence: IMMEDIATE
source: B2
source-description: imagery, two passes
information-until: 2024-01-14T13:30:00Z
originator: us/kinshasa
---

(C//REL TO DRC)  A column of about 40 vehicles left Kitchanga
at 0430Z, heading south.
  It had halted by noon.

(S//NF)
The second portion (with parentheses)
(c) and a numbered line.


(U) Third.
";

fn with_front(front: &str, body: &str) -> Result<BriefingFile, BriefingError> {
    BriefingFile::parse(format!("---\n{front}\n---\n{body}").as_bytes())
}

fn with_body(body: &str) -> Result<Vec<(String, String)>, BriefingError> {
    let file = with_front("subject: x", body)?;
    Ok(file.portions.into_iter().map(|portion| (portion.mark.to_string(), portion.text)).collect())
}

fn front_problem(front: &str) -> (usize, Problem) {
    let error = with_front(front, "(U) text").unwrap_err();
    (error.line, error.problem)
}

#[test]
fn blank_lines_and_remarks_in_the_front_matter_say_nothing_and_are_counted() {
    let file = with_front("# What it is about.\nsubject: x\n\n  # precedence: FLASH\n", "(U) text").unwrap();
    assert_eq!((file.front.subject.as_str(), file.front.precedence), ("x", Precedence::Routine));
    assert_eq!(front_problem("# a remark\n\ncolour: red").0, 4);
    // Among the portions the same line is text.
    assert_eq!(with_body("(U) one\n# two").unwrap(), [("U".to_owned(), "one\n# two".to_owned())]);
}

#[test]
fn a_full_briefing_is_read() {
    let file = BriefingFile::parse(FULL.as_bytes()).unwrap();
    let front = Front {
        subject: "Column towards Sake: 40 vehicles".to_owned(),
        precedence: Precedence::Immediate,
        source: Some(SourceRating {
            reliability: Reliability::B,
            credibility: Credibility::ProbablyTrue,
            description: Some("imagery, two passes".to_owned()),
        }),
        information_until: Some(1_705_239_000),
        originator: Some("us/kinshasa".to_owned()),
    };
    assert_eq!(file.front, front);
    let portion = |mark: &str, text: &str| MarkedText { mark: mark.parse().unwrap(), text: text.to_owned() };
    assert_eq!(
        file.portions,
        [
            portion(
                "C//REL TO DRC",
                "A column of about 40 vehicles left Kitchanga\nat 0430Z, heading south.\n  It had halted by noon."
            ),
            portion("S//NF", "The second portion (with parentheses)\n(c) and a numbered line."),
            portion("U", "Third."),
        ]
    );
}

#[test]
fn what_is_not_stated_has_its_default() {
    let file = with_front("subject: x", "(U) text").unwrap();
    assert_eq!(file.front.precedence, Precedence::Routine);
    assert_eq!((file.front.source, file.front.information_until, file.front.originator), (None, None, None));
}

#[test]
fn the_ends_of_lines_of_other_systems_make_no_difference() {
    let windows = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(BriefingFile::parse(windows.as_bytes()), BriefingFile::parse(FULL.as_bytes()));
}

#[test]
fn bytes_that_are_no_text_are_refused_by_line() {
    let refused = |bytes: &[u8]| BriefingFile::parse(bytes).unwrap_err();
    assert_eq!(refused(b"---\nsubject: \xff\n"), Problem::NotUtf8.at(2));
    assert_eq!(refused(b"\xff"), Problem::NotUtf8.at(1));
    assert_eq!(refused(b"---\nsubject: a\rb\n---\n"), Problem::CarriageReturn.at(2));
    assert_eq!(refused(b"---\nsubject: ab\n---\n(U) a\0b"), Problem::Nul.at(4));
}

#[test]
fn missing_and_open_front_matter_is_refused() {
    for text in ["", "subject: x\n", "\n---\nsubject: x\n---\n(U) text", "(U) text"] {
        assert_eq!(BriefingFile::parse(text.as_bytes()), Err(Problem::NoFront.at(1)), "{text}");
    }
    assert_eq!(BriefingFile::parse(b"---\nsubject: x\n"), Err(Problem::OpenFront.at(1)));
    assert_eq!(BriefingFile::parse(b"---\nsubject: x"), Err(Problem::OpenFront.at(1)));
}

#[test]
fn unknown_doubled_and_missing_keys_are_refused() {
    let unknown = |key: &str| Problem::UnknownKey { key: key.to_owned() };
    assert_eq!(front_problem("subject: x\nprecedense: FLASH"), (3, unknown("precedense")));
    assert_eq!(front_problem("Subject: x"), (2, unknown("Subject")));
    assert_eq!(front_problem("subject: x\nsubject: y"), (3, Problem::KeyTwice("subject")));
    assert_eq!(front_problem("source: A1\nsource: A1"), (3, Problem::KeyTwice("source")));
    assert_eq!(front_problem("precedence: FLASH"), (3, Problem::Missing("subject")));
    assert_eq!(front_problem("subject: x\nsource-description: y"), (4, Problem::Missing("source")));
    assert_eq!(front_problem("subject x"), (2, Problem::NotKeyValue("subject x".to_owned())));
}

#[test]
fn values_that_a_key_cannot_have_are_refused() {
    for (key, value) in [
        ("subject", ""),
        ("precedence", ""),
        ("precedence", "flash"),
        ("precedence", "URGENT"),
        ("source", "G1"),
        ("source", "A7"),
        ("source", "A0"),
        ("source", "b2"),
        ("source", "B"),
        ("source", "B22"),
        ("source-description", ""),
        ("information-until", "2024-01-14"),
        ("information-until", "2024-02-30T00:00:00Z"),
        ("originator", "us"),
        ("originator", "us/"),
        ("originator", "US/kinshasa"),
        ("originator", "us/kinshasa/x"),
    ] {
        let (line, problem) = front_problem(&format!("{key}: {value}"));
        let good =
            matches!(&problem, Problem::Value { key: at, value: given, .. } if *at == key && given == value);
        assert!(line == 2 && good, "{key}: {value}: {problem}");
    }
}

#[test]
fn a_paragraph_without_a_good_mark_is_refused() {
    assert_eq!(with_body("A column"), Err(Problem::NoMark.at(4)));
    assert_eq!(with_body("\n(U) one\n\ntwo"), Err(Problem::NoMark.at(7)));
    assert_eq!(with_body("(U one"), Err(Problem::NoMark.at(4)));
    let error = MarkError::Classification("X".to_owned());
    assert_eq!(with_body("(X) one"), Err(Problem::Mark(error).at(4)));
    let spelling = MarkError::Spelling { at: 1, canonical: "U".to_owned() };
    assert_eq!(with_body("(u) one"), Err(Problem::Mark(spelling).at(4)));
}

#[test]
fn a_mark_within_a_paragraph_does_not_pass_for_text_of_the_portion_before() {
    for line in ["(S//NF) secret", "  (S) secret", "(s//nf) secret", "(S//NOFORN) secret"] {
        assert_eq!(with_body(&format!("(U) one\n{line}")), Err(Problem::MarkInside.at(5)), "{line}");
    }
}

#[test]
fn empty_and_too_long_portions_are_refused() {
    assert_eq!(with_body("(U)"), Err(Problem::NoText.at(4)));
    assert_eq!(with_body("(U)  \n\ntext"), Err(Problem::NoText.at(4)));
    let longest = "a".repeat(MAX_TEXT_LEN);
    assert_eq!(with_body(&format!("(U) {longest}")).unwrap()[0].1, longest);
    let refused = with_body(&format!("(U) {longest}a"));
    assert_eq!(refused, Err(Problem::TooLong(MAX_TEXT_LEN + 1).at(4)));
}

#[test]
fn a_briefing_has_1_to_63_portions() {
    assert_eq!(with_body(""), Err(Problem::NoPortions.at(4)));
    assert_eq!(with_body(&"(U) text\n\n".repeat(63)).unwrap().len(), 63);
    assert_eq!(with_body(&"(U) text\n\n".repeat(64)), Err(Problem::TooManyPortions.at(4 + 2 * 63)));
}

#[test]
fn errors_say_line_and_remedy() {
    let error = with_front("subject: x\nsource: Z9", "(U) text").unwrap_err();
    let text = "line 3: `Z9` is not a value of source: write a letter A to F and a digit 1 to 6, as in B2";
    assert_eq!(error.to_string(), text);
    let error = with_front("colour: red", "").unwrap_err().to_string();
    assert!(error.contains("use subject, precedence, source,"), "{error}");
}

proptest! {
    #[test]
    fn reading_never_panics(bytes: Vec<u8>, text in "(---\n|subject: x\n|\\(U\\)|\\(S//NF\\)| |\n|\r|é|a){0,30}") {
        let _ = (BriefingFile::parse(&bytes), BriefingFile::parse(text.as_bytes()));
    }

    #[test]
    fn what_was_written_is_read_word_for_word(texts in prop::collection::vec("[a-z][ -~é]{0,40}", 1..=63)) {
        let paragraphs: Vec<_> = texts.iter().map(|text| format!("(C//REL TO DRC)  {text}\n\n")).collect();
        let read: Vec<String> = with_body(&paragraphs.concat()).unwrap().into_iter().map(|(_, text)| text).collect();
        prop_assert_eq!(read, texts);
    }
}
