use tearline_ledger::{
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
};
use tearline_proto::v1::{Compliance, Finding, IncidentStage, SessionPhase, Stance};

use super::{
    sample::{
        NOW, Told, assessment, concern, correction, incident, kept, note, opinion, promise, reply, request,
        room, rooms, session,
    },
    *,
};

const HOUR: u64 = 3600;

/// How the matter at this position stands, in words.
fn stands(told: &Told, at: usize, now: u64) -> String {
    let rooms = rooms();
    let matters = Matters::new(&told.posts, &rooms);
    matters.state(at, now).words()
}

fn bearings(told: &Told, at: usize) -> Vec<(String, &'static str)> {
    let rooms = rooms();
    let matter = Matters::new(&told.posts, &rooms).find(&told.entry(at), NOW).unwrap();
    matter.parts.iter().map(|part| (part.post.entry.to_string(), part.bearing.word())).collect()
}

fn unknown() -> Ref {
    Ref {
        room: RoomId(Digest([7; 32])),
        statement: Identity(Digest([8; 32])),
        id: StatementId::new(1, [0; 10]),
    }
}

#[test]
fn a_concern_is_unanswered_then_overdue_then_answered_with_its_finding() {
    let mut told = Told::default();
    let by = NOW + HOUR;
    let open = told.post("drc/liaison", "drc", concern(0), None);
    let at = told.post("drc/liaison", "drc", concern(by), None);
    assert_eq!(stands(&told, open, NOW * 2), "unanswered");
    assert_eq!(stands(&told, at, by), "unanswered, an answer is asked for by 141430Z JAN 24");
    assert_eq!(stands(&told, at, by + 1), "unanswered, OVERDUE since 141430Z JAN 24", "the second after");
    told.post("us/kinshasa", "drc", assessment(Finding::PartlyCorroborated), Some(at));
    assert_eq!(stands(&told, at, by + 1), "answered: PARTLY CORROBORATED (drc#2)");
    told.post("us/kinshasa", "drc", assessment(Finding::NotCorroborated), Some(at));
    assert_eq!(stands(&told, at, by + 1), "answered: NOT CORROBORATED (drc#3)", "the newest counts");
}

#[test]
fn a_concern_whose_answer_was_recalled_is_unanswered_again_and_shows_it() {
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", concern(0), None);
    let first = told.post("us/kinshasa", "drc", assessment(Finding::Dispelled), Some(at));
    let second = told.post("us/kinshasa", "drc", assessment(Finding::Inconclusive), Some(at));
    told.recall(second);
    assert_eq!(stands(&told, at, NOW), "answered: DISPELLED (drc#1)");
    told.recall(first);
    assert_eq!(stands(&told, at, NOW), "unanswered");
    let shown = [("drc#0".into(), "head"), ("drc#1".into(), "recalled"), ("drc#2".into(), "recalled")];
    assert_eq!(bearings(&told, at), shown);
    told.recall(at);
    assert_eq!(stands(&told, at, NOW), "recalled");
}

#[test]
fn only_what_answers_a_concern_counts_for_it() {
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", concern(0), None);
    told.post("drc/liaison", "drc", note(), Some(at));
    let wrong = told.post("us/kigali", "drc", kept(Compliance::Compliant, "", (0, 0)), Some(at));
    assert_eq!(stands(&told, at, NOW), "unanswered");
    assert_eq!(bearings(&told, at)[1..], [("drc#1".into(), "counts"), ("drc#2".into(), "refused")]);
    let rooms = rooms();
    let matter = Matters::new(&told.posts, &rooms).find(&told.entry(wrong), NOW).unwrap();
    assert_eq!(
        matter.parts[2].bearing.to_string(),
        "Does not apply: a compliance note answers a commitment: name one."
    );
}

#[test]
fn a_request_is_open_with_each_party_of_its_room_until_that_party_replies() {
    let mut told = Told::default();
    let by = NOW + HOUR;
    let at = told.post("us/kigali", "plenary", request(by), None);
    assert_eq!(stands(&told, at, by), "open with drc, rwanda, a reply is asked for by 141430Z JAN 24");
    assert_eq!(stands(&told, at, by + 1), "open with drc, rwanda, OVERDUE since 141430Z JAN 24");
    let first = told.post("drc/liaison", "plenary", reply(Stance::Accepted), Some(at));
    assert_eq!(
        stands(&told, at, by + 1),
        "accepted by drc (plenary#1); open with rwanda, OVERDUE since 141430Z JAN 24"
    );
    told.posts[first].accepted_at = by + 1;
    told.post("rwanda/liaison", "plenary", reply(Stance::Declined), Some(at));
    assert_eq!(
        stands(&told, at, by + 9),
        "accepted by drc (plenary#1, late); declined by rwanda (plenary#2)"
    );
    let rooms = rooms();
    let word = |told: &Told| Matters::new(&told.posts, &rooms).state(at, NOW).word();
    assert_eq!(word(&told), "answered differently");
    told.post("rwanda/liaison", "plenary", reply(Stance::Accepted), Some(at));
    assert_eq!(word(&told), "accepted");
    told.recall(3);
    told.recall(2);
    assert_eq!(word(&told), "open");
}

#[test]
fn every_stance_is_a_state_of_a_request() {
    for (stance, word) in [
        (Stance::Accepted, "accepted"),
        (Stance::PartlyAccepted, "partly accepted"),
        (Stance::Declined, "declined"),
        (Stance::TakenNote, "taken note of"),
    ] {
        let mut told = Told::default();
        let at = told.post("us/kigali", "drc", request(0), None);
        told.post("us/kigali", "drc", reply(Stance::Declined), Some(at));
        told.post("drc/liaison", "drc", reply(stance), Some(at));
        let rooms = rooms();
        assert_eq!(Matters::new(&told.posts, &rooms).state(at, NOW).word(), word);
    }
}

#[test]
fn a_partys_request_is_open_with_the_mediators() {
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", request(0), None);
    assert_eq!(stands(&told, at, NOW), "open with the mediators");
    told.post("us/kigali", "drc", reply(Stance::TakenNote), Some(at));
    assert_eq!(stands(&told, at, NOW), "taken note of by the mediators (drc#1)");
}

#[test]
fn a_commitment_is_in_force_between_its_two_seconds() {
    let mut told = Told::default();
    let (from, to) = (NOW + HOUR, NOW + 2 * HOUR);
    let at = told.post("drc/delegation", "drc", promise(&["drc"], from, to, &[]), None);
    let endless = told.post("drc/delegation", "drc", promise(&["drc"], 0, 0, &[]), None);
    assert_eq!(stands(&told, at, from - 1), "not yet in force, from 141430Z JAN 24");
    assert_eq!(stands(&told, at, from), "in force until 141530Z JAN 24");
    assert_eq!(stands(&told, at, to), "in force until 141530Z JAN 24");
    assert_eq!(stands(&told, at, to + 1), "ended 141530Z JAN 24");
    assert_eq!(stands(&told, endless, u64::MAX), "in force");
    told.recall(at);
    assert_eq!(stands(&told, at, from), "recalled");
}

fn commitment_state(told: &Told, at: usize) -> CommitmentState {
    let rooms = rooms();
    let State::Commitment(state) = Matters::new(&told.posts, &rooms).state(at, NOW) else {
        panic!("no state")
    };
    *state
}

#[test]
fn a_dispute_stands_beside_the_mediators_word_and_overwrites_nothing() {
    let mut told = Told::default();
    let at = told.post("us/kigali", "plenary", promise(&["drc", "rwanda"], 0, 0, &[]), None);
    let (august, september) = ((10, 20), (21, 30));
    told.post("us/kigali", "plenary", kept(Compliance::Compliant, "", august), Some(at));
    told.post("us/kigali", "plenary", kept(Compliance::Partial, "drc", september), Some(at));
    told.post("drc/liaison", "plenary", kept(Compliance::Disputed, "drc", september), Some(at));
    told.post("drc/liaison", "plenary", kept(Compliance::Compliant, "drc", september), Some(at));
    let stray = told.post("us/kigali", "plenary", kept(Compliance::Partial, "burundi", september), Some(at));
    let state = commitment_state(&told, at);
    let rows: Vec<_> = state.compliance.iter().map(|it| (it.obligor.as_str(), it.from)).collect();
    assert_eq!(rows, [("drc", 21), ("drc", 10), ("rwanda", 10)]);
    let latest: Vec<_> = state.latest().map(|it| (it.obligor.as_str(), it.said[0].state)).collect();
    assert_eq!(latest, [("drc", Compliance::Partial), ("rwanda", Compliance::Compliant)]);
    let said = |said: &[Said]| said.iter().map(|it| (it.side.to_string(), it.state)).collect::<Vec<_>>();
    let both = [("the mediators".into(), Compliance::Partial), ("drc".into(), Compliance::Compliant)];
    assert_eq!(said(&state.compliance[0].said), both);
    assert_eq!(said(&state.compliance[0].disputed), [("drc".into(), Compliance::Disputed)]);
    assert_eq!(bearings(&told, at)[stray].1, "refused");
    // A later word of the mediators on that period replaces their own; a recalled one lapses.
    let later = told.post("us/kigali", "plenary", kept(Compliance::NonCompliant, "drc", september), Some(at));
    assert_eq!(commitment_state(&told, at).compliance[0].said[0].state, Compliance::NonCompliant);
    told.recall(later);
    assert_eq!(commitment_state(&told, at).compliance[0].said[0].state, Compliance::Partial);
}

#[test]
fn two_commitments_keep_their_notes_incidents_and_restatements_apart() {
    let mut told = Told::default();
    let one = told.post("drc/delegation", "drc", promise(&["drc"], 0, 0, &[]), None);
    let two = told.post("drc/delegation", "drc", promise(&["drc"], 0, 0, &[]), None);
    told.post("us/kigali", "drc", kept(Compliance::Compliant, "", (1, 2)), Some(one));
    let shots = incident(IncidentStage::Registered);
    let named = [told.posts[two].reference];
    let incident_at = told.push("us/kigali", "drc", shots, None, &named);
    told.post("us/kigali", "drc", incident(IncidentStage::Verified), Some(incident_at));
    let rests_on = [told.posts[one].reference, unknown()];
    let restated = told.post("us/kigali", "plenary", promise(&["drc", "rwanda"], 0, 0, &rests_on), None);
    let (first, second) = (commitment_state(&told, one), commitment_state(&told, two));
    assert_eq!((first.compliance.len(), second.compliance.len()), (1, 0));
    assert_eq!((first.incidents.len(), second.incidents.len()), (0, 1));
    assert_eq!(second.incidents[0].1.word(), "verified");
    assert_eq!(first.restated_by, [told.entry(restated)]);
    assert!(second.restated_by.is_empty());
    let rests_on = commitment_state(&told, restated).rests_on;
    assert_eq!(rests_on[0].commitment, Link::Here(told.entry(one)));
    assert_eq!(rests_on[1].commitment.to_string(), "an entry of a room not known here");
    let thread = bearings(&told, two);
    assert_eq!(thread[1..], [("drc#3".into(), "refers"), ("drc#4".into(), "counts")]);
    told.recall(restated);
    assert!(commitment_state(&told, one).restated_by.is_empty());
}

#[test]
fn an_incident_goes_from_stage_to_stage() {
    use IncidentStage::{Alleged, Answered, Attributed, Closed, Registered, Verified};
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", incident(Alleged), None);
    assert_eq!(stands(&told, at, NOW), "alleged");
    for (stage, words) in [
        (Registered, "registered"),
        (Verified, "verified"),
        (Attributed, "attributed to a militia"),
        (Answered, "answered"),
        (Closed, "closed"),
    ] {
        told.post("us/kigali", "drc", incident(stage), Some(at));
        assert_eq!(stands(&told, at, NOW), words);
    }
}

#[test]
fn what_could_not_be_verified_or_attributed_may_be_later() {
    use IncidentStage::{Attributed, NotAttributed, NotVerified, Registered, Verified};
    let mut told = Told::default();
    let at = told.post("us/kigali", "drc", incident(Registered), None);
    for (stage, words) in [
        (NotVerified, "not verified"),
        (Verified, "verified"),
        (NotAttributed, "not attributed"),
        (Attributed, "attributed to a militia"),
    ] {
        told.post("us/kigali", "drc", incident(stage), Some(at));
        assert_eq!(stands(&told, at, NOW), words);
    }
}

#[test]
fn a_stage_out_of_order_is_shown_as_such_and_not_applied() {
    use IncidentStage::{Alleged, Attributed, Closed, Registered, Verified};
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", incident(Alleged), None);
    told.post("us/kigali", "drc", incident(Closed), Some(at));
    told.post("us/kigali", "drc", incident(Attributed), Some(at));
    let registered = told.post("us/kigali", "drc", incident(Registered), Some(at));
    told.post("us/kigali", "drc", incident(Verified), Some(at));
    told.post("us/kigali", "drc", incident(Registered), Some(at));
    assert_eq!(stands(&told, at, NOW), "verified");
    let words: Vec<&str> = bearings(&told, at).into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["head", "out of order", "out of order", "counts", "counts", "out of order"]);
    let rooms = rooms();
    let matter = Matters::new(&told.posts, &rooms).find(&told.entry(at), NOW).unwrap();
    assert_eq!(
        matter.parts[1].bearing.to_string(),
        "Out of order, not applied: CLOSED does not follow on ALLEGED."
    );
    // Without the registration nothing that came after it follows.
    told.recall(registered);
    assert_eq!(stands(&told, at, NOW), "registered", "the second registration now follows");
}

#[test]
fn a_session_has_its_agenda_only_or_its_minutes_too() {
    let mut told = Told::default();
    let begins = NOW + HOUR;
    let at = told.post("us/kigali", "plenary", session(SessionPhase::Agenda, begins), None);
    assert_eq!(stands(&told, at, begins), "agenda only, to be held 141430Z JAN 24");
    assert_eq!(stands(&told, at, begins + 1), "agenda only, was to be held 141430Z JAN 24");
    let minutes = told.post("us/kigali", "plenary", session(SessionPhase::Minutes, begins), Some(at));
    assert_eq!(stands(&told, at, begins), "minutes there (plenary#1)");
    told.recall(minutes);
    assert_eq!(stands(&told, at, begins), "agenda only, to be held 141430Z JAN 24");
    let alone = told.post("us/kigali", "plenary", session(SessionPhase::Minutes, begins), None);
    assert_eq!(stands(&told, alone, begins), "minutes there (plenary#2)");
}

#[test]
fn a_correction_counts_only_from_the_side_that_it_corrects() {
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", concern(0), None);
    told.post("drc/delegation", "drc", correction(), Some(at));
    told.post("us/kigali", "drc", correction(), Some(at));
    let lapsed = told.post("drc/liaison", "drc", correction(), Some(at));
    told.recall(lapsed);
    let words: Vec<&str> = bearings(&told, at).into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["head", "counts", "refused", "recalled"]);
    let rooms = rooms();
    let matter = Matters::new(&told.posts, &rooms).find(&told.entry(at), NOW).unwrap();
    assert_eq!(matter.parts[0].corrected_by, [told.entry(1)]);
    assert_eq!(
        matter.parts[2].bearing.to_string(),
        "Does not apply: a correction puts right a post of one's own side: name one."
    );
}

#[test]
fn a_matter_holds_its_whole_thread_oldest_first() {
    let mut told = Told::default();
    let at = told.post("drc/liaison", "drc", concern(0), None);
    let other = told.post("drc/liaison", "drc", concern(0), None);
    let answer = told.post("us/kigali", "drc", assessment(Finding::Corroborated), Some(at));
    let ask = told.post("us/kigali", "drc", request(0), Some(at));
    told.post("drc/liaison", "drc", opinion(), Some(answer));
    let said = told.post("drc/liaison", "drc", reply(Stance::Accepted), Some(ask));
    let entries = |at| bearings(&told, at).into_iter().map(|(entry, _)| entry).collect::<Vec<_>>();
    assert_eq!(entries(at), ["drc#0", "drc#2", "drc#3", "drc#4", "drc#5"]);
    assert_eq!(entries(other), ["drc#1"]);
    // A request in a concern's thread is a matter of its own too.
    assert_eq!(entries(said), ["drc#3", "drc#5"]);
    let rooms = rooms();
    let matters = Matters::new(&told.posts, &rooms);
    let all: Vec<_> = matters.all(NOW).map(|it| (it.head.entry.index, it.under.map(|it| it.index))).collect();
    assert_eq!(all, [(0, None), (1, None), (3, Some(0))]);
    let outermost: Vec<u64> = matters.roots().into_iter().map(|post| post.entry.index).collect();
    assert_eq!(outermost, [0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_reference_that_leads_nowhere_here_is_said_and_never_guessed() {
    let mut told = Told::default();
    let at = told.push("us/kigali", "drc", request(0), Some(unknown()), &[]);
    let missing = Ref { room: room("rwanda").id, ..unknown() };
    told.push("us/kigali", "drc", note(), Some(missing), &[unknown()]);
    // A party that reads its own room alone.
    let rooms = [room("drc")];
    let matters = Matters::new(&told.posts, &rooms);
    let matter = matters.find(&told.entry(at), NOW).unwrap();
    assert_eq!(matter.parts[0].answers.as_ref().unwrap().to_string(), "an entry of a room not known here");
    let other = matters.find(&told.entry(1), NOW).unwrap();
    assert_eq!(other.parts[0].answers, Some(Link::Elsewhere));
    assert_eq!(other.parts[0].refers, [Link::Elsewhere]);
    // A mediator knows the room, but not that entry.
    let rooms = super::sample::rooms();
    let other = Matters::new(&told.posts, &rooms).find(&told.entry(1), NOW).unwrap();
    assert_eq!(other.parts[0].answers.as_ref().unwrap().to_string(), "an entry of rwanda that is not here");
}

#[test]
fn what_is_not_here_is_a_matter_of_its_own_of_which_nothing_is_said() {
    let mut told = Told::default();
    let at = told.post("us/kigali", "drc", note(), None);
    let gone = told.post("us/kigali", "drc", note(), Some(at));
    told.recall(gone);
    told.lose(gone);
    assert_eq!(bearings(&told, at).len(), 1, "what it answered went with its content");
    assert_eq!(stands(&told, gone, NOW), "recalled");
    assert_eq!(stands(&told, at, NOW), "posted");
}

#[test]
fn posts_that_name_each_other_in_a_circle_end_no_reader() {
    let mut told = Told::default();
    let reference = |at: u64| Ref {
        room: room("drc").id,
        statement: Identity(Digest::of(&at.to_be_bytes())),
        id: StatementId::new(at, [0; 10]),
    };
    for next in [1, 2, 0, 3] {
        told.push("us/kigali", "drc", note(), Some(reference(next)), &[]);
    }
    let rooms = rooms();
    let matters = Matters::new(&told.posts, &rooms);
    let all: Vec<usize> = matters.all(NOW).map(|matter| matter.parts.len()).collect();
    assert_eq!(all.iter().sum::<usize>(), 4);
    assert_eq!(matters.roots().len(), 4);
}
