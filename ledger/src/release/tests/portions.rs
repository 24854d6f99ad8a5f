//! Portions, marks, downgrades, ORCON.

use super::super::*;
use super::world::*;

fn portion_fault(draft: &Draft) -> PortionFault {
    match draft.fault() {
        TargetFault::Portion { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

/// A release of portions 1 and 3 to drc, with its content or manifests changed.
fn changed(change: impl FnOnce(&mut Release)) -> Draft {
    let mut release = world().release(&world().drc_room, &[1, 3], &[]);
    change(&mut release);
    let mut draft = Draft::new();
    draft.release(&world().drc_room, &release);
    draft
}

fn tearline(release: &mut Release) -> &mut v1::Tearline {
    release.content.tearline.as_mut().unwrap()
}

#[test]
fn a_release_is_shown_with_recorded_and_shown_marks() {
    let mut draft = Draft::new();
    draft.release(&world().drc_room, &world().release(&world().drc_room, &[1, 3, 5], &[]));
    let shown = draft.check().unwrap();
    let portions: Vec<(u32, String, String)> = shown.targets[0]
        .portions()
        .iter()
        .map(|it| (it.number, it.recorded.to_string(), it.shown.to_string()))
        .collect();
    let of = |number, recorded: &str, mark: &str| (number, recorded.to_owned(), mark.to_owned());
    assert_eq!(
        portions,
        [
            of(1, "C//REL TO DRC", "C//REL TO DRC"),
            of(3, "U", "U"),
            of(5, "C//REL TO DRC, RWA", "C//REL TO DRC")
        ]
    );
    let ShownAct::Post(post) = &shown.targets[0].act else { panic!() };
    assert_eq!(post.readers, [world().drc.name.clone()]);
    assert_eq!(post.portions_recorded, 5);
    assert!(shown.last && shown.warnings.is_empty() && shown.originator.is_none());
}

#[test]
fn a_joint_release_names_in_each_room_its_own_readers_only() {
    let world = world();
    let mut draft = Draft::new();
    for room in [&world.drc_room, &world.rwanda_room, &world.plenary] {
        draft.release(room, &world.release(room, &[5], &[]));
    }
    let shown = draft.check().unwrap();
    let marks: Vec<String> =
        shown.targets.iter().map(|target| target.portions()[0].shown.to_string()).collect();
    assert_eq!(marks, ["C//REL TO DRC", "C//REL TO RWA", "C//REL TO DRC, RWA"]);
}

#[test]
fn a_changed_word_is_refused() {
    let draft = changed(|release| tearline(release).portions[0].text.push('.'));
    assert_eq!(portion_fault(&draft), PortionFault::Text);
}

#[test]
fn another_portions_salt_is_refused() {
    let draft = changed(|release| {
        let salt = tearline(release).portions[1].salt.clone();
        tearline(release).portions[0].salt = salt;
    });
    assert_eq!(portion_fault(&draft), PortionFault::Salt);
}

#[test]
fn portions_out_of_order_or_twice_are_refused() {
    let draft = changed(|release| tearline(release).portions.reverse());
    assert_eq!(portion_fault(&draft), PortionFault::Order);
    let draft = changed(|release| {
        let twin = tearline(release).portions[1].clone();
        tearline(release).portions.push(twin);
    });
    assert_eq!(portion_fault(&draft), PortionFault::Order);
}

#[test]
fn a_mark_that_names_others_or_is_lower_than_recorded_is_refused() {
    for mark in ["C//REL TO DRC, RWA", "U", "C"] {
        let draft = changed(|release| tearline(release).portions[0].mark = mark.to_owned());
        assert!(matches!(portion_fault(&draft), PortionFault::Mark { .. }), "{mark}");
    }
}

#[test]
fn another_rooms_manifest_or_blind_is_refused() {
    let world = world();
    let other = world.release(&world.plenary, &[3], &[]).content.tearline.unwrap();
    let draft = changed(|release| tearline(release).manifest = other.manifest.clone());
    assert_eq!(draft.fault(), TargetFault::Manifest);
    let draft = changed(|release| tearline(release).blind = other.blind.clone());
    assert_eq!(draft.fault(), TargetFault::Manifest);
}

#[test]
fn a_post_names_exactly_the_manifest_of_its_portions() {
    assert_eq!(changed(|release| release.manifests.clear()).fault(), TargetFault::Manifests);
    assert_eq!(changed(|release| release.content.tearline = None).fault(), TargetFault::Manifests);
    let other = world().release(&world().plenary, &[3], &[]).manifests;
    assert_eq!(changed(|release| release.manifests = other).fault(), TargetFault::Manifests);
}

#[test]
fn portions_without_a_named_briefing_are_refused() {
    let mut draft = changed(|_| {});
    draft.proposed.briefing = None;
    assert_eq!(draft.fault(), TargetFault::NoBriefing);
    let mut other = world().briefing.reference();
    other.statement = world().concern.statement;
    draft.proposed.briefing = Some(other.to_message());
    assert_eq!(draft.check(), Err(ReleaseFault::BriefingRef));
}

#[test]
fn a_portion_that_does_not_name_the_reader_needs_a_downgrade() {
    let world = world();
    let parties: Vec<Org> = vec!["drc".parse().unwrap()];
    let audience = Audience { parties: &parties, instance: &parties };
    let numbers = BTreeSet::from([2]);
    let built =
        build_tearline(&world.briefing, world.drc_room.id(), &numbers, &Downgrades::default(), &audience);
    assert!(
        matches!(built, Err(TargetFault::Portion { portion: 2, fault: PortionFault::NotReleasable { .. } })),
        "{built:?}"
    );
    let lowered = [downgrade(2, "S//NF", "C//REL TO DRC")];
    let mut draft = Draft::new();
    draft.proposed.downgrades = lowered.to_vec();
    draft.release(&world.drc_room, &world.release(&world.drc_room, &[2], &lowered));
    let shown = draft.check().unwrap();
    let portion = &shown.targets[0].portions()[0];
    assert!(portion.lowered && portion.shown.to_string() == "C//REL TO DRC");
    assert_eq!(shown.downgrades[0].lowered.from.to_string(), "S//NF");
    draft.proposed.downgrades.clear();
    assert!(matches!(portion_fault(&draft), PortionFault::NotReleasable { .. }));
}

#[test]
fn a_downgrade_counts_for_every_room_of_the_proposal() {
    let world = world();
    let lowered = [downgrade(1, "C//REL TO DRC", "R//REL TO DRC, RWA")];
    let mut draft = Draft::new();
    draft.proposed.downgrades = lowered.to_vec();
    draft.release(&world.drc_room, &world.release(&world.drc_room, &[1], &lowered));
    assert_eq!(draft.check(), Err(DowngradeFault::Superfluous(1).into()));
    draft.release(&world.rwanda_room, &world.release(&world.rwanda_room, &[1], &lowered));
    let shown = draft.check().unwrap();
    let marks: Vec<_> = shown.targets.iter().map(|target| &target.portions()[0]).collect();
    assert_eq!(marks[0].shown.to_string(), "R//REL TO DRC");
    assert_eq!(marks[1].shown.to_string(), "R//REL TO RWA");
    assert!(marks.iter().all(|portion| portion.lowered));
    assert!(!marks[0].needs_downgrade && marks[1].needs_downgrade);
}

#[test]
fn each_rule_of_downgrades_is_kept() {
    let good = || downgrade(2, "S//NF", "C//REL TO DRC");
    let parse = |lowered: &[v1::Downgrade]| Downgrades::parse(&world().briefing, lowered).unwrap_err();
    assert_eq!(parse(&[downgrade(6, "U", "U")]), DowngradeFault::NoSuchPortion(6));
    assert_eq!(parse(&[downgrade(0, "U", "U")]), DowngradeFault::NoSuchPortion(0));
    assert_eq!(parse(&[good(), good()]), DowngradeFault::Twice(2));
    assert!(matches!(parse(&[downgrade(2, "C//NF", "U")]), DowngradeFault::From { .. }));
    assert!(matches!(parse(&[downgrade(2, "S//NF", "X")]), DowngradeFault::Mark { .. }));
    assert_eq!(parse(&[downgrade(2, "S//NF", "TS//REL TO DRC")]), DowngradeFault::Higher(2));
    assert_eq!(parse(&[v1::Downgrade { reason: " ".to_owned(), ..good() }]), DowngradeFault::NoReason(2));
}

#[test]
fn a_downgrade_that_no_room_needs_is_refused() {
    let mut draft = Draft::new();
    draft.proposed.downgrades = vec![downgrade(2, "S//NF", "C//REL TO DRC")];
    draft.release(&world().drc_room, &world().release(&world().drc_room, &[3], &[]));
    assert_eq!(draft.check(), Err(DowngradeFault::Superfluous(2).into()));
    let lowered = [downgrade(3, "U", "U")];
    let mut draft = Draft::new();
    draft.proposed.downgrades = lowered.to_vec();
    draft.release(&world().drc_room, &world().release(&world().drc_room, &[3], &lowered));
    assert_eq!(draft.check(), Err(DowngradeFault::Superfluous(3).into()));
}

#[test]
fn a_code_that_names_two_parties_is_refused_and_can_be_written_out() {
    let parties: Vec<Org> = vec!["rwanda".parse().unwrap()];
    let instance: Vec<Org> = vec!["rwa".parse().unwrap(), "rwanda".parse().unwrap()];
    let audience = Audience { parties: &parties, instance: &instance };
    let (recorded, _) = world().briefing.portion(5).unwrap();
    let refused = Downgrades::default().mark_shown(5, recorded, &audience);
    assert!(matches!(refused, Err(PortionFault::Ambiguous { .. })), "{refused:?}");
    let written_out = [downgrade(5, "C//REL TO DRC, RWA", "C//REL TO RWANDA")];
    let downgrades = Downgrades::parse(&world().briefing, &written_out).unwrap();
    let shown = downgrades.mark_shown(5, recorded, &audience).unwrap();
    assert_eq!((shown.mark.to_string().as_str(), shown.lowered), ("C//REL TO RWANDA", true));
}

#[test]
fn orcon_needs_the_originator_at_the_latest_as_the_last_signer() {
    let world = world();
    let mut draft = Draft::new();
    draft.release(&world.drc_room, &world.release(&world.drc_room, &[4], &[]));
    assert_eq!(draft.check(), Err(ReleaseFault::Originator { originator: "us/goma".to_owned() }));
    draft.quorum = 3;
    let originator = draft.check().unwrap().originator.unwrap();
    assert_eq!((originator.name.desk(), originator.signed), ("us/goma", false));
    draft.signers.insert(world.mediators[2].name.clone());
    let shown = draft.check().unwrap();
    assert!(shown.last && shown.originator.unwrap().signed);
}

#[test]
fn a_room_without_a_recorded_manifest_is_refused() {
    let world = world();
    let rooms: BTreeSet<RoomId> = [world.drc_room.id()].into();
    let texts: Vec<&str> = PORTIONS.iter().map(|(_, text)| *text).collect();
    let listed = manifest_digests(&SEED, &texts, rooms).unwrap();
    assert!(world.briefing.lists(&listed[0]));
    let parties: Vec<Org> = vec!["drc".parse().unwrap()];
    let audience = Audience { parties: &parties, instance: &parties };
    let built = build_tearline(
        &world.briefing,
        world.chamber.id(),
        &BTreeSet::from([3]),
        &Downgrades::default(),
        &audience,
    );
    assert_eq!(built, Err(TargetFault::NotRecorded));
}

#[test]
fn the_derivation_of_a_released_portion_is_unchanged() {
    let world = world();
    let texts: Vec<&str> = PORTIONS.iter().map(|(_, text)| *text).collect();
    let digests = manifest_digests(&SEED, &texts, [RoomId(crate::digest::Digest([6; 32]))]).unwrap();
    assert_eq!(digests[0].to_hex(), MANIFEST_DIGEST);
    let tearline = world.release(&world.drc_room, &[1], &[]).content.tearline.unwrap();
    let manifest = world.briefing.manifest(world.drc_room.id()).unwrap();
    assert_eq!(tearline.portions[0].salt, manifest.salt(0).unwrap().to_vec());
}

const MANIFEST_DIGEST: &str = "5515589573f4b3c09dcaafac2100ac00a11d0a8d01953fc2f12e204dae317a1d";
