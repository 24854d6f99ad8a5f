//! The authority's folder: who may read it, and what happens when something in it is not as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use rcgen::{KeyPair, PublicKeyData};
use tearline_certs::{Admitted, Authority, Error, Reason, TlsKey};
use tempfile::TempDir;

fn authority() -> (TempDir, PathBuf, Authority) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authority");
    let authority = Authority::init(&path, &"kivu.example".parse().unwrap()).unwrap();
    (dir, path, authority)
}

fn admitted(desk: &str) -> Admitted {
    let spki = KeyPair::generate().unwrap().subject_public_key_info();
    let name = format!("spiffe://kivu.example/party/{desk}").parse().unwrap();
    Admitted { name, tls_key: TlsKey::from_spki_der(&spki).unwrap() }
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_operator_can_read_the_key() {
    let (_dir, path, _) = authority();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("authority.key")), 0o600);
    assert_eq!(mode(&path.join("index.json")), 0o600);

    fs::set_permissions(path.join("authority.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let error = Authority::open(&path).unwrap_err();
    assert!(matches!(error, Error::Exposed { mode: 0o640, .. }));
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn init_touches_nothing_that_exists() {
    let (dir, path, first) = authority();
    let before = fs::read(path.join("authority.key")).unwrap();
    assert!(matches!(Authority::init(&path, first.domain()), Err(Error::NotEmpty(_))));
    assert_eq!(fs::read(path.join("authority.key")).unwrap(), before);

    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), "x").unwrap();
    assert!(matches!(Authority::init(&other, first.domain()), Err(Error::NotEmpty(_))));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn two_inits_at_once_make_one_authority() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("authority");
    let made = std::thread::scope(|scope| {
        let inits: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| Authority::init(&path, &"kivu.example".parse().unwrap())))
            .collect();
        inits.into_iter().filter_map(|init| init.join().unwrap().ok()).count()
    });
    assert_eq!(made, 1);
    Authority::open(&path).unwrap();
}

#[test]
fn each_damaged_file_is_named() {
    let (_dir, path, authority) = authority();
    authority.issue(&admitted("drc/liaison")).unwrap();
    for file in ["authority.key", "authority.pem", "index.json", "crl.pem"] {
        let whole = fs::read(path.join(file)).unwrap();
        fs::write(path.join(file), &whole[..whole.len() / 2]).unwrap();
        let error =
            Authority::open(&path).and_then(|authority| authority.issue(&admitted("drc/x"))).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{file}: {error}");
        assert!(error.to_string().contains(file), "{file}: {error}");
        fs::write(path.join(file), whole).unwrap();
    }
    assert_eq!(authority.entries().unwrap().len(), 1);
}

#[test]
fn the_key_of_another_authority_is_noticed() {
    let (_dir, path, _) = authority();
    let (_other_dir, other, _) = authority();
    fs::copy(other.join("authority.key"), path.join("authority.key")).unwrap();
    let error = Authority::open(&path).unwrap_err();
    assert!(error.to_string().contains("not the certificate of the key"), "{error}");
    assert!(matches!(Authority::open(path.parent().unwrap()), Err(Error::NoAuthority(_))));
}

#[test]
fn an_old_index_cannot_revive_what_was_revoked() {
    let (_dir, path, authority) = authority();
    authority.issue(&admitted("drc/liaison")).unwrap();
    let old = fs::read(path.join("index.json")).unwrap();
    authority.revoke("drc/liaison", Reason::KeyCompromise).unwrap();
    fs::write(path.join("index.json"), old).unwrap();
    assert!(matches!(authority.refresh_crl(None), Err(Error::IndexBehind { .. })));
    assert!(matches!(authority.issue(&admitted("drc/x")), Err(Error::IndexBehind { .. })));
}

#[test]
fn a_list_that_an_interrupted_command_left_behind_is_signed_again() {
    let (_dir, path, authority) = authority();
    authority.issue(&admitted("drc/liaison")).unwrap();
    let old = fs::read(path.join("crl.pem")).unwrap();
    authority.revoke("drc/liaison", Reason::KeyCompromise).unwrap();
    for lost in [Some(old), None] {
        match lost {
            Some(old) => fs::write(path.join("crl.pem"), old).unwrap(),
            None => fs::remove_file(path.join("crl.pem")).unwrap(),
        }
        authority.issue(&admitted(&format!("drc/{}", authority.entries().unwrap().len()))).unwrap();
        let list = authority.crl_state().unwrap();
        assert_eq!((list.number, list.revoked), (2, 1));
    }
}
