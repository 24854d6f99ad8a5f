//! Cosignatures: witnesses' statements that at a time they had verified a room up to a checkpoint.
//!
//! Specification: C2SP tlog-cosignature. Type 04 (Ed25519) is made and verified; type 06 (ML-DSA-44)
//! is parsed and carried only. What a witness must check before it signs, and that it never signs two
//! roots at one size, is its own business.

use crate::{
    charter::Member,
    checkpoint::SignedCheckpoint,
    name::Role,
    note::{KeyMaterial, KeyName, NoteError, NoteSigner, SignatureLine, VerifierKey, verify_ed25519},
};

/// Bytes of an ML-DSA-44 signature.
const ML_DSA_44_SIGNATURE_SIZE: usize = 2420;

/// C2SP allows no later time, so that it fits a signed integer.
const LATEST: u64 = i64::MAX.unsigned_abs();

/// Why a cosignature is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// The witness, or whoever handed it over, is at fault.
    #[error("the cosignature by `{0}` does not fit the checkpoint: keep it as evidence and refuse it")]
    BadSignature(KeyName),
    /// The caller is at fault: the line is another's.
    #[error("the line is by `{found}`, not by `{expected}`: give the witness's own key")]
    OtherKey {
        /// Whose key was given.
        expected: KeyName,
        /// Whose line it is.
        found: KeyName,
    },
    /// The caller is at fault: the key is a log's.
    #[error("the key `{0}` cannot cosign: give a witness's key, of type 0x04 or 0x06")]
    NotWitnessKey(KeyName),
    /// The witness's clock is at fault.
    #[error("{0} seconds since 1970 are more than a cosignature can state: set the clock")]
    Time(u64),
    /// The checkpoint holds as many signatures as a note can.
    #[error("the cosignature cannot be added: {0}")]
    Note(#[from] NoteError),
}

/// What is known of a witness's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Of type 06: well-formed, but nothing here can verify it. It counts for nothing.
    Unverified,
    /// Valid, made at this time by the witness's clock, in seconds since 1970.
    At(u64),
}

/// A witness's cosignature of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Who cosigned.
    pub witness: VerifierKey,
    /// Whether it is verified, and its time.
    pub standing: Standing,
}

/// The key under which an auditor cosigns: its signing key, under its desk's name; `None` for any other member.
/// Specification: `docs/spec.md`, section 5.5.
pub fn witness_key(member: &Member) -> Option<VerifierKey> {
    let name = member.name.desk().parse().ok()?;
    let key = KeyMaterial::Ed25519Cosignature(member.sign_key.to_bytes());
    (member.name.role() == Role::Auditor).then(|| VerifierKey::new(name, key))
}

/// Makes the line, of type 04, by which the witness of this name cosigns at `time`, in seconds since
/// 1970. The checkpoint is as it was: see [`attach`].
pub fn cosign(
    checkpoint: &SignedCheckpoint,
    name: &KeyName,
    witness: &dyn NoteSigner,
    time: u64,
) -> Result<SignatureLine, CosignError> {
    if time > LATEST {
        return Err(CosignError::Time(time));
    }
    let key = VerifierKey::new(name.clone(), KeyMaterial::Ed25519Cosignature(witness.public_key()));
    let signature = witness.sign(&message(time, checkpoint.note().unverified_text()));
    Ok(SignatureLine::new(&key, [time.to_be_bytes().as_slice(), &signature].concat()))
}

/// Puts a witness's line on the checkpoint, in the place of an older one; an older line leaves a newer
/// one where it is. A line of type 04 must be valid.
pub fn attach(
    checkpoint: &mut SignedCheckpoint,
    line: SignatureLine,
    witness: &VerifierKey,
) -> Result<Standing, CosignError> {
    if !line.claims(witness) {
        let (expected, found) = (witness.name().clone(), line.name().clone());
        return Err(CosignError::OtherKey { expected, found });
    }
    let standing = judge(checkpoint, &line, witness)?;
    let newer = newest(checkpoint, witness)?.is_some_and(|(_, present)| present > standing);
    if !newer {
        checkpoint.put_line(line)?;
    }
    Ok(standing)
}

/// The newest line by this witness on the checkpoint, and its standing; `None` if there is none. A
/// bad line by it is an error.
pub fn newest<'a>(
    checkpoint: &'a SignedCheckpoint,
    witness: &VerifierKey,
) -> Result<Option<(&'a SignatureLine, Standing)>, CosignError> {
    let mut newest = None;
    for line in checkpoint.note().signatures().iter().filter(|line| line.claims(witness)) {
        let standing = judge(checkpoint, line, witness)?;
        if newest.is_none_or(|(_, before)| before < standing) {
            newest = Some((line, standing));
        }
    }
    Ok(newest)
}

/// The cosignatures by these witnesses, in their order, the newest of each. A bad line by one of them
/// is an error; lines of others are ignored.
pub fn cosignatures(
    checkpoint: &SignedCheckpoint,
    witnesses: &[VerifierKey],
) -> Result<Vec<Cosignature>, CosignError> {
    let mut out: Vec<Cosignature> = Vec::new();
    for witness in witnesses {
        if let Some((_, standing)) = newest(checkpoint, witness)?
            && out.iter().all(|other| other.witness != *witness)
        {
            out.push(Cosignature { witness: witness.clone(), standing });
        }
    }
    Ok(out)
}

/// Those witnesses whose cosignatures are verified, as a policy counts them.
pub fn verified_witnesses(cosignatures: &[Cosignature]) -> Vec<VerifierKey> {
    let verified = cosignatures.iter().filter(|one| matches!(one.standing, Standing::At(_)));
    verified.map(|one| one.witness.clone()).collect()
}

/// The time of a valid signature of type 04 over this note text; `None` if it is not valid.
pub(crate) fn verify(key: &[u8; 32], text: &str, signature: &[u8]) -> Option<u64> {
    let (time, signature) = timed(signature)?;
    verify_ed25519(key, &message(time, text), signature).then_some(time)
}

/// Whether these bytes have the form of a signature of type 06.
pub(crate) fn is_ml_dsa_44(signature: &[u8]) -> bool {
    timed(signature).is_some_and(|(_, signature)| signature.len() == ML_DSA_44_SIGNATURE_SIZE)
}

fn judge(
    checkpoint: &SignedCheckpoint,
    line: &SignatureLine,
    witness: &VerifierKey,
) -> Result<Standing, CosignError> {
    let standing = match witness.material() {
        KeyMaterial::Ed25519(_) => return Err(CosignError::NotWitnessKey(witness.name().clone())),
        KeyMaterial::Ed25519Cosignature(key) => {
            verify(key, checkpoint.note().unverified_text(), line.signature()).map(Standing::At)
        }
        KeyMaterial::MlDsa44Cosignature(_) => is_ml_dsa_44(line.signature()).then_some(Standing::Unverified),
    };
    standing.ok_or_else(|| CosignError::BadSignature(witness.name().clone()))
}

fn timed(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    (time <= LATEST).then_some((time, signature))
}

fn message(time: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        checkpoint::sample,
        note::{ML_DSA_44_KEY_SIZE, SeedSigner},
    };

    const TIME: u64 = 1_700_000_000;
    const LINE: &str = "— un/monitor-1 HBqP/QAAAABlU/EAnswMOeEMPmPJqSpXk59skMqd0gUHboFHW3YlAe7i\
        pOSScu7l+XOzDz12n8gMrkK3mOnb/Nead0ZNF8cZJFr5Bg==";

    fn name() -> KeyName {
        "un/monitor-1".parse().unwrap()
    }

    fn checkpoint() -> SignedCheckpoint {
        sample(&SeedSigner::new(1))
    }

    fn post_quantum() -> VerifierKey {
        VerifierKey::new(name(), KeyMaterial::MlDsa44Cosignature(Box::new([6; ML_DSA_44_KEY_SIZE])))
    }

    #[test]
    fn a_cosignature_has_fixed_bytes() {
        let line = cosign(&checkpoint(), &name(), &SeedSigner::new(2), TIME).unwrap();
        assert_eq!(line.to_string(), LINE);
        assert_eq!(message(TIME, "a\n1\nb\n"), b"cosignature/v1\ntime 1700000000\na\n1\nb\n");
    }

    #[test]
    fn an_attached_cosignature_is_listed_and_travels() {
        let (witness, mut signed) = (SeedSigner::new(2), checkpoint());
        let key = witness.witness_key("un/monitor-1");
        assert_eq!(attach(&mut signed, LINE.parse().unwrap(), &key), Ok(Standing::At(TIME)));
        let log = signed.origin().log_key(&SeedSigner::new(1).log_key("kivu.example"));
        let again = SignedCheckpoint::open(&signed.to_bytes(), &log).unwrap();
        let stranger = SeedSigner::new(3).witness_key("un/monitor-1");
        let found = cosignatures(&again, &[stranger, key.clone(), key.clone()]).unwrap();
        assert_eq!(found, [Cosignature { witness: key.clone(), standing: Standing::At(TIME) }]);
        assert_eq!(verified_witnesses(&found), std::slice::from_ref(&key));
        assert_eq!(again.note().verify(&[log.clone(), key.clone()]).unwrap().signers(), [log, key]);
    }

    #[test]
    fn only_the_newest_cosignature_of_a_witness_is_kept() {
        let (witness, mut signed) = (SeedSigner::new(2), checkpoint());
        let key = witness.witness_key("un/monitor-1");
        for (time, newest_time) in [(TIME, TIME), (TIME + 9, TIME + 9), (TIME + 5, TIME + 9)] {
            let line = cosign(&signed, &name(), &witness, time).unwrap();
            attach(&mut signed, line, &key).unwrap();
            assert_eq!(newest(&signed, &key).unwrap().unwrap().1, Standing::At(newest_time));
            assert_eq!(signed.other_lines().count(), 1);
        }
    }

    #[test]
    fn a_cosignature_that_does_not_fit_is_refused() {
        let (witness, mut signed) = (SeedSigner::new(2), checkpoint());
        let key = witness.witness_key("un/monitor-1");
        let good: SignatureLine = LINE.parse().unwrap();
        let bad = Err(CosignError::BadSignature(name()));
        for at in 0..good.signature().len() {
            let mut signature = good.signature().to_vec();
            signature[at] ^= 1;
            assert_eq!(attach(&mut signed, SignatureLine::new(&key, signature), &key), bad);
        }
        for length in [0, 7, 8, 71] {
            let signature = good.signature()[..length].to_vec();
            assert_eq!(attach(&mut signed, SignatureLine::new(&key, signature), &key), bad);
        }
        let other = sample(&SeedSigner::new(1)).checkpoint().clone();
        let mut other = crate::checkpoint::Checkpoint { size: crate::merkle::TreeSize(43), ..other }
            .sign(&SeedSigner::new(1))
            .unwrap();
        assert_eq!(attach(&mut other, good.clone(), &key), bad);

        let stranger = SeedSigner::new(3).witness_key("rw/monitor");
        let expected = stranger.name().clone();
        let refused = Err(CosignError::OtherKey { expected, found: name() });
        assert_eq!(attach(&mut signed, good, &stranger), refused);
        assert_eq!(signed, checkpoint());
    }

    #[test]
    fn a_bad_line_of_a_known_witness_is_an_error_and_of_an_unknown_one_is_not() {
        let key = SeedSigner::new(2).witness_key("un/monitor-1");
        let mut signed = checkpoint();
        signed.put_line(SignatureLine::new(&key, vec![1; 72])).unwrap();
        assert_eq!(cosignatures(&signed, std::slice::from_ref(&key)), Err(CosignError::BadSignature(name())));
        let other = SeedSigner::new(3).witness_key("un/monitor-1");
        assert_eq!(cosignatures(&signed, &[other]), Ok(vec![]));
    }

    #[test]
    fn a_post_quantum_cosignature_is_carried_and_counts_for_nothing() {
        let (mut signed, key) = (checkpoint(), post_quantum());
        let blob = |length| [TIME.to_be_bytes().as_slice(), &vec![7; length]].concat();
        let line = SignatureLine::new(&key, blob(ML_DSA_44_SIGNATURE_SIZE));
        assert_eq!(attach(&mut signed, line, &key), Ok(Standing::Unverified));
        let found = cosignatures(&signed, std::slice::from_ref(&key)).unwrap();
        assert_eq!(found, [Cosignature { witness: key.clone(), standing: Standing::Unverified }]);
        assert_eq!(verified_witnesses(&found), []);
        assert_eq!(signed.note().verify(std::slice::from_ref(&key)), Err(NoteError::Unsigned { known: 1 }));

        let short = SignatureLine::new(&key, blob(ML_DSA_44_SIGNATURE_SIZE - 1));
        assert_eq!(attach(&mut signed, short.clone(), &key), Err(CosignError::BadSignature(name())));
        signed.put_line(short).unwrap();
        assert_eq!(signed.note().verify(&[key]), Err(NoteError::BadSignature(name())));
    }

    #[test]
    fn times_that_no_cosignature_can_state_are_refused() {
        let witness = SeedSigner::new(2);
        let sign = |time| cosign(&checkpoint(), &name(), &witness, time);
        assert!(sign(LATEST).is_ok());
        assert_eq!(sign(LATEST + 1), Err(CosignError::Time(LATEST + 1)));
        let key = witness.witness_key("un/monitor-1");
        let text = checkpoint().checkpoint().text();
        let signature = witness.sign(&message(LATEST + 1, &text));
        let late = [(LATEST + 1).to_be_bytes().as_slice(), &signature].concat();
        assert_eq!(
            attach(&mut checkpoint(), SignatureLine::new(&key, late), &key),
            Err(CosignError::BadSignature(name()))
        );
    }

    #[test]
    fn a_logs_key_does_not_cosign() {
        let log = SeedSigner::new(1);
        let key = checkpoint().origin().log_key(&log.log_key("kivu.example"));
        assert_eq!(
            cosignatures(&checkpoint(), std::slice::from_ref(&key)),
            Err(CosignError::NotWitnessKey(key.name().clone()))
        );
    }
}
