//! Whose signatures bring a certificate, and what the desk is handed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod mediation;

use std::{fs, path::PathBuf};

use mediation::{
    ACCOMPLICE, DRC, Desk, Draft, KINSHASA, LUANDA, MONITOR, Place, RWANDA, STRANGER, WASHINGTON, admission,
    chamber, founding, room,
};
use tearline_certs::{Authority, ChamberError, Error, Outcome, Reason, admission::read};
use tearline_ledger::{
    admission::{Admission, AdmissionError, Invitation},
    digest::Digest,
};
use tempfile::TempDir;

struct House {
    dir: TempDir,
    authority: Authority,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority =
            Authority::init(&dir.path().join("authority"), &"kivu.example".parse().unwrap()).unwrap();
        Self { dir, authority }
    }

    /// With the chamber founded, and its three desks' certificates signed.
    fn founded() -> Self {
        let house = Self::new();
        house.admit(&founding(house.own())).unwrap();
        house
    }

    fn own(&self) -> Digest {
        self.authority.ca_spki_sha256()
    }

    fn admit(&self, admission: &Admission) -> Result<Outcome, Error> {
        self.authority.admit(admission)?.commit()
    }

    fn refused(&self, admission: &Admission) -> ChamberError {
        let before = (self.authority.entries().unwrap(), self.authority.chamber().unwrap());
        let Err(Error::Chamber(fault)) = self.admit(admission) else { panic!("it was not refused") };
        assert_eq!((self.authority.entries().unwrap(), self.authority.chamber().unwrap()), before);
        fault
    }

    /// The chamber's charter of this epoch, with these mediators, signed by these.
    fn change(&self, epoch: u64, members: &[&Desk], signers: &[&Desk]) -> tearline_ledger::statement::Signed {
        let place = Place::Follows(chamber(self.own()).room(), epoch);
        Draft { authority: self.own(), place, members }.signed(signers)
    }

    fn pin(&self) -> PathBuf {
        self.dir.path().join("authority/chamber.json")
    }
}

#[test]
fn the_founding_of_the_chamber_fixes_its_mediators() {
    let house = House::new();
    let outcome = house.admit(&founding(house.own())).unwrap();
    assert_eq!((outcome.invited.len(), outcome.skipped.len()), (3, 0));
    let kept = house.authority.chamber().unwrap().unwrap();
    assert_eq!(outcome.chamber, Some(kept.clone()));
    assert_eq!(kept.room(), chamber(house.own()).room());
    let names: Vec<_> = kept.mediators().map(|(name, _)| name.desk().to_owned()).collect();
    assert_eq!((kept.quorum(), names), (2, vec!["us/kinshasa".to_owned(), "us/washington".to_owned()]));
    assert_eq!(house.admit(&admission(vec![room(house.own(), "drc", &DRC)], &[&DRC])).unwrap().chamber, None);
}

#[test]
fn nothing_is_issued_before_the_chamber_is_founded() {
    let house = House::new();
    let fault = house.refused(&admission(vec![room(house.own(), "drc", &DRC)], &[&DRC]));
    assert_eq!(fault, ChamberError::NotFounding);
    let later = house.change(2, &[&KINSHASA, &WASHINGTON], &[&KINSHASA, &WASHINGTON]);
    assert_eq!(house.refused(&admission(vec![later], &[&KINSHASA])), ChamberError::NotFounding);
    assert!(!house.pin().exists());
}

#[test]
fn an_invitation_holds_the_desks_own_rooms_and_no_others() {
    let house = House::founded();
    let both = vec![room(house.own(), "drc", &DRC), room(house.own(), "rwanda", &RWANDA)];
    let outcome = house.admit(&admission(both, &[&DRC, &RWANDA])).unwrap();
    for invited in &outcome.invited {
        let invitation = Invitation::from_text(&invited.invitation).unwrap();
        assert_eq!(invitation.certificate, invited.issued.pem);
        assert_eq!(format!("{}{}", invitation.certificate, invitation.authority), invited.issued.chain_pem);
        invitation.admission.require_quorum().unwrap();
        let rooms: Vec<_> = invitation.admission.charters().map(|(room, _)| room).collect();
        let desk = if invited.invitation.starts_with("Tearline invitation of drc/liaison\n") {
            room(house.own(), "drc", &DRC)
        } else {
            room(house.own(), "rwanda", &RWANDA)
        };
        assert_eq!(rooms, [desk.room()]);
        assert_eq!(invitation.admission.admitted().len(), 1);
    }
    assert_eq!(outcome.invited.len(), 2);
}

#[test]
fn too_few_of_the_mediators_bring_no_certificate() {
    let house = House::new();
    let place = Place::Founds("chamber");
    let half =
        Draft { authority: house.own(), place, members: &[&KINSHASA, &WASHINGTON] }.signed(&[&KINSHASA]);
    let refused = house.admit(&admission(vec![half], &[&KINSHASA]));
    let Err(Error::Admission(fault)) = refused else { panic!("it was not refused") };
    assert_eq!(*fault, AdmissionError::NoQuorum { have: 1, need: 2 });
    assert!(house.authority.entries().unwrap().is_empty() && !house.pin().exists());
}

#[test]
fn other_mediators_than_the_chambers_bring_no_certificate() {
    let house = House::founded();
    let draft = |members| Draft { authority: house.own(), place: Place::Founds("drc"), members };
    let forged = draft(&[&STRANGER, &ACCOMPLICE, &DRC]).signed(&[&STRANGER, &ACCOMPLICE]);
    let ChamberError::TooFew { have: 0, need: 2, epoch: 1, .. } =
        house.refused(&admission(vec![forged], &[&DRC]))
    else {
        panic!("not for want of signatures")
    };
    let mixed = draft(&[&KINSHASA, &STRANGER, &DRC]).signed(&[&KINSHASA, &STRANGER]);
    let good = room(house.own(), "rwanda", &RWANDA);
    let fault = house.refused(&admission(vec![good, mixed.clone()], &[&DRC, &RWANDA]));
    assert!(matches!(fault, ChamberError::TooFew { room, have: 1, .. } if room == mixed.room()));
    // The same names with other keys are other mediators.
    let (one, two) = (Desk::new("mediator/us/kinshasa", 41), Desk::new("mediator/us/washington", 42));
    let stolen = draft(&[&one, &two, &DRC]).signed(&[&one, &two]);
    assert!(matches!(house.refused(&admission(vec![stolen], &[&DRC])), ChamberError::TooFew { have: 0, .. }));
}

#[test]
fn a_second_chamber_is_refused() {
    let house = House::founded();
    let members = &[&KINSHASA, &WASHINGTON];
    let other = Draft { authority: house.own(), place: Place::Founds("chamber"), members }.signed(members);
    let fault = house.refused(&admission(vec![other], &[&KINSHASA]));
    assert!(matches!(fault, ChamberError::OtherChamber { .. }));
}

#[test]
fn an_admission_for_another_authority_is_refused() {
    let house = House::new();
    let other = Digest::of(b"another authority");
    let fault = house.refused(&founding(other));
    assert!(
        matches!(fault, ChamberError::OtherAuthority { named, own, .. } if named == other && own == house.own())
    );
    assert!(!house.pin().exists());
    house.admit(&founding(house.own())).unwrap();
    let fault = house.refused(&admission(vec![room(other, "drc", &DRC)], &[&DRC]));
    assert!(fault.to_string().contains(&house.own().to_hex()), "{fault}");
}

#[test]
fn the_mediators_change_only_by_their_own_signatures() {
    let house = House::founded();
    let three = [&KINSHASA, &WASHINGTON, &LUANDA];
    let forged = house.change(2, &[&KINSHASA, &STRANGER], &[&KINSHASA, &STRANGER]);
    assert!(matches!(
        house.refused(&admission(vec![forged], &[&STRANGER])),
        ChamberError::TooFew { have: 1, .. }
    ));

    let change = admission(vec![house.change(2, &three, &[&KINSHASA, &WASHINGTON])], &[&LUANDA]);
    let outcome = house.admit(&change).unwrap();
    assert_eq!(outcome.chamber.unwrap().epoch(), 2);
    let draft = Draft {
        authority: house.own(),
        place: Place::Founds("drc"),
        members: &[&KINSHASA, &WASHINGTON, &LUANDA, &DRC],
    };
    house.admit(&admission(vec![draft.signed(&[&WASHINGTON, &LUANDA])], &[&DRC])).unwrap();

    // A removal gives nobody a certificate, and counts all the same.
    let removal = admission(vec![house.change(3, &[&KINSHASA, &LUANDA], &[&KINSHASA, &LUANDA])], &[]);
    assert_eq!(house.admit(&removal).unwrap().chamber.unwrap().epoch(), 3);
    let gone = house.refused(&admission(vec![room(house.own(), "rwanda", &RWANDA)], &[&RWANDA]));
    assert!(matches!(gone, ChamberError::TooFew { have: 1, need: 2, epoch: 3, .. }));
}

#[test]
fn an_older_and_a_contradicting_charter_of_the_chamber_are_refused() {
    let house = House::founded();
    let three = [&KINSHASA, &WASHINGTON, &LUANDA];
    let second = house.change(2, &three, &[&KINSHASA, &WASHINGTON]);
    house.admit(&admission(vec![second], &[&LUANDA])).unwrap();
    let older = house.refused(&founding(house.own()));
    assert_eq!(older, ChamberError::Older { found: 1, known: 2 });
    let other = house.change(2, &[&KINSHASA, &WASHINGTON], &[&KINSHASA, &WASHINGTON]);
    assert_eq!(house.refused(&admission(vec![other], &[])), ChamberError::Contradicts { epoch: 2 });
}

#[test]
fn who_has_a_good_certificate_for_this_key_is_skipped() {
    let house = House::founded();
    let first = house.authority.entries().unwrap();
    let again = house.admit(&founding(house.own())).unwrap();
    assert_eq!((again.invited.len(), again.skipped, again.chamber), (0, first.clone(), None));
    assert_eq!(house.authority.entries().unwrap(), first);

    house.authority.revoke("un/monitor", Reason::Superseded).unwrap();
    let once_more = house.admit(&founding(house.own())).unwrap();
    assert_eq!((once_more.invited.len(), once_more.skipped.len()), (1, 2));
}

#[test]
fn a_new_key_waits_until_the_old_certificate_is_revoked() {
    let house = House::founded();
    house.admit(&admission(vec![room(house.own(), "drc", &DRC)], &[&DRC])).unwrap();
    let new = Desk::new("party/drc/liaison", 44);
    let place = Place::Follows(room(house.own(), "drc", &DRC).room(), 2);
    let members = &[&KINSHASA, &WASHINGTON, &MONITOR, &new];
    let change = Draft { authority: house.own(), place, members }.signed(&[&KINSHASA, &WASHINGTON]);
    let change = admission(vec![change], &[&new]);
    let Err(Error::HasOtherKey { serial, .. }) = house.admit(&change) else { panic!("it was not refused") };
    house.authority.revoke(&serial.to_string(), Reason::Superseded).unwrap();
    assert_eq!(house.admit(&change).unwrap().invited.len(), 1);
}

#[test]
fn charters_that_disagree_about_a_key_and_charters_without_keys_are_refused() {
    let house = House::founded();
    let other = Desk::new("party/drc/liaison", 44);
    let both = vec![room(house.own(), "drc", &DRC), room(house.own(), "plenary", &other)];
    assert!(matches!(house.admit(&admission(both, &[&DRC])), Err(Error::TwoKeys(_))));
    let keyless = admission(vec![room(house.own(), "drc", &DRC)], &[]);
    assert!(matches!(house.admit(&keyless), Err(Error::Nobody)));
    assert_eq!(house.authority.entries().unwrap().len(), 3);
}

#[test]
fn dropping_it_uncommitted_leaves_nothing_behind() {
    let house = House::new();
    let admission = founding(house.own());
    assert_eq!(house.authority.admit(&admission).unwrap().subjects().count(), 3);
    assert!(house.authority.entries().unwrap().is_empty() && !house.pin().exists());
}

#[test]
fn a_chamber_file_that_is_gone_or_cut_stops_everything() {
    let house = House::founded();
    let later = admission(vec![room(house.own(), "drc", &DRC)], &[&DRC]);
    let whole = fs::read(house.pin()).unwrap();
    fs::remove_file(house.pin()).unwrap();
    assert!(matches!(house.admit(&founding(house.own())), Err(Error::Damaged { .. })));
    fs::write(house.pin(), &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(house.admit(&later), Err(Error::Damaged { .. })));
    fs::write(house.pin(), whole).unwrap();
    house.admit(&later).unwrap();
}

#[test]
fn a_tampered_and_a_cut_file_are_refused() {
    let house = House::new();
    let path = house.dir.path().join("founding.admission");
    let bytes = founding(house.own()).encode();
    let text = founding(house.own()).to_text("Founding of the chamber");
    fs::write(&path, &text).unwrap();
    assert_eq!(read(&path).unwrap(), founding(house.own()));

    for cut in [0, 30, text.len() / 2, text.len() - 10] {
        fs::write(&path, &text[..cut]).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, Error::NotAnAdmission { .. }), "{cut}: {error}");
        assert!(error.to_string().contains("founding.admission"), "{error}");
    }
    fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    assert!(matches!(read(&path), Err(Error::NotAnAdmission { .. })));
    assert!(matches!(read(&house.dir.path().join("nowhere")), Err(Error::Io { .. })));

    // A changed byte breaks the encoding, a signature, or the link between a member and its certificate key.
    for at in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(admission) = Admission::parse(&changed) {
            let before = founding(house.own());
            assert_eq!(admission.statements(), before.statements(), "{at}");
            assert!(admission.admitted().len() < before.admitted().len(), "{at}");
        }
    }
}
