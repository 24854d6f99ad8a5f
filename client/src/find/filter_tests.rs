use tearline_proto::v1::{self, Compliance};

use super::*;
use crate::matters::sample::{NOW, Told, concern, kept, note, promise, rooms};

fn holdings() -> Holdings {
    let mut told = Told::default();
    let mut at_sake = concern(0);
    if let Kind::Concern(concern) = &mut at_sake {
        concern.place = Some(v1::Place {
            name: "Saké, north of the road".to_owned(),
            longitude_e7: 290_453_000,
            latitude_e7: -15_736_000,
            precision_m: 2000,
        });
    }
    told.post("drc/liaison", "drc", at_sake, None);
    told.post("us/kigali", "rwanda", note(), None);
    told.post("us/kigali", "plenary", promise(&["drc"], 0, 0, &[]), None);
    told.post("us/kigali", "plenary", kept(Compliance::Partial, "rwanda", (0, 0)), None);
    Holdings { rooms: rooms(), posts: told.posts, ..Holdings::default() }
}

fn passing(asked: &Asked) -> Vec<u64> {
    let holdings = holdings();
    let read = BTreeSet::from(["drc#0".to_owned(), "plenary#2".to_owned()]);
    let filter = Filter::new(asked, &holdings, &read).unwrap();
    holdings.posts.iter().filter(|post| filter.lets(post, &holdings)).map(|post| post.entry.index).collect()
}

fn refused(asked: &Asked) -> String {
    Filter::new(asked, &holdings(), &BTreeSet::new()).unwrap_err().to_string()
}

#[expect(clippy::unnecessary_wraps, reason = "it is what is typed behind an option, if it is")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn nothing_asked_lets_all_through() {
    assert_eq!(passing(&Asked::default()), [0, 1, 2, 3]);
}

#[test]
fn times_are_days_minutes_or_seconds_with_both_ends_within() {
    // The posts are of 13:30:00Z to 13:30:03Z.
    assert_eq!(NOW % 60, 0);
    let between = |from: Option<&str>, to: Option<&str>| {
        passing(&Asked { from: from.and_then(some), to: to.and_then(some), ..Asked::default() })
    };
    assert_eq!(between(Some("2024-01-14"), Some("2024-01-14")), [0, 1, 2, 3]);
    assert_eq!(between(Some("2024-01-15"), None), [] as [u64; 0]);
    assert_eq!(between(None, Some("2024-01-13")), [] as [u64; 0]);
    assert_eq!(between(Some("2024-01-14T13:30Z"), Some("2024-01-14T13:30Z")), [0, 1, 2, 3]);
    assert_eq!(between(Some("2024-01-14T13:31Z"), None), [] as [u64; 0]);
    assert_eq!(between(Some("2024-01-14T13:30:01Z"), Some("2024-01-14T13:30:02Z")), [1, 2]);
}

#[test]
fn places_are_found_by_name_and_by_distance() {
    assert_eq!(passing(&Asked { place: some("SAKE"), ..Asked::default() }), [0]);
    assert_eq!(passing(&Asked { place: some("Goma"), ..Asked::default() }), [] as [u64; 0]);
    let near = |near: &str, within: &str| {
        passing(&Asked { near: some(near), within: some(within), ..Asked::default() })
    };
    assert_eq!(near("29.2205,-1.6792", "25"), [0]);
    assert_eq!(near("29.2205, -1.6792", "2.5 km"), [] as [u64; 0]);
}

#[test]
fn a_party_is_what_it_wrote_what_stands_in_its_room_and_what_names_it() {
    let of = |party: &str| passing(&Asked { party: some(party), ..Asked::default() });
    assert_eq!(of("drc"), [0, 2]);
    assert_eq!(of("rwanda"), [1, 3]);
}

#[test]
fn rooms_kinds_precedence_and_unread_narrow_it_down() {
    assert_eq!(passing(&Asked { rooms: vec!["plenary".to_owned()], ..Asked::default() }), [2, 3]);
    let kinds = vec!["Note".to_owned(), "compliance note".to_owned()];
    assert_eq!(passing(&Asked { kinds, ..Asked::default() }), [1, 3]);
    assert_eq!(passing(&Asked { precedence: some("routine"), ..Asked::default() }), [0, 1, 2, 3]);
    assert_eq!(passing(&Asked { precedence: some("flash"), ..Asked::default() }), [] as [u64; 0]);
    assert_eq!(passing(&Asked { unread: true, ..Asked::default() }), [1, 3]);
}

#[test]
fn a_filter_that_makes_no_sense_is_refused_with_what_to_write() {
    for bad in ["14 January", "2024-02-30", "2024-01-14T13:30", "2024-01-14T25:00Z", "", "2024-1-14"] {
        let refused = refused(&Asked { from: some(bad), ..Asked::default() });
        assert!(refused.contains("2024-01-14T13:30Z"), "{bad}: {refused}");
    }
    let backwards = Asked { from: some("2024-02-01"), to: some("2024-01-31"), ..Asked::default() };
    assert_eq!(
        refused(&backwards),
        "--from 2024-02-01 is later than --to 2024-01-31: nothing can be between them"
    );
    for near in ["Goma", "29.2", "181,0", "0,91", "29.2;-1.6"] {
        let asked = Asked { near: some(near), within: some("1"), ..Asked::default() };
        assert!(refused(&asked).contains("29.0453,-1.5736"), "{near}");
    }
    for within in ["far", "-1", "1e9", "", "99999", "NaN", "inf"] {
        let asked = Asked { near: some("29,1"), within: some(within), ..Asked::default() };
        assert!(refused(&asked).contains("kilometres"), "{within}");
    }
    assert!(refused(&Asked { near: some("29,1"), ..Asked::default() }).contains("go together"));
    assert!(refused(&Asked { within: some("1"), ..Asked::default() }).contains("go together"));
    assert_eq!(
        refused(&Asked { party: some("burundi"), ..Asked::default() }),
        "no party named burundi is known here; there is drc, rwanda"
    );
    assert!(refused(&Asked { rooms: vec!["atlantis".to_owned()], ..Asked::default() }).contains("atlantis"));
    assert!(
        refused(&Asked { kinds: vec!["rumour".to_owned()], ..Asked::default() }).contains("compliance-note")
    );
    assert!(refused(&Asked { precedence: some("urgent"), ..Asked::default() }).contains("flash"));
}
