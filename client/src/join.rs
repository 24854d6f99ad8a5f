//! Joining: an invitation, or a renewed certificate, is checked against this desk's own card before anything of it
//! is kept.
//!
//! Specification: `docs/spec.md`, section 10. Whether the mediators that signed are the right ones, a
//! person decides who knows them; here it is only established who they are.

use tearline_ledger::{
    admission::{AdmissionError, Invitation},
    digest::Digest,
    id::RoomId,
    name::{MemberName, RoomName},
};

use crate::{
    connect::{Certificates, ConnectError, PEM_MAX, public_key_of},
    durable::{self, FileError},
    profile::{Profile, ProfileError},
};

/// Why an invitation cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Not an invitation, or without enough signatures.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// A certificate in it is none.
    #[error(transparent)]
    Certificate(#[from] ConnectError),
    /// It admits this desk with other keys.
    #[error(
        "the invitation admits {0} with other keys than this profile has: send the operator and the mediators this desk's card again"
    )]
    OtherKeys(MemberName),
    /// The certificate is for another key.
    #[error(
        "the invitation's certificate is for another key than this desk's: ask the operator for one made from this desk's card"
    )]
    OtherCertificate,
    /// Nothing is there to renew.
    #[error(
        "this desk has not joined yet: run `tearline join` with its invitation, which holds a certificate"
    )]
    NotJoined,
    /// No certificate.
    #[error(
        "this is no certificate in PEM: give the file that `tearline-certs renew` wrote. The old one is kept"
    )]
    NoCertificate,
    /// The renewed certificate does not hold.
    #[error(
        "the certificate does not hold now: it has lapsed, begins later, or is of another authority than this desk's; see the clock, then ask the operator for one that `tearline-certs renew` made. The old one is kept"
    )]
    NotGood,
    /// The certificate authority is not the one that the charters name.
    #[error(
        "the invitation comes with another certificate authority than the one that the mediators signed for: do not use it, call the operator"
    )]
    OtherAuthority,
    /// The charters name several servers.
    #[error("the charters in the invitation name different servers: call the operator")]
    Services,
    /// The profile cannot be read or written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What an invitation comes to, once checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// `HOST:PORT` of the server.
    pub server: String,
    /// The rooms; those whose charter here is not the founding one have no name yet.
    pub rooms: Vec<(RoomId, Option<RoomName>)>,
    /// Each mediator who signed, with the digest of its card for comparison in words.
    pub signers: Vec<(MemberName, Digest)>,
    certificate: String,
    authority: String,
}

impl Joining {
    /// Checks an invitation against the card in the profile.
    pub fn check(profile: &Profile, invitation: &Invitation) -> Result<Self, JoinError> {
        let admission = &invitation.admission;
        admission.require_quorum()?;
        let card = profile.card()?;
        let own = card.card();
        let named = admission
            .charters()
            .filter_map(|(room, charter)| charter.member(&own.name).map(|member| (room, charter, member)));
        let named: Vec<_> = named.collect();
        let Some((_, first, _)) = named.first() else {
            return Err(AdmissionError::NotNamed(own.name.clone()).into());
        };
        if named.iter().any(|(.., member)| member.card() != *own) {
            return Err(JoinError::OtherKeys(own.name.clone()));
        }
        if named.iter().any(|(_, charter, _)| charter.service != first.service) {
            return Err(JoinError::Services);
        }
        if public_key_of("certificate", invitation.certificate.as_bytes())? != card.tls_key().as_ref() {
            return Err(JoinError::OtherCertificate);
        }
        let authority = public_key_of("authority", invitation.authority.as_bytes())?;
        if Digest::of(&authority) != first.service.authority {
            return Err(JoinError::OtherAuthority);
        }
        let signers = admission.signers().into_iter();
        let cards = signers.filter_map(|name| {
            let digest = first.member(&name)?.card().fingerprint();
            Some((name, digest))
        });
        Ok(Self {
            server: first.service.address.clone(),
            signers: cards.collect(),
            rooms: named
                .iter()
                .map(|(room, charter, _)| (*room, charter.founding.as_ref().map(|it| it.name.clone())))
                .collect(),
            certificate: invitation.certificate.clone(),
            authority: invitation.authority.clone(),
        })
    }

    /// Keeps it in the profile. A profile that has joined is refused.
    pub fn keep(&self, profile: &mut Profile) -> Result<(), JoinError> {
        durable::create(&profile.authority_path(), self.authority.as_bytes())?;
        durable::create(&profile.certificate_path(), self.certificate.as_bytes())?;
        self.keep_server_and_rooms(profile)
    }

    /// Keeps a renewed certificate in the place of the old one.
    pub fn renew(&self, profile: &mut Profile) -> Result<(), JoinError> {
        durable::replace(&profile.authority_path(), self.authority.as_bytes())?;
        durable::replace(&profile.certificate_path(), self.certificate.as_bytes())?;
        self.keep_server_and_rooms(profile)
    }

    fn keep_server_and_rooms(&self, profile: &mut Profile) -> Result<(), JoinError> {
        profile.add_rooms(&self.rooms)?;
        profile.set_server(&self.server)?;
        Ok(())
    }
}

/// Keeps a renewed certificate (PEM) of this desk's name and key in the place of the old one, if it holds at `at`,
/// in seconds since 1970. Mediators need not sign: what the desk may do stands in the charters.
///
/// # Errors
///
/// If it is another's, does not hold, or cannot be kept. The old one is in its place then.
pub fn renew(profile: &Profile, certificate: &[u8], at: u64) -> Result<(), JoinError> {
    if profile.server().is_err() {
        return Err(JoinError::NotJoined);
    }
    public_key_of("certificate", certificate).map_err(|_| JoinError::NoCertificate)?;
    let card = profile.card()?;
    let authority = durable::read(&profile.authority_path(), PEM_MAX)?;
    let renewed = Certificates::new(profile.member(), certificate, &authority, card.tls_key())?;
    if !renewed.holds_at(at) {
        return Err(JoinError::NotGood);
    }
    Ok(durable::replace(&profile.certificate_path(), certificate)?)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, Issuer, KeyPair, SanType, SubjectPublicKeyInfo};
    use tearline_ledger::{
        admission::Admission,
        charter::Limits,
        note::{KeyMaterial, VerifierKey},
    };

    use super::*;
    use crate::{
        compose::charters::{Terms, founding, service},
        sample::{NOW, desk},
        vault::Vault,
    };

    struct Office {
        pem: String,
        issuer: Issuer<'static, KeyPair>,
    }

    fn office() -> Office {
        let (params, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
        let pem = params.self_signed(&key).unwrap().pem();
        Office { pem, issuer: Issuer::new(params, key) }
    }

    /// An invitation by two mediators for the desk with these keys, signed for `trusted`.
    fn invitation(name: &MemberName, vault: &Vault, office: &Office, trusted: &Office) -> Invitation {
        let mediators = [desk("mediator", "us/kigali", 1), desk("mediator", "us/kinshasa", 2)];
        let card = vault.new_card(name, false).unwrap();
        let authority = public_key_of("authority", trusted.pem.as_bytes()).unwrap();
        let mut members: Vec<_> = mediators.iter().map(|it| it.card().into_member(None, None)).collect();
        members.push(card.card().clone().into_member(None, None));
        let log = tearline_ledger::keys::SigningKey::from_seed(&[5; 32]);
        let terms = Terms {
            quorum: 2,
            limits: Limits::default(),
            log_vkey: VerifierKey::new(
                "kivu.example".parse().unwrap(),
                KeyMaterial::Ed25519(log.public().to_bytes()),
            ),
            service: service("tearline.example:7443", &authority),
            members,
            succession: false,
        };
        let draft =
            founding(&mediators[0].name, name.domain(), &"drc".parse().unwrap(), terms, NOW).unwrap().draft;
        let signatures = mediators.iter().map(|it| draft.signature(&it.sign)).collect();
        let signed = draft.with_signatures(signatures).unwrap().signed;
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(name.as_str().try_into().unwrap())];
        let key = SubjectPublicKeyInfo::from_der(vault.tls_public()).unwrap();
        Invitation {
            admission: Admission::new(vec![signed], vec![card.tls_key().clone()]).unwrap(),
            certificate: params.signed_by(&key, &office.issuer).unwrap().pem(),
            authority: office.pem.clone(),
        }
    }

    fn joined(dir: &std::path::Path) -> (Profile, Vault) {
        let name = "spiffe://kivu.example/party/drc/liaison".parse().unwrap();
        let (profile, vault) = (Profile::create(dir, &name).unwrap(), Vault::generate().unwrap());
        profile.put_card(&vault.new_card(&name, false).unwrap()).unwrap();
        (profile, vault)
    }

    #[test]
    fn an_invitation_tells_server_rooms_and_who_signed_and_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let ((mut profile, vault), office) = (joined(dir.path()), office());
        let invitation = invitation(profile.member(), &vault, &office, &office);
        let joining = Joining::check(&profile, &invitation).unwrap();
        assert_eq!(joining.signers.len(), 2);
        joining.keep(&mut profile).unwrap();
        assert_eq!(profile.server().unwrap(), "tearline.example:7443");
        assert_eq!(profile.room(&"drc".parse().unwrap()).unwrap(), joining.rooms[0].0);
        assert!(matches!(joining.keep(&mut profile), Err(JoinError::File(FileError::Exists(_)))));
        joining.renew(&mut profile).unwrap();
        crate::connect::Credentials::load(&profile, &vault).unwrap();
    }

    #[test]
    fn a_renewed_certificate_of_this_desk_takes_the_place_of_the_old_one_and_no_other_does() {
        let dir = tempfile::tempdir().unwrap();
        let ((mut profile, vault), office) = (joined(dir.path()), office());
        let issue = |by: &Office| invitation(profile.member(), &vault, by, &office).certificate;
        let (old, new, foreign) = (issue(&office), issue(&office), issue(&self::office()));
        let others = invitation(profile.member(), &Vault::generate().unwrap(), &office, &office).certificate;
        let before = renew(&profile, new.as_bytes(), NOW);
        assert!(matches!(before, Err(JoinError::NotJoined)), "{before:?}");
        let mut first = invitation(profile.member(), &vault, &office, &office);
        first.certificate.clone_from(&old);
        Joining::check(&profile, &first).unwrap().keep(&mut profile).unwrap();
        let kept = || std::fs::read_to_string(profile.certificate_path()).unwrap();
        for (wrong, at) in [(&foreign, NOW), (&others, NOW), (&new, u64::from(u32::MAX) * 1000)] {
            assert!(renew(&profile, wrong.as_bytes(), at).is_err());
            assert_eq!(kept(), old, "the old one is gone");
        }
        assert!(renew(&profile, b"no certificate", NOW).is_err() && kept() == old);
        renew(&profile, new.as_bytes(), NOW).unwrap();
        assert_eq!(kept(), new);
    }

    #[test]
    fn another_desks_keys_certificate_and_authority_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let ((profile, vault), office) = (joined(dir.path()), office());
        let judge = |invitation: &Invitation| Joining::check(&profile, invitation).unwrap_err();
        let other = Vault::generate().unwrap();
        let name = profile.member();
        assert!(matches!(judge(&invitation(name, &other, &office, &office)), JoinError::OtherKeys(_)));
        let good = invitation(name, &vault, &office, &office);
        let certificate = invitation(name, &other, &office, &office).certificate;
        let swapped = Invitation { certificate, ..good };
        assert!(matches!(judge(&swapped), JoinError::OtherCertificate));
        let foreign = invitation(name, &vault, &office, &self::office());
        assert!(matches!(judge(&foreign), JoinError::OtherAuthority));
        let stranger = "spiffe://kivu.example/party/drc/delegation".parse().unwrap();
        let error = judge(&invitation(&stranger, &vault, &office, &office));
        assert!(matches!(error, JoinError::Admission(AdmissionError::NotNamed(_))));
    }
}
