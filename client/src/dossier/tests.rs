use super::*;
use crate::matters::{
    Matters,
    sample::{NOW, Told, assessment, concern, correction, note, rooms},
};
use tearline_proto::v1::{self, Finding};

/// What others wrote, at its worst.
const EVIL: &str = "</pre><script>alert(1)</script> <img src=x onerror=alert(1)> \u{202e}evil\u{2066} | `code` \
                    **bold** [link](http://example.org) &amp; \"quoted\" 'too'\n\n# heading\n| a | b |\n```\nfence";

fn thread() -> Told {
    let mut told = Told::default();
    let mut kind = concern(0);
    if let Kind::Concern(concern) = &mut kind {
        concern.text = EVIL.to_owned();
        concern.force_seen = EVIL.to_owned();
    }
    let at = told.post("drc/liaison", "drc", kind, None);
    let answer = told.post("us/kigali", "drc", assessment(Finding::Corroborated), Some(at));
    told.post("us/kigali", "drc", correction(), Some(answer));
    let gone = told.post("us/kigali", "drc", assessment(Finding::Dispelled), Some(at));
    told.recall(gone);
    marked(&mut told, answer, &["U", "C//REL TO DRC"]);
    subject(&mut told, at, "<b>Column</b> | `x` \u{202e}");
    told
}

fn change(told: &mut Told, at: usize, change: impl FnOnce(&mut v1::Content)) {
    let mut message = told.posts[at].content.as_ref().unwrap().message().clone();
    change(&mut message);
    told.posts[at].content = Ok(tearline_ledger::content::Content::new(message).unwrap());
}

fn subject(told: &mut Told, at: usize, subject: &str) {
    change(told, at, |message| {
        message.subject = subject.replace('\u{202e}', "");
        message.subject.push('\u{202e}');
    });
}

fn marked(told: &mut Told, at: usize, marks: &[&str]) {
    change(told, at, |message| {
        let portions = marks.iter().map(|mark| v1::ReleasedPortion {
            mark: (*mark).to_owned(),
            text: format!("text under {mark}"),
            salt: vec![0; 32].into(),
        });
        message.tearline = Some(v1::Tearline {
            manifest: vec![0; 2048].into(),
            blind: vec![0; 32].into(),
            portions: portions.collect(),
        });
    });
}

fn made(told: &Told, render: impl Fn(&Dossier<'_>) -> String) -> String {
    let rooms = rooms();
    let matter = Matters::new(&told.posts, &rooms).find(&told.entry(0), NOW).unwrap();
    let complete = ["drc · us/kigali · complete to 13:30Z".to_owned()];
    let details = matter.state.details();
    render(&Dossier { matter: &matter, details: &details, by: "us/kigali", complete: &complete, now: NOW })
}

#[test]
fn the_html_stands_by_itself_with_its_mark_on_every_page() {
    let file = made(&thread(), html);
    assert_eq!(file.matches("<td class=\"mark\">C//REL TO DRC</td>").count(), 2, "at head and foot");
    assert!(file.contains("display: table-header-group") && file.contains("display: table-footer-group"));
    for shown in [
        "CONCERN drc#0",
        "answered: CORROBORATED (drc#1)",
        "<dt>Signed by</dt><dd>us/kigali (1 of 1 required)</dd>",
        "<dt>Corrected by</dt><dd>drc#2</dd>",
        "<dt>Answers</dt><dd>drc#0</dd>",
        "Recalled: it has no effect any more.",
        "(C//REL TO DRC)  text under C//REL TO DRC",
        "(U)  text under U",
        "SHA-256 ",
        "141330Z JAN 24 (2024-01-14T13:30:00Z)",
        "complete to 13:30Z",
    ] {
        assert!(file.contains(shown), "{shown}\n{file}");
    }
    // What others wrote about it is text, whose brackets are escaped.
    for foreign in ["href=", "url(", "@import", "<script", "<img", "<link", "<iframe", "<base", "https://"] {
        assert!(!file.contains(foreign), "{foreign}");
    }
}

#[test]
fn nothing_that_others_wrote_is_html() {
    let file = made(&thread(), html);
    assert!(file.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{file}");
    assert!(file.contains("&lt;b&gt;Column&lt;/b&gt;"));
    assert!(!file.contains('\u{202e}') && !file.contains('\u{2066}'));
    assert!(file.contains("⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩"));
    // Every tag in the file is one of ours.
    let ours = [
        "!DOCTYPE", "html", "head", "meta", "style", "title", "body", "table", "thead", "tbody", "tfoot",
        "tr", "td", "h1", "h2", "p", "bdi", "dl", "dt", "dd", "pre",
    ];
    for tag in file.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        assert!(ours.contains(&name), "{name}");
    }
    assert_eq!(file.matches("<pre").count(), file.matches("</pre>").count());
}

#[test]
fn nothing_that_others_wrote_is_markdown() {
    let file = made(&thread(), markdown);
    assert!(
        file.starts_with("**C//REL TO DRC**\n") && file.ends_with("\n---\n\n**C//REL TO DRC**\n"),
        "{file}"
    );
    assert_eq!(file.matches("**C//REL TO DRC**").count(), 2 + 4, "and above each post");
    assert!(!file.contains('\u{202e}'));
    assert!(file.contains("\\<b\\>Column\\</b\\> \\| \\`x\\`"), "{file}");
    for line in file.lines() {
        let literal = line.starts_with("    ");
        for sign in ["<script", "```", "| a |", "[link]", "**bold**", "# heading"] {
            assert!(literal || !line.contains(sign), "{line}");
        }
    }
    assert!(file.contains("\n     (C//REL TO DRC)  text under C//REL TO DRC\n"), "{file}");
}

#[test]
fn a_dossier_without_portions_or_with_a_mark_that_is_none_says_so() {
    let mut told = Told::default();
    told.post("us/kigali", "drc", note(), None);
    assert!(
        made(&told, html)
            .contains("<td class=\"mark\">NO PORTION MARKS · FOR THE READERS OF ITS ROOM ONLY</td>")
    );
    marked(&mut told, 0, &["TOP SECRET"]);
    assert!(made(&told, markdown).starts_with("**A PORTION HAS NO VALID MARK · DO NOT PASS ON**"));
}
