//! Manifests: what a briefing committed to for one room, showing neither how many portions there are
//! nor which.
//!
//! Specification: `docs/spec.md`, section 9.4. A manifest is a pure function of briefing and room. This
//! file knows texts and salts; whether a portion may be shown is decided elsewhere.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    digest::{Digest, frame, frame_digest},
    keys::derive,
};

/// Values of a manifest, portions and decoys together.
pub const MANIFEST_VALUES: usize = 64;
/// The most portions of a briefing: there is always a decoy, so nobody can know that they hold all.
pub const MAX_PORTIONS: usize = MANIFEST_VALUES - 1;
/// Bytes of a manifest.
pub const MANIFEST_LEN: usize = MANIFEST_VALUES * VALUE_LEN;
const VALUE_LEN: usize = 32;
/// The blind, and a salt or decoy for each value.
const SECRET_LEN: usize = VALUE_LEN + MANIFEST_LEN;
const LABEL: &[u8] = b"tearline/v1/manifest";

/// Why there is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The briefing has none, or too many to hide.
    #[error("a briefing has 1 to {MAX_PORTIONS} portions, not {0}: split it")]
    Portions(usize),
    /// Not 64 values of 32 bytes.
    #[error(
        "the manifest has {0} bytes instead of {MANIFEST_LEN}: whoever sealed it did not follow the protocol"
    )]
    Length(usize),
    /// Not strictly ascending: the order could carry a message.
    #[error(
        "value {0} of the manifest is not above the one before: whoever sealed it did not follow the protocol"
    )]
    Order(usize),
}

/// 64 values, ascending: commitments to portions, and decoys that look the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest([Digest; MANIFEST_VALUES]);

impl Manifest {
    /// The manifest that these 2048 bytes are.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        let length = || ManifestError::Length(bytes.len());
        let (values, rest) = bytes.as_chunks::<VALUE_LEN>();
        if !rest.is_empty() {
            return Err(length());
        }
        let values: &[[u8; VALUE_LEN]; MANIFEST_VALUES] = values.try_into().map_err(|_| length())?;
        let values = values.map(Digest);
        match values.iter().zip(values.iter().skip(1)).position(|(one, next)| one >= next) {
            Some(before) => Err(ManifestError::Order(before + 2)),
            None => Ok(Self(values)),
        }
    }

    /// The 2048 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|value| value.0).collect()
    }

    /// What posts name: SHA-256(frame("tearline/v1/manifest", blind, manifest)).
    pub fn digest(&self, blind: &[u8; 32]) -> Digest {
        frame_digest(&[LABEL, blind, &self.to_bytes()])
    }

    /// Whether this very text was recorded, under this salt.
    pub fn contains(&self, salt: &[u8; 32], text: &str) -> bool {
        self.0.binary_search(&value(salt, text)).is_ok()
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({})", Digest::of(&self.to_bytes()))
    }
}

/// A briefing's manifest for one room, with what opens it; wiped when dropped. Chamber only.
pub struct RoomManifest {
    secret: Zeroizing<[u8; SECRET_LEN]>,
    portions: usize,
    manifest: Manifest,
}

impl RoomManifest {
    /// The manifest for this room of the briefing with this seed and these portions, without marks,
    /// in order.
    pub fn new<T: AsRef<str>>(seed: &[u8; 32], room: &Digest, texts: &[T]) -> Result<Self, ManifestError> {
        if texts.is_empty() || texts.len() > MAX_PORTIONS {
            return Err(ManifestError::Portions(texts.len()));
        }
        let secret = derive(b"", seed, &frame(&[LABEL, room.as_ref()]));
        let (_, drawn) = split(&secret);
        let mut values = [Digest::default(); MANIFEST_VALUES];
        let mut texts_left = texts.iter();
        for (to, drawn) in values.iter_mut().zip(drawn) {
            *to = texts_left.next().map_or(Digest(*drawn), |text| value(drawn, text.as_ref()));
        }
        values.sort_unstable();
        Ok(Self { secret, portions: texts.len(), manifest: Manifest(values) })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What a release carries, so that its recipient can compute the digest.
    pub fn blind(&self) -> [u8; 32] {
        split(&self.secret).0
    }

    /// The salt of a portion, counted from 0; `None` if there is no such portion.
    pub fn salt(&self, portion: usize) -> Option<[u8; 32]> {
        if portion >= self.portions {
            return None;
        }
        split(&self.secret).1.get(portion).copied()
    }

    /// What the briefing's post and each release's post name.
    pub fn digest(&self) -> Digest {
        self.manifest.digest(&self.blind())
    }
}

impl fmt::Debug for RoomManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomManifest(of {:?})", self.manifest)
    }
}

/// The blind, and the salt or decoy of each value.
fn split(secret: &[u8; SECRET_LEN]) -> ([u8; 32], &[[u8; VALUE_LEN]]) {
    let (parts, _) = secret.as_chunks::<VALUE_LEN>();
    parts.split_first().map_or(([0; 32], &[]), |(blind, drawn)| (*blind, drawn))
}

fn value(salt: &[u8; 32], text: &str) -> Digest {
    frame_digest(&[b"tearline/v1/portion", salt, text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 2] = ["first", "second"];

    fn of_room(room: u8) -> RoomManifest {
        RoomManifest::new(&[7; 32], &Digest([room; 32]), &TEXTS).unwrap()
    }

    #[test]
    fn the_manifest_layout_is_unchanged() {
        let room = of_room(6);
        let bytes = room.manifest().to_bytes();
        assert_eq!(
            Digest::of(&bytes).to_hex(),
            "34c65fbfda0d524ac6b8564a5a4bede836d8ed09728bbab60120a0c0292eb0fa"
        );
        assert_eq!(
            room.digest().to_hex(),
            "0e5451b300a91d46361049988249a7c69b0e728dfdae8b525dc491e419ebc4fd"
        );
        assert_eq!(
            hex::encode(room.salt(1).unwrap()),
            "6e9aa56eef3091b5cc086951301f3c310ed4d77bde966c7c753c5d39bcdfa312"
        );
        assert_eq!(Manifest::from_bytes(&bytes).as_ref(), Ok(room.manifest()));
        assert_eq!(room.manifest().digest(&room.blind()), room.digest());
    }

    #[test]
    fn a_portion_is_found_by_its_own_salt_and_text_only() {
        let room = of_room(6);
        let (first, second) = (room.salt(0).unwrap(), room.salt(1).unwrap());
        assert!(room.manifest().contains(&first, "first") && room.manifest().contains(&second, "second"));
        assert!(!room.manifest().contains(&second, "first"));
        assert!(!room.manifest().contains(&first, "First"));
        assert!(!room.manifest().contains(&first, ""));
        assert!(!of_room(5).manifest().contains(&first, "first"));
    }

    #[test]
    fn the_salt_of_a_decoy_is_not_given_out() {
        assert_eq!(of_room(6).salt(2), None);
        assert_eq!(of_room(6).salt(64), None);
    }

    #[test]
    fn manifests_of_two_rooms_have_no_value_in_common() {
        let (one, two) = (of_room(5), of_room(6));
        assert!(one.manifest().0.iter().all(|value| !two.manifest().0.contains(value)));
        assert_ne!(one.digest(), two.digest());
    }

    #[test]
    fn equal_portions_have_different_values() {
        let room = RoomManifest::new(&[7; 32], &Digest([6; 32]), &["same", "same"]).unwrap();
        assert!(Manifest::from_bytes(&room.manifest().to_bytes()).is_ok());
    }

    #[test]
    fn briefings_without_portions_or_without_a_decoy_are_refused() {
        let of = |count: usize| {
            RoomManifest::new(&[7; 32], &Digest([6; 32]), &vec!["text"; count]).map(|room| room.digest())
        };
        assert_eq!(of(0), Err(ManifestError::Portions(0)));
        assert_eq!(of(64), Err(ManifestError::Portions(64)));
        assert!(of(1).is_ok() && of(63).is_ok());
    }

    #[test]
    fn bytes_of_wrong_length_or_order_are_refused() {
        let good = of_room(6).manifest().to_bytes();
        for length in [0, 32, 2016, 2047] {
            assert_eq!(Manifest::from_bytes(&good[..length]), Err(ManifestError::Length(length)));
        }
        let longer = [good.as_slice(), &[0xff; 32]].concat();
        assert_eq!(Manifest::from_bytes(&longer), Err(ManifestError::Length(2080)));
        let mut swapped = good.clone();
        swapped[..64].rotate_left(32);
        assert_eq!(Manifest::from_bytes(&swapped), Err(ManifestError::Order(2)));
        let mut doubled = good;
        doubled.copy_within(62 * 32..63 * 32, 63 * 32);
        assert_eq!(Manifest::from_bytes(&doubled), Err(ManifestError::Order(64)));
    }

    proptest! {
        #[test]
        fn every_portion_is_found_and_nothing_else(
            texts in prop::collection::vec(".{0,20}", 1..=63), seed: [u8; 32], room: [u8; 32], other in ".{1,20}"
        ) {
            let room = RoomManifest::new(&seed, &Digest(room), &texts).unwrap();
            for (portion, text) in texts.iter().enumerate() {
                let salt = room.salt(portion).unwrap();
                prop_assert!(room.manifest().contains(&salt, text));
                let longer = format!("{text}{other}");
                prop_assert!(!room.manifest().contains(&salt, &longer));
            }
        }

        #[test]
        fn reading_a_manifest_never_panics(bytes: Vec<u8>) {
            prop_assert!(Manifest::from_bytes(&bytes).is_err());
        }
    }
}
