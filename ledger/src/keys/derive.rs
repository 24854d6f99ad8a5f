//! Derivation of secrets: HKDF-SHA256 (RFC 5869) over ring's HMAC.
//!
//! ring's own HKDF can fail by length at run time; here the length is a type, so that no caller has to
//! decide what a failed derivation means. Knows nothing of what is derived.

use ring::hmac::{Context, HMAC_SHA256, Key, sign};
use zeroize::Zeroizing;

const BLOCK: usize = 32;

/// `N` bytes of HKDF-SHA256; an empty salt is RFC 5869's default salt.
pub(crate) fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * BLOCK, "RFC 5869 ends after 255 blocks") };
    let extracted = Key::new(HMAC_SHA256, sign(&Key::new(HMAC_SHA256, salt), secret).as_ref());
    let mut out = Zeroizing::new([0; N]);
    let mut previous = None;
    for (counter, block) in (1u8..=255).zip(out.chunks_mut(BLOCK)) {
        let mut context = Context::with_key(&extracted);
        if let Some(previous) = &previous {
            context.update(AsRef::<[u8]>::as_ref(previous));
        }
        context.update(info);
        context.update(&[counter]);
        let tag = context.sign();
        for (to, from) in block.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        previous = Some(tag);
    }
    out
}

#[cfg(test)]
mod tests {
    use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

    use super::*;

    #[test]
    fn the_vectors_of_rfc_5869_come_out() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        assert_eq!(
            hex::encode(*derive::<42>(&salt, &[0x0b; 22], &info)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
        assert_eq!(
            hex::encode(*derive::<42>(b"", &[0x0b; 22], b"")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        );
    }

    #[test]
    fn the_longest_output_is_that_of_ring() {
        struct Longest;
        impl KeyType for Longest {
            fn len(&self) -> usize {
                255 * BLOCK
            }
        }
        let mut expected = vec![0; 255 * BLOCK];
        let prk = Salt::new(HKDF_SHA256, b"salt").extract(b"secret");
        prk.expand(&[b"info"], Longest).unwrap().fill(&mut expected).unwrap();
        assert_eq!(derive::<{ 255 * BLOCK }>(b"salt", b"secret", b"info").as_slice(), expected);
    }
}
