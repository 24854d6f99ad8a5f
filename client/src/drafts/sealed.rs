//! The bytes of a draft's file: padded, and encrypted under a key of its own that follows from the desk's.
//!
//! Specification: `docs/spec.md`, annex F. Knows neither what a draft says nor where its file lies.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};
use tearline_ledger::digest::frame;
use zeroize::Zeroizing;

/// What every file begins with.
const FIRST_LINE: &[u8; 18] = b"tearline draft v1\n";
/// Bytes of a salt.
pub(super) const SALT_LEN: usize = 32;
/// What is encrypted is a multiple of this long, so that a file's size says little.
const BLOCK: usize = 4096;
const LENGTH_LEN: usize = 4;

/// Encrypts what a draft says. The salt must be fresh.
///
/// `None` if it is longer than 4 GiB, or the cipher refuses to work.
pub(super) fn seal(secret: &[u8; 32], member: &str, salt: &[u8; SALT_LEN], plain: &[u8]) -> Option<Vec<u8>> {
    let padded = (LENGTH_LEN + plain.len()).next_multiple_of(BLOCK);
    // Of this size from the start: bytes that grew would leave copies of themselves behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(padded));
    bytes.extend_from_slice(&u32::try_from(plain.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(plain);
    bytes.resize(padded, 0);
    let tag = cipher(secret, member, salt)?
        .seal_in_place_separate_tag(nonce(), Aad::from(FIRST_LINE), &mut bytes)
        .ok()?;
    Some([FIRST_LINE.as_slice(), salt, &bytes, tag.as_ref()].concat())
}

/// What a draft says; `None` if these bytes are not what this desk's secret encrypted.
pub(super) fn open(secret: &[u8; 32], member: &str, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, sealed) = bytes.strip_prefix(FIRST_LINE)?.split_first_chunk::<SALT_LEN>()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let padded =
        cipher(secret, member, salt)?.open_in_place(nonce(), Aad::from(FIRST_LINE), &mut sealed).ok()?;
    let (length, rest) = padded.split_first_chunk::<LENGTH_LEN>()?;
    let (plain, padding) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let good = padding.len() < BLOCK && padding.iter().all(|byte| *byte == 0);
    good.then(|| Zeroizing::new(plain.to_vec()))
}

/// Each file has its own key, so one nonce serves all.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn cipher(secret: &[u8; 32], member: &str, salt: &[u8; SALT_LEN]) -> Option<LessSafeKey> {
    let info = frame(&[b"tearline/v1/draft", member.as_bytes()]);
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    let info = [info.as_slice()];
    let key = key.expand(&info, &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(key)))
}

#[cfg(test)]
mod tests {
    use tearline_ledger::digest::Digest;

    use super::*;

    const MEMBER: &str = "spiffe://kivu.example/party/drc/liaison";

    fn sealed(plain: &[u8]) -> Vec<u8> {
        seal(&[7; 32], MEMBER, &[5; SALT_LEN], plain).unwrap()
    }

    #[test]
    fn the_bytes_of_a_draft_are_unchanged() {
        let bytes = sealed(b"kind note\nkept 1705239000\n\n---\n");
        assert_eq!(bytes.len(), 18 + 32 + 4096 + 16);
        assert_eq!(bytes[..50], [b"tearline draft v1\n".as_slice(), &[5; 32]].concat());
        assert_eq!(Digest::of(&bytes).to_hex(), SHA256);
    }

    #[test]
    fn what_was_sealed_opens_and_its_size_says_little() {
        for length in [0, 1, 4091, 4092, 4093, 10_000] {
            let plain = vec![b'x'; length];
            let bytes = sealed(&plain);
            assert_eq!(bytes.len() % 4096, 18 + 32 + 16, "{length}");
            assert_eq!(open(&[7; 32], MEMBER, &bytes).unwrap().as_slice(), plain);
        }
        assert_eq!(sealed(b"a").len(), sealed(&[b'a'; 4092]).len());
    }

    #[test]
    fn another_desk_another_secret_and_any_altered_byte_open_nothing() {
        let bytes = sealed(b"text");
        assert!(open(&[8; 32], MEMBER, &bytes).is_none());
        assert!(open(&[7; 32], "spiffe://kivu.example/party/drc/envoy", &bytes).is_none());
        for at in [0, 17, 18, 49, 50, 60, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(open(&[7; 32], MEMBER, &bad).is_none(), "{at}");
        }
        for length in [0, 17, 18, 49, 50, 65, 66, bytes.len() - 1] {
            assert!(open(&[7; 32], MEMBER, &bytes[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn padding_that_says_something_or_hides_a_length_is_refused() {
        let mut padded = vec![0; 4096];
        for (length, at) in [(4093_u32, None), (u32::MAX, None), (1, Some(10))] {
            padded.fill(0);
            padded[..4].copy_from_slice(&length.to_be_bytes());
            if let Some(at) = at {
                let at: usize = at;
                padded[at] = 1;
            }
            let mut bytes = padded.clone();
            let cipher = cipher(&[7; 32], MEMBER, &[5; SALT_LEN]).unwrap();
            cipher.seal_in_place_append_tag(nonce(), Aad::from(FIRST_LINE), &mut bytes).unwrap();
            let bytes = [FIRST_LINE.as_slice(), &[5; SALT_LEN], &bytes].concat();
            assert!(open(&[7; 32], MEMBER, &bytes).is_none(), "{length}");
        }
    }

    const SHA256: &str = "a2ba276920ea294dd06a2e378e168ed4302c70e45a405a7d905fed232decba20";
}
