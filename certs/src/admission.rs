//! Certificates on admission: what the mediators signed becomes certificates and invitations.
//!
//! Everything is judged and signed in memory first; then the chamber and the index are made durable,
//! and only then does a certificate leave. Where the files go is the caller's matter (`docs/spec.md`,
//! section 10).

use std::{fs::File, io::Read, path::Path};

use tearline_ledger::{
    admission::{Admission, AdmissionError, Invitation},
    armor::PAPER_MAX,
    name::MemberName,
};

use crate::{
    Admitted,
    authority::{Authority, Held},
    chamber::{CHAMBER_FILE, Chamber, REMEDY},
    entry::Entry,
    error::Error,
    files::failed,
    issue::Issued,
    moment::Moment,
    profile::Profile,
    subject::Subject,
    tls_key::TlsKey,
};

/// Reads an admission file. Every signature in it verifies; whose they are is for [`Authority::admit`].
pub fn read(path: &Path) -> Result<Admission, Error> {
    let mut bytes = Vec::new();
    let most = u64::try_from(PAPER_MAX).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|source| failed("read", path, source))?;
    Admission::from_text(&String::from_utf8_lossy(&bytes))
        .map_err(|fault| Error::NotAnAdmission { path: path.to_owned(), fault: Box::new(fault) })
}

/// An admission that was found good, with its certificates signed in memory. Holds the authority's lock;
/// dropped without [`Admitting::commit`] it leaves nothing behind.
pub struct Admitting<'a> {
    authority: &'a Authority,
    admission: &'a Admission,
    held: Held,
    chamber: Option<Chamber>,
    issued: Vec<Issued>,
    skipped: Vec<Entry>,
}

/// What came of an admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Members with new certificates.
    pub invited: Vec<Invited>,
    /// Certificates that are good and for the admitted key already, so that none was signed.
    pub skipped: Vec<Entry>,
    /// The chamber, if it was founded or changed by this admission.
    pub chamber: Option<Chamber>,
}

/// A member with a new certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The certificate.
    pub issued: Issued,
    /// The invitation file's text: the charters that name the member, and the certificate.
    pub invitation: String,
}

impl Authority {
    /// Judges an admission and signs its members' certificates for 90 days, for all of them or for none.
    /// Nothing is kept before [`Admitting::commit`].
    pub fn admit<'a>(&'a self, admission: &'a Admission) -> Result<Admitting<'a>, Error> {
        admission.require_quorum()?;
        let now = Moment::now();
        let mut held = self.hold()?;
        let known = Chamber::load(&self.dir)?;
        if known.is_none() && held.index.entries.iter().any(Entry::is_members) {
            // Without it a stranger's chamber could take the place of the one that was served.
            return Err(Error::Damaged {
                path: self.dir.join(CHAMBER_FILE),
                what: "it is gone, although members have certificates".to_owned(),
                remedy: REMEDY,
            });
        }
        let chamber = Chamber::after(known.as_ref(), admission, self.ca_spki_sha256())?;
        let chamber = (known.as_ref() != Some(&chamber)).then_some(chamber);
        let (mut issued, mut skipped) = (Vec::new(), Vec::new());
        for admitted in members(admission)? {
            match good_already(&held, &admitted, now) {
                Some(entry) => skipped.push(entry),
                None => issued.push(self.issue_one(&mut held, &admitted, Profile::standard(now), now)?),
            }
        }
        if issued.is_empty() && skipped.is_empty() && chamber.is_none() {
            return Err(Error::Nobody);
        }
        Ok(Admitting { authority: self, admission, held, chamber, issued, skipped })
    }

    /// The chamber that this authority serves; `None` before the first admission.
    pub fn chamber(&self) -> Result<Option<Chamber>, Error> {
        Chamber::load(&self.dir)
    }
}

impl Admitting<'_> {
    /// Who will get a certificate.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.issued.iter().map(|issued| &issued.entry.subject)
    }

    /// Makes it durable, and lets the certificates out.
    pub fn commit(self) -> Result<Outcome, Error> {
        let Self { authority, admission, held, chamber, issued, skipped } = self;
        let invited = issued
            .into_iter()
            .map(|issued| Ok(Invited { invitation: invitation(authority, admission, &issued)?, issued }))
            .collect::<Result<Vec<_>, Error>>()?;
        // The chamber first: a member in the index means that there is one.
        if let Some(chamber) = &chamber {
            chamber.save(&authority.dir)?;
        }
        if !invited.is_empty() {
            held.index.save(&authority.dir)?;
        }
        Ok(Outcome { invited, skipped, chamber })
    }
}

/// The admitted members with their keys, each of which every charter agrees upon.
fn members(admission: &Admission) -> Result<Vec<Admitted>, Error> {
    let mut out = Vec::new();
    for (member, spki) in admission.admitted() {
        let elsewhere = admission.charters().filter_map(|(_, charter)| charter.member(&member.name));
        if elsewhere.into_iter().any(|other| other.tls_key != member.tls_key) {
            return Err(Error::TwoKeys(member.name.to_string()));
        }
        let tls_key = TlsKey::from_spki_der(spki)?;
        out.push(Admitted { name: member.name.clone(), tls_key });
    }
    Ok(out)
}

fn good_already(held: &Held, admitted: &Admitted, now: Moment) -> Option<Entry> {
    let good = |entry: &&Entry| {
        entry.is_live(now) && entry.tls_key == admitted.tls_key && entry.subject.is_member(&admitted.name)
    };
    held.index.entries.iter().filter(good).max_by_key(|entry| entry.not_after).cloned()
}

/// What the desk gets: the charters that name it and no others, since that another room exists is not for it
/// to know.
fn invitation(authority: &Authority, admission: &Admission, issued: &Issued) -> Result<String, Error> {
    let Subject::Member(name) = &issued.entry.subject else {
        return Err(Error::Unknown(issued.entry.subject.to_string()));
    };
    let invitation = Invitation {
        admission: only(admission, name, &issued.entry.tls_key)?,
        certificate: issued.pem.clone(),
        authority: authority.ca_pem().to_owned(),
    };
    Ok(invitation.to_text(&format!("Tearline invitation of {}", name.desk())))
}

fn only(admission: &Admission, name: &MemberName, key: &TlsKey) -> Result<Admission, AdmissionError> {
    let rooms: Vec<_> =
        admission.charters().filter_map(|(room, charter)| charter.member(name).map(|_| room)).collect();
    let charters =
        admission.statements().iter().filter(|signed| rooms.contains(&signed.room())).cloned().collect();
    Admission::new(charters, vec![key.spki_der().to_vec().into()])
}
