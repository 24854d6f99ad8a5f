//! What counts as a difference between two charters.

use super::*;
use crate::{
    charter::{Limits, Service},
    digest::Digest,
    keys::SigningKey,
};

fn member(role: &str, desk: &str, seed: u8) -> Member {
    Member {
        name: format!("spiffe://kivu.example/{role}/{desk}").parse().unwrap(),
        custodian: false,
        sign_key: SigningKey::from_seed(&[seed; 32]).public(),
        seal_key: None,
        tls_key: Digest([seed; 32]),
        endorsement: None,
        wrap: None,
    }
}

/// Ascending by name: an auditor, a mediator, two of drc, one of rwanda.
fn charter() -> Charter {
    let key = crate::note::KeyMaterial::Ed25519([1; 32]);
    Charter {
        founding: None,
        epoch: 2,
        quorum: 2,
        log_vkey: crate::note::VerifierKey::new("kivu.example".parse().unwrap(), key),
        limits: Limits::default(),
        key_commitment: Digest::default(),
        members: vec![
            member("auditor", "un/monitor-1", 1),
            member("mediator", "us/kinshasa", 2),
            member("party", "drc/delegation", 3),
            member("party", "drc/liaison", 4),
            member("party", "rwanda/liaison", 5),
        ],
        succession: false,
        service: Service { address: "localhost:7443".to_owned(), authority: Digest::default() },
    }
}

fn after(change: impl FnOnce(&mut Charter)) -> Difference {
    let mut new = charter();
    change(&mut new);
    Difference::between(&charter(), &new)
}

#[test]
fn epoch_key_and_wraps_alone_are_no_difference() {
    let difference = after(|new| {
        new.epoch = 3;
        new.key_commitment = Digest([1; 32]);
        new.members[3].wrap = Some(bytes::Bytes::from_static(b"wrap"));
    });
    assert_eq!(difference, Difference::default());
    assert_eq!(difference.only_removes_members_of(), None);
}

#[test]
fn members_of_one_party_and_nothing_else_are_only_removed() {
    let removes = |gone: &[usize]| {
        let difference = after(|new| {
            for at in gone.iter().rev() {
                new.members.remove(*at);
            }
        });
        difference.only_removes_members_of().map(|org| org.as_str().to_owned())
    };
    assert_eq!(removes(&[3]), Some("drc".to_owned()));
    assert_eq!(removes(&[2, 3]), Some("drc".to_owned()));
    for gone in [&[][..], &[0], &[1], &[3, 4], &[0, 3]] {
        assert_eq!(removes(gone), None, "{gone:?}");
    }
}

#[test]
fn whoever_changes_terms_keys_or_endorsements_does_not_only_remove() {
    let changes: [fn(&mut Charter); 8] = [
        |new| new.quorum = 3,
        |new| new.limits.attachments += 1,
        |new| new.succession = true,
        |new| new.service.authority = Digest([1; 32]),
        |new| new.log_vkey = new.log_vkey.renamed("other.example".parse().unwrap()),
        |new| new.members[0].tls_key = Digest([9; 32]),
        |new| new.members[2].custodian = true,
        |new| new.members[0].sign_key = SigningKey::from_seed(&[9; 32]).public(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let difference = after(|new| {
            new.members.remove(3);
            change(new);
        });
        assert!(!difference.removed.is_empty());
        assert_eq!(difference.only_removes_members_of(), None, "change {at}");
    }
}

#[test]
fn the_same_desk_with_other_keys_is_changed_not_added() {
    let difference = after(|new| new.members[4] = member("party", "rwanda/liaison", 9));
    let liaison = charter().members[4].name.clone();
    assert_eq!(difference, Difference { changed: [liaison].into(), ..Difference::default() });
}
