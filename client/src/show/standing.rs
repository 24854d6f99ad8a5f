//! How a post stands, in the words of officers and as JSON. What was read is never said to be unread.

use serde_json::{Value, json};
use tearline_ledger::name::MemberName;
use tearline_proto::v1::content::Kind;

use super::{
    WIDTH,
    content::safe,
    time::{dtg, iso},
    wrap,
};
use crate::standing::{Correction, Recall, Standing};

/// What every recall and expiry is shown with.
pub const UNREAD: &str = "What was read cannot be unread.";

/// The lines that stand above a post; none if nothing happened to it.
pub fn banner(standing: &Standing) -> String {
    let mut lines = Vec::new();
    if let Some(recall) = &standing.recall {
        lines.push((1, format!("RECALLED by {} ({}). {UNREAD}", by(recall), recall.entry)));
    }
    match standing.ends {
        Some(end) if standing.expired => lines.push((1, format!("EXPIRED at {}. {UNREAD}", dtg(end)))),
        Some(end) => lines.push((1, format!("EXPIRES at {}: the server may drop it then.", dtg(end)))),
        None => {}
    }
    for correction in &standing.corrections {
        lines.push((1, format!("CORRECTED by {} ({}):", corrected_by(correction), correction.entry)));
        if let Some(Kind::Correction(text)) = correction.content.kind() {
            lines.push((3, safe(&text.text)));
        }
    }
    lines.iter().map(|(indent, text)| wrap(text, *indent, WIDTH)).collect()
}

/// The same in a listing: one phrase, empty if nothing happened to the post.
pub fn phrase(standing: &Standing) -> String {
    let recalled = standing.recall.iter().map(|recall| format!("recalled by {}", by(recall)));
    let expired = standing.ends.filter(|_| standing.expired).map(|end| format!("expired at {}", dtg(end)));
    let corrected = standing.corrections.iter().map(|it| format!("corrected by {}", it.entry));
    recalled.chain(expired).chain(corrected).collect::<Vec<_>>().join("; ")
}

/// The keys that every post has for a program.
pub fn to_json(standing: &Standing) -> Vec<(&'static str, Value)> {
    let recall = standing.recall.as_ref();
    let desks = |signers: &[MemberName]| signers.iter().map(|it| it.desk().to_owned()).collect::<Vec<_>>();
    let corrections = standing.corrections.iter().map(|it| it.entry.to_string()).collect::<Vec<_>>();
    vec![
        ("recalled", json!(recall.is_some())),
        ("recalled_by", json!(recall.map(|it| desks(&it.signers)))),
        ("recalled_at", json!(recall.map(|it| iso(it.at)))),
        ("content_until", json!(standing.ends.map(iso))),
        ("expired", json!(standing.expired)),
        ("corrected_by", json!(corrections)),
    ]
}

fn by(recall: &Recall) -> String {
    at(&recall.signers, recall.at)
}

fn corrected_by(correction: &Correction) -> String {
    at(&correction.signers, correction.at)
}

/// `us/kigali, us/washington at 141330Z JAN 24`.
fn at(signers: &[MemberName], at: u64) -> String {
    let signers: Vec<&str> = signers.iter().map(MemberName::desk).collect();
    format!("{} at {}", signers.join(", "), dtg(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recall_says_who_and_when_and_that_reading_is_for_good() {
        let standing = Standing {
            recall: Some(Recall {
                entry: "rwanda#12".parse().unwrap(),
                at: 1_705_239_000,
                signers: ["kigali", "washington"]
                    .map(|it| format!("spiffe://kivu.example/mediator/us/{it}").parse().unwrap())
                    .into(),
            }),
            ..Standing::default()
        };
        let plain = banner(&standing).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            plain,
            "RECALLED by us/kigali, us/washington at 141330Z JAN 24 (rwanda#12). What was read cannot be unread."
        );
        assert!(banner(&standing).lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(phrase(&standing), "recalled by us/kigali, us/washington at 141330Z JAN 24");
    }

    #[test]
    fn an_end_is_told_before_and_after_it() {
        let mut standing = Standing { ends: Some(1_705_239_000), ..Standing::default() };
        assert!(banner(&standing).contains("EXPIRES at 141330Z JAN 24"));
        assert_eq!(phrase(&standing), "");
        standing.expired = true;
        assert!(banner(&standing).contains("EXPIRED at 141330Z JAN 24. What was read cannot be unread."));
        assert_eq!(phrase(&standing), "expired at 141330Z JAN 24");
    }

    #[test]
    fn of_a_post_to_which_nothing_happened_nothing_is_said() {
        let plain = Standing::default();
        assert_eq!((banner(&plain), phrase(&plain)), (String::new(), String::new()));
    }
}
