//! What is promised of mediators' desks.

use std::collections::BTreeSet;

use tearline_ledger::{
    id::Ref,
    portion::BriefingFile,
    release::{ReleaseFault, ShownAct},
    rules::Effect,
};
use tearline_proto::v1::{self, content::Kind};

use super::{
    ProposeError,
    draft::{ProposalTerms, Proposed},
    releases::{Lower, Portions, ReleaseOrder},
    sample::*,
};
use crate::compose::Submission;

const BRIEFING: &str = "---\nsubject: Column towards Sake\nprecedence: IMMEDIATE\n---\n\n\
    (C//REL TO DRC)  A column left Kitchanga.\n\n(S//NF)  The source.\n\n\
    (S//ORCON//REL TO DRC)  It halted.\n";

fn terms() -> ProposalTerms {
    ProposalTerms::default()
}

fn reference(submission: &Submission) -> Ref {
    let signed = &submission.signed;
    Ref { room: signed.room(), statement: signed.identity(), id: signed.statement.id }
}

/// A hall whose first desk has published the briefing.
fn published() -> (Hall, Ref) {
    let mut hall = Hall::founded();
    let file = BriefingFile::parse(BRIEFING.as_bytes()).unwrap();
    let view = hall.fetch(&hall.desks[0]);
    let submission = view.of(&hall.desks[0]).publish(&file).unwrap();
    hall.accept(&submission);
    (hall, reference(&submission))
}

fn order(briefing: Ref, numbers: &[u32]) -> ReleaseOrder {
    ReleaseOrder {
        to: vec!["drc".parse().unwrap()],
        portions: Some(Portions {
            briefing,
            numbers: numbers.iter().copied().collect::<BTreeSet<u32>>(),
            lower: Vec::new(),
        }),
        kind: Kind::Release(v1::Release { note: String::new() }),
        subject: "Column towards Sake".to_owned(),
        precedence: v1::Precedence::Immediate,
        ack_by: None,
        answers: None,
        refers: Vec::new(),
        undertakings: Vec::new(),
        attachments: Vec::new(),
        content_until: None,
    }
}

fn propose(hall: &Hall, desk: usize, order: &ReleaseOrder) -> Result<Proposed, ProposeError> {
    hall.fetch(&hall.desks[desk]).of(&hall.desks[desk]).propose_release(order, &terms())
}

/// Sends a proposal, and lets the desk approve it as the last.
fn enact(hall: &mut Hall, proposed: &Proposed, desk: usize) -> super::approve::Approval {
    hall.accept(&proposed.submission);
    let view = hall.fetch(&hall.desks[desk]);
    let mediator = view.of(&hall.desks[desk]);
    let examined = mediator.examine(&reference(&proposed.submission).statement).unwrap();
    let approval = mediator.approve(&examined).unwrap();
    assert!(approval.enacts);
    drop(view);
    let entry = hall.accept(&approval.submissions[0]);
    let Effect::Enacted { targets, .. } = entry.effect() else { panic!("{:?}", entry.effect()) };
    assert_eq!(targets.len() + 1, approval.submissions.len());
    for (target, submission) in targets.iter().zip(&approval.submissions[1..]) {
        assert_eq!(target.identity, submission.signed.identity());
        assert_eq!(target.signatures, submission.signed.envelope.signatures());
        hall.accept(submission);
    }
    approval
}

#[test]
fn a_release_is_proposed_examined_approved_and_given() {
    let (mut hall, briefing) = published();
    let proposed = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    assert!(!proposed.shown.last);
    enact(&mut hall, &proposed, 1);
    let view = hall.fetch(&hall.desks[2]);
    let drc = view.room("drc");
    let line = drc.replica.line(1).unwrap();
    assert_eq!((drc.replica.size(), line.signers.len()), (2, 2));
    let mediator = view.of(&hall.desks[2]);
    let content = mediator.content(&drc, 1).unwrap();
    let tearline = content.message().tearline.as_ref().unwrap();
    assert_eq!(tearline.portions[0].text, "A column left Kitchanga.");
    assert!(mediator.pending().unwrap().is_empty());
}

#[test]
fn a_later_release_of_the_same_briefing_shows_what_was_given() {
    let (mut hall, briefing) = published();
    let first = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    enact(&mut hall, &first, 1);
    let second = propose(&hall, 0, &order(briefing, &[3])).unwrap();
    hall.accept(&second.submission);
    let view = hall.fetch(&hall.desks[1]);
    let examined = view.of(&hall.desks[1]).examine(&reference(&second.submission).statement).unwrap();
    let given: Vec<String> =
        examined.already_given.to.iter().flat_map(|it| &it.posts).map(|it| it.entry.to_string()).collect();
    assert_eq!(given, ["drc#1"]);
    assert!(examined.shown.originator.unwrap().signed);
}

#[test]
fn orcon_without_the_originator_waits_for_it() {
    let (mut hall, briefing) = published();
    let proposed = propose(&hall, 1, &order(briefing, &[3])).unwrap();
    hall.accept(&proposed.submission);
    let identity = reference(&proposed.submission).statement;
    let view = hall.fetch(&hall.desks[2]);
    let refused = view.of(&hall.desks[2]).examine(&identity);
    assert!(matches!(refused, Err(ProposeError::Release(ReleaseFault::Originator { .. }))), "{refused:?}");
    let view = hall.fetch(&hall.desks[0]);
    assert!(view.of(&hall.desks[0]).examine(&identity).is_ok());
}

#[test]
fn a_portion_that_may_not_go_needs_a_reason_to_go() {
    let (hall, briefing) = published();
    let mut order = order(briefing, &[2]);
    assert!(matches!(propose(&hall, 0, &order), Err(ProposeError::Portions { .. })));
    let lower =
        Lower { portion: 2, to: "C//REL TO DRC".to_owned(), reason: "Reviewed by the owner.".to_owned() };
    order.portions.as_mut().unwrap().lower = vec![lower];
    let shown = propose(&hall, 0, &order).unwrap().shown;
    assert_eq!(shown.downgrades[0].lowered.from.to_string(), "S//NF");
}

#[test]
fn an_assessment_answers_a_concern() {
    let (mut hall, briefing) = published();
    let concern = hall.concern();
    let mut order = order(briefing, &[1]);
    order.answers = Some(concern);
    order.kind = Kind::Assessment(v1::Assessment {
        finding: v1::Finding::PartlyCorroborated.into(),
        activity: v1::Activity::Offensive.into(),
        likelihood: v1::Likelihood::Likely.into(),
        confidence: v1::Confidence::Moderate.into(),
        ..v1::Assessment::default()
    });
    let shown = propose(&hall, 0, &order).unwrap().shown;
    let ShownAct::Post(post) = &shown.targets[0].act else { panic!() };
    assert_eq!(post.answers.as_ref().map(|it| it.index), Some(1));
}

#[test]
fn a_pending_proposal_is_listed_and_can_be_rejected() {
    let (mut hall, briefing) = published();
    let proposed = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    hall.accept(&proposed.submission);
    let view = hall.fetch(&hall.desks[1]);
    let mediator = view.of(&hall.desks[1]);
    let pending = mediator.pending().unwrap();
    assert_eq!((pending[0].entry.to_string().as_str(), pending[0].signed_here), ("chamber#2", false));
    assert_eq!(pending[0].rooms, ["drc"]);
    let rejection = mediator.reject(&pending[0].identity).unwrap();
    assert!(matches!(hall.accept(&rejection).effect(), Effect::Rejected(_)));
    let view = hall.fetch(&hall.desks[2]);
    let refused = view.of(&hall.desks[2]).examine(&pending[0].identity);
    assert!(matches!(refused, Err(ProposeError::NotOpen)));
}

#[test]
fn nobody_approves_twice_or_its_own_or_past_its_time() {
    let (mut hall, briefing) = published();
    let proposed = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    hall.accept(&proposed.submission);
    let identity = reference(&proposed.submission).statement;
    let view = hall.fetch(&hall.desks[0]);
    let mediator = view.of(&hall.desks[0]);
    let examined = mediator.examine(&identity).unwrap();
    assert!(matches!(mediator.approve(&examined), Err(ProposeError::AlreadySigned)));
    hall.now += super::draft::OPEN_FOR_MAX + 1;
    let view = hall.fetch(&hall.desks[1]);
    assert!(matches!(view.of(&hall.desks[1]).examine(&identity), Err(ProposeError::NotOpen)));
}

#[test]
fn a_new_charter_of_the_room_voids_what_was_sealed_before() {
    let (mut hall, briefing) = published();
    let stale = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    hall.accept(&stale.submission);
    let card = desk("party", "drc/military", false, 30).card.endorse(&hall.party.sign).unwrap();
    let view = hall.fetch(&hall.desks[0]);
    let rooms = ["drc".parse().unwrap()];
    let admission = view.of(&hall.desks[0]).propose_admission(&card, &rooms, None, &terms()).unwrap();
    enact(&mut hall, &admission, 1);
    let view = hall.fetch(&hall.desks[1]);
    let mediator = view.of(&hall.desks[1]);
    let refused = mediator.examine(&reference(&stale.submission).statement);
    assert!(matches!(refused, Err(ProposeError::Release(ReleaseFault::Target { .. }))), "{refused:?}");
    let anew = mediator.propose_anew(&"chamber#2".parse().unwrap(), &terms()).unwrap();
    assert_eq!(anew.shown.targets[0].portions()[0].text, "A column left Kitchanga.");
    let charter = mediator.propose_anew(&"chamber#3".parse().unwrap(), &terms());
    assert!(matches!(charter, Err(ProposeError::NotAnew)), "{charter:?}");
    drop(view);
    enact(&mut hall, &anew, 2);
}

#[test]
fn an_admission_makes_the_paper_for_the_operator_and_hands_on_history_if_asked() {
    for history in [None, Some(1)] {
        let mut hall = Hall::founded();
        let newcomer = desk("party", "drc/military", false, 30);
        let view = hall.fetch(&hall.desks[0]);
        let rooms = ["drc".parse().unwrap()];
        let mediator = view.of(&hall.desks[0]);
        let refused = mediator.propose_admission(&newcomer.card, &rooms, history, &terms());
        assert!(matches!(refused, Err(ProposeError::NotEndorsed(_))), "{refused:?}");
        let card = newcomer.card.endorse(&hall.party.sign).unwrap();
        let proposed = mediator.propose_admission(&card, &rooms, history, &terms()).unwrap();
        let admission = enact(&mut hall, &proposed, 1).admission.unwrap();
        admission.require_quorum().unwrap();
        assert_eq!(admission.admitted()[0].0.name, newcomer.name);
        let epochs: Vec<u64> = hall.keys(hall.room("drc"), &newcomer).epochs().collect();
        assert_eq!(epochs, if history.is_some() { vec![1, 2] } else { vec![2] });
        let view = hall.fetch(&hall.desks[2]);
        let again = view.of(&hall.desks[2]).propose_admission(&card, &rooms, None, &terms());
        assert!(matches!(again, Err(ProposeError::MemberAlready(_))));
    }
}

#[test]
fn a_lost_mediator_gets_new_keys_in_every_room_at_once() {
    let mut hall = Hall::founded();
    let fresh = desk("mediator", "us/washington", false, 40);
    let view = hall.fetch(&hall.desks[0]);
    let mediator = view.of(&hall.desks[0]);
    let wrong = mediator.propose_loss(&fresh.name, Some(&hall.party.card), None, &terms());
    assert!(matches!(wrong, Err(ProposeError::OtherCard { .. })));
    let proposed = mediator.propose_loss(&fresh.name, Some(&fresh.card), Some(1), &terms()).unwrap();
    assert_eq!(proposed.shown.targets.len(), 2);
    assert!(enact(&mut hall, &proposed, 1).admission.is_some());
    assert_eq!(hall.keys(hall.room("drc"), &fresh).epochs().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_removed_desk_is_in_no_new_charter() {
    let mut hall = Hall::founded();
    let gone = hall.desks[2].name.clone();
    let view = hall.fetch(&hall.desks[0]);
    let proposed = view.of(&hall.desks[0]).propose_loss(&gone, None, None, &terms()).unwrap();
    assert!(enact(&mut hall, &proposed, 1).admission.is_none());
    assert_eq!(hall.keys(hall.room("chamber"), &hall.desks[2]).epochs().collect::<Vec<_>>(), [1]);
    let view = hall.fetch(&hall.desks[0]);
    let again = view.of(&hall.desks[0]).propose_loss(&gone, None, None, &terms());
    assert!(matches!(again, Err(ProposeError::NotAMember(_))));
}

#[test]
fn a_room_founded_later_gets_portions_after_a_notice() {
    let (mut hall, briefing) = published();
    let rwanda = desk("party", "rwanda/liaison", true, 21);
    let view = hall.fetch(&hall.desks[0]);
    let name = "rwanda".parse().unwrap();
    let founding = view
        .of(&hall.desks[0])
        .propose_founding(&name, std::slice::from_ref(&rwanda.card), &terms())
        .unwrap();
    assert!(enact(&mut hall, &founding, 1).admission.is_some());
    let mut order = order(briefing, &[1]);
    order.to = vec![name.clone()];
    let lower = Lower { portion: 1, to: "C//REL TO RWA".to_owned(), reason: "Reviewed.".to_owned() };
    order.portions.as_mut().unwrap().lower = vec![lower];
    assert!(matches!(propose(&hall, 0, &order), Err(ProposeError::Portions { .. })));
    let view = hall.fetch(&hall.desks[0]);
    let mediator = view.of(&hall.desks[0]);
    let notice = mediator.notify_manifest(&briefing, &mediator.room("rwanda").unwrap()).unwrap();
    hall.accept(&notice);
    let proposed = propose(&hall, 0, &order).unwrap();
    enact(&mut hall, &proposed, 1);
}

#[test]
fn a_commitment_is_restated_from_what_its_obligor_signed_and_proposed_anew_as_it_was() {
    let mut hall = Hall::founded();
    let text =
        v1::LanguageText { language: "en".to_owned(), text: "Hold fire.".to_owned(), authoritative: true };
    let promise = v1::Commitment {
        kind: v1::CommitmentKind::CeaseFire.into(),
        obligors: vec!["drc".to_owned()],
        texts: vec![text],
        ..v1::Commitment::default()
    };
    let signed = hall.party_post(Kind::Commitment(promise.clone()));
    let statement = signed.statement.as_bytes().to_vec().into();
    let undertakings = vec![v1::Undertaking { organisation: "drc".to_owned(), statement }];
    let mut order = order(signed, &[1]);
    order.portions = None;
    order.kind = Kind::Commitment(v1::Commitment { undertakings, ..promise });
    assert!(matches!(propose(&hall, 0, &order), Err(ProposeError::Release(_))));
    order.undertakings = vec![signed];
    let proposed = propose(&hall, 0, &order).unwrap();
    let restated = |act: &ShownAct| match act {
        ShownAct::Post(post) => post.undertakings.iter().map(|it| it.entry.index).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    assert_eq!(restated(&proposed.shown.targets[0].act), [1]);
    hall.accept(&proposed.submission);
    let view = hall.fetch(&hall.desks[1]);
    let mediator = view.of(&hall.desks[1]);
    let anew = mediator.propose_anew(&"chamber#1".parse().unwrap(), &terms()).unwrap();
    assert_eq!(restated(&anew.shown.targets[0].act), [1]);
    drop(view);
    enact(&mut hall, &anew, 2);
}

#[test]
fn a_mediators_post_is_recalled_by_two() {
    let (mut hall, briefing) = published();
    let release = propose(&hall, 0, &order(briefing, &[1])).unwrap();
    enact(&mut hall, &release, 1);
    let view = hall.fetch(&hall.desks[2]);
    let post = "drc#1".parse().unwrap();
    let proposed = view.of(&hall.desks[2]).propose_recall(&post, &terms()).unwrap();
    enact(&mut hall, &proposed, 1);
    let view = hall.fetch(&hall.desks[0]);
    assert!(view.room("drc").replica.line(1).unwrap().recalled);
}

#[test]
fn a_matter_is_followed_through_threads_briefings_and_one_reference_further() {
    let (mut hall, briefing) = published();
    let first_concern = hall.concern();
    let mut answer = order(briefing, &[1]);
    answer.answers = Some(first_concern);
    let answer = propose(&hall, 0, &answer).unwrap();
    enact(&mut hall, &answer, 1);
    // Of another matter, but for what it refers to.
    let second_concern = hall.concern();
    let mut referring = order(briefing, &[]);
    referring.portions = None;
    referring.answers = Some(second_concern);
    referring.refers = vec![first_concern];
    let referring = propose(&hall, 0, &referring).unwrap();
    enact(&mut hall, &referring, 1);
    let mut apart = order(briefing, &[]);
    apart.portions = None;
    let apart = propose(&hall, 0, &apart).unwrap();
    enact(&mut hall, &apart, 1);

    let given = |hall: &Hall, proposed: &Proposed, named: Option<Ref>| -> Vec<String> {
        let view = hall.fetch(&hall.desks[2]);
        let given = view.of(&hall.desks[2]).given_on_matter(&proposed.shown, named).unwrap();
        assert_eq!(given.to.len(), 1);
        assert_eq!(given.same_words, []);
        given.to[0].posts.iter().map(|post| post.entry.to_string()).collect()
    };
    // drc#1 and drc#3 are the concerns.
    let of_briefing = propose(&hall, 0, &order(briefing, &[3])).unwrap();
    assert_eq!(given(&hall, &of_briefing, Some(briefing)), ["drc#2", "drc#4"]);
    let mut of_thread = order(briefing, &[]);
    of_thread.portions = None;
    of_thread.answers = Some(first_concern);
    let of_thread = propose(&hall, 0, &of_thread).unwrap();
    assert_eq!(given(&hall, &of_thread, None), ["drc#2", "drc#4"]);
    let mut alone = order(briefing, &[]);
    alone.portions = None;
    let alone = propose(&hall, 0, &alone).unwrap();
    assert_eq!(given(&hall, &alone, None), [""; 0]);
    let view = hall.fetch(&hall.desks[2]);
    let given = view.of(&hall.desks[2]).given_on_matter(&of_briefing.shown, Some(briefing)).unwrap();
    let portions = given.to[0].posts[0].portions.as_ref().unwrap();
    assert_eq!((portions.0.to_string().as_str(), portions.1.as_slice()), ("chamber#1", &[1][..]));
}

#[test]
fn content_that_has_expired_is_neither_proposed_nor_approved() {
    let (mut hall, briefing) = published();
    let mut late = order(briefing, &[1]);
    late.content_until = Some(hall.now);
    assert!(matches!(propose(&hall, 0, &late), Err(ProposeError::Expired)));
    late.content_until = Some(hall.now + 60);
    let proposed = propose(&hall, 0, &late).unwrap();
    hall.accept(&proposed.submission);
    let identity = reference(&proposed.submission).statement;
    let examine = |hall: &Hall| {
        let view = hall.fetch(&hall.desks[1]);
        view.of(&hall.desks[1]).examine(&identity).map(drop)
    };
    assert!(examine(&hall).is_ok());
    hall.now += 60;
    assert!(matches!(examine(&hall), Err(ProposeError::Expired)));
}
