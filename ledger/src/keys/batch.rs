//! Many Ed25519 signatures checked at once, three to four times faster than one by one.
//!
//! Specification: `docs/spec.md`, section 13. ZIP 215 promises the same answer as single checks; which
//! of them failed is found by single checks, so an attacker's bad signature costs time, not others.

use ed25519_zebra::{Signature, VerificationKeyBytes, batch};

use super::{ByteStream, PublicKey, SIGNATURE_LEN};

/// zebra draws a 128-bit coefficient for each signature.
const COEFFICIENT_LEN: usize = 16;

/// Signatures waiting to be checked together.
#[derive(Default)]
pub struct Batch {
    items: Vec<batch::Item>,
}

impl Batch {
    /// An empty batch, which verifies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the claim that `key` signed `message`; it is hashed now, not kept.
    pub fn push(&mut self, key: &PublicKey, signature: &[u8; SIGNATURE_LEN], message: &[u8]) {
        self.push_bytes(VerificationKeyBytes::from(key.to_bytes()), signature, message);
    }

    /// How many signatures are waiting.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is waiting.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Checks all; on failure, the indices of those that are not valid, in the order of `push`.
    pub fn verify(self) -> Result<(), Vec<usize>> {
        if self.verify_together() {
            return Ok(());
        }
        let failed: Vec<usize> = self
            .items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| item.verify_single().is_err().then_some(index))
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    fn push_bytes(&mut self, key: VerificationKeyBytes, signature: &[u8; SIGNATURE_LEN], message: &[u8]) {
        self.items.push(batch::Item::from((key, Signature::from_bytes(signature), message)));
    }

    /// False if any is not valid, and if randomness is missing, without which a forger could make
    /// errors cancel out: single checks need none.
    fn verify_together(&self) -> bool {
        let Some(length) = self.items.len().checked_mul(COEFFICIENT_LEN) else { return false };
        let Ok(mut coefficients) = ByteStream::fresh(length) else { return false };
        let mut verifier = batch::Verifier::new();
        for item in &self.items {
            verifier.queue(item.clone());
        }
        verifier.verify(&mut coefficients).is_ok() && !coefficients.ran_out()
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::{constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
    use ed25519_zebra::VerificationKey;

    use super::*;
    use crate::keys::SigningKey;

    fn single(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
        VerificationKey::try_from(*key)
            .and_then(|key| key.verify(&Signature::from_bytes(signature), message))
            .is_ok()
    }

    fn batched(cases: &[([u8; 32], [u8; 64])], message: &[u8]) -> Batch {
        let mut batch = Batch::new();
        for (key, signature) in cases {
            batch.push_bytes(VerificationKeyBytes::from(*key), signature, message);
        }
        batch
    }

    /// The 14 encodings of the 8 points of small order: 8 canonical, 6 not.
    fn small_order_encodings() -> Vec<[u8; 32]> {
        let mut out: Vec<_> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
        let mut candidates = Vec::new();
        for low in [0x01, 0xec, 0xed, 0xee] {
            let rest = if low == 0x01 { 0 } else { 0xff };
            for sign in [rest & 0x7f, rest | 0x80] {
                let mut bytes = [rest; 32];
                bytes[0] = low;
                bytes[31] = sign;
                candidates.push(bytes);
            }
        }
        for bytes in candidates {
            let point = CompressedEdwardsY(bytes).decompress().unwrap();
            assert!(point.is_small_order());
            if !out.contains(&bytes) {
                out.push(bytes);
            }
        }
        out
    }

    #[test]
    fn single_and_batch_accept_all_196_small_order_cases_of_zip_215() {
        let encodings = small_order_encodings();
        assert_eq!(encodings.len(), 14);
        let mut cases = Vec::new();
        for key in &encodings {
            for r in &encodings {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(r);
                cases.push((*key, signature));
            }
        }
        assert_eq!(cases.len(), 196);
        for case in &cases {
            assert!(single(&case.0, &case.1, b"Zcash"));
            assert_eq!(batched(&[*case], b"Zcash").verify(), Ok(()));
            assert!(batched(&[*case], b"Zcash").verify_together());
        }
        assert!(batched(&cases, b"Zcash").verify_together());
    }

    #[test]
    fn single_and_batch_refuse_a_malleable_s() {
        let key = SigningKey::from_seed(&[7; 32]);
        let mut signature = key.sign(b"text");
        let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let mut carry = 0u16;
        for (byte, order) in signature[32..].iter_mut().zip(hex::decode(order).unwrap()) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        assert!(!single(&key.public().to_bytes(), &signature, b"text"));
        assert_eq!(batched(&[(key.public().to_bytes(), signature)], b"text").verify(), Err(vec![0]));
    }

    #[test]
    fn single_and_batch_refuse_what_is_no_point() {
        let mut no_point = [0; 32];
        no_point[0] = 2;
        let mut no_r = SigningKey::from_seed(&[7; 32]).sign(b"text");
        no_r[..32].copy_from_slice(&no_point);
        for (key, signature) in
            [(no_point, [0; 64]), (SigningKey::from_seed(&[7; 32]).public().to_bytes(), no_r)]
        {
            assert!(!single(&key, &signature, b"text"));
            assert_eq!(batched(&[(key, signature)], b"text").verify(), Err(vec![0]));
        }
    }

    #[test]
    fn a_batch_names_exactly_those_that_fail() {
        let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
        let mut batch = Batch::new();
        for index in 0..40usize {
            let key = &keys[index % 4];
            let message = format!("text {index}");
            let mut signature = key.sign(message.as_bytes());
            if index == 3 || index == 39 {
                signature[10] ^= 1;
            }
            batch.push(&key.public(), &signature, message.as_bytes());
        }
        assert_eq!(batch.len(), 40);
        assert_eq!(batch.verify(), Err(vec![3, 39]));
    }

    #[test]
    fn a_batch_of_good_signatures_and_an_empty_one_verify() {
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        for index in 0..20u8 {
            let key = SigningKey::from_seed(&[index; 32]);
            batch.push(&key.public(), &key.sign(&[index]), &[index]);
        }
        assert!(batch.verify_together());
        assert_eq!(batch.verify(), Ok(()));
        assert_eq!(Batch::new().verify(), Ok(()));
    }
}
