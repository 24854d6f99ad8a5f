//! Released portions: made from a recorded briefing, and checked to be exactly what it gives.
//!
//! Specification: `docs/spec.md`, section 9.4. One derivation for composer and checker. Knows one room at
//! a time; downgrades and marks are in `marks`.

use std::{collections::BTreeSet, fmt};

use tearline_proto::v1::{self, content::Kind};
use zeroize::Zeroizing;

use super::{BriefingFault, Downgrades, PortionFault, ShownPortion, TargetFault};
use crate::{
    content::Content,
    digest::Digest,
    id::{Ref, RoomId},
    manifest::{ManifestError, RoomManifest},
    mark::Mark,
    name::{MemberName, Org},
    statement::Post,
};

/// Who would read a release.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// Parties that read the room.
    pub parties: &'a [Org],
    /// All parties of the instance, by which a code in a mark may be ambiguous.
    pub instance: &'a [Org],
}

/// A briefing as the chamber recorded it.
#[derive(Clone)]
pub struct RecordedBriefing {
    reference: Ref,
    seed: Zeroizing<[u8; 32]>,
    portions: Vec<(Mark, String)>,
    originator: MemberName,
    recorded: BTreeSet<Digest>,
}

impl RecordedBriefing {
    /// The briefing of this post, by this author, with this opened content. `notices` are the manifest
    /// digests of later manifest notices for it.
    pub fn new(
        reference: Ref,
        author: &MemberName,
        post: &Post,
        content: &Content,
        notices: impl IntoIterator<Item = Digest>,
    ) -> Result<Self, BriefingFault> {
        let Some(Kind::Briefing(briefing)) = content.kind() else {
            return Err(BriefingFault::Kind(content.kind_name()));
        };
        let seed: [u8; 32] = briefing.seed.as_ref().try_into().map_err(|_| BriefingFault::Seed)?;
        let portions = (1u32..).zip(&briefing.portions).map(|(number, portion)| {
            let mark = portion.mark.parse::<Mark>();
            let mark = mark.map_err(|error| BriefingFault::Mark { portion: number, error })?;
            Ok((mark, portion.text.clone()))
        });
        let originator =
            if briefing.originator.is_empty() { author.clone() } else { briefing.originator.parse()? };
        Ok(Self {
            reference,
            seed: Zeroizing::new(seed),
            portions: portions.collect::<Result<_, BriefingFault>>()?,
            originator,
            recorded: post.manifests.iter().copied().chain(notices).collect(),
        })
    }

    /// The post.
    pub fn reference(&self) -> Ref {
        self.reference
    }

    /// How many portions it has.
    pub fn len(&self) -> usize {
        self.portions.len()
    }

    /// Whether it has none, which no briefing that was recorded has.
    pub fn is_empty(&self) -> bool {
        self.portions.is_empty()
    }

    /// The recorded mark and text of a portion, counted from 1.
    pub fn portion(&self, number: u32) -> Option<(&Mark, &str)> {
        let (mark, text) = self.portions.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        Some((mark, text))
    }

    /// Whose approval ORCON asks for.
    pub fn originator(&self) -> &MemberName {
        &self.originator
    }

    /// Its manifest for this room.
    pub fn manifest(&self, room: RoomId) -> Result<RoomManifest, ManifestError> {
        let texts: Vec<&str> = self.portions.iter().map(|(_, text)| text.as_str()).collect();
        RoomManifest::new(&self.seed, &room.0, &texts)
    }

    /// Whether the chamber's record lists this manifest digest.
    pub fn lists(&self, digest: &Digest) -> bool {
        self.recorded.contains(digest)
    }
}

impl fmt::Debug for RecordedBriefing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedBriefing({})", self.reference.statement)
    }
}

/// What a briefing's post in the chamber lists: one digest for each room that has a party, ascending.
pub fn manifest_digests<T: AsRef<str>>(
    seed: &[u8; 32],
    texts: &[T],
    rooms: impl IntoIterator<Item = RoomId>,
) -> Result<Vec<Digest>, ManifestError> {
    let digest = |room: RoomId| Ok(RoomManifest::new(seed, &room.0, texts)?.digest());
    let mut out = rooms.into_iter().map(digest).collect::<Result<Vec<_>, ManifestError>>()?;
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// The portions of these numbers (from 1, in any order) for a room, and the digest that the post has
/// to name.
pub fn build_tearline(
    briefing: &RecordedBriefing,
    room: RoomId,
    numbers: &BTreeSet<u32>,
    downgrades: &Downgrades,
    audience: &Audience<'_>,
) -> Result<(v1::Tearline, Digest), TargetFault> {
    let manifest = briefing.manifest(room)?;
    let digest = manifest.digest();
    if !briefing.lists(&digest) {
        return Err(TargetFault::NotRecorded);
    }
    let portion = |number: &u32| {
        let released = released(briefing, &manifest, *number, downgrades, audience);
        released.map_err(|fault| TargetFault::Portion { portion: *number, fault })
    };
    let tearline = v1::Tearline {
        manifest: manifest.manifest().to_bytes().into(),
        blind: manifest.blind().to_vec().into(),
        portions: numbers.iter().map(portion).collect::<Result<_, _>>()?,
    };
    Ok((tearline, digest))
}

fn released(
    briefing: &RecordedBriefing,
    manifest: &RoomManifest,
    number: u32,
    downgrades: &Downgrades,
    audience: &Audience<'_>,
) -> Result<v1::ReleasedPortion, PortionFault> {
    let no_such = || PortionFault::NoSuch(briefing.len());
    let (recorded, text) = briefing.portion(number).ok_or_else(no_such)?;
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let salt = at.and_then(|at| manifest.salt(at)).ok_or_else(no_such)?;
    let shown = downgrades.mark_shown(number, recorded, audience)?;
    Ok(v1::ReleasedPortion {
        mark: shown.mark.to_string(),
        text: text.to_owned(),
        salt: salt.to_vec().into(),
    })
}

/// Checks that released portions are exactly what the briefing gives for this room.
pub(super) fn check_tearline(
    briefing: &RecordedBriefing,
    room: RoomId,
    tearline: &v1::Tearline,
    named: &[Digest],
    downgrades: &Downgrades,
    audience: &Audience<'_>,
) -> Result<Vec<ShownPortion>, TargetFault> {
    let manifest = briefing.manifest(room)?;
    if tearline.manifest != manifest.manifest().to_bytes() || tearline.blind.as_ref() != manifest.blind() {
        return Err(TargetFault::Manifest);
    }
    if named != [manifest.digest()] {
        return Err(TargetFault::Manifests);
    }
    if !briefing.lists(&manifest.digest()) {
        return Err(TargetFault::NotRecorded);
    }
    let mut before = 0;
    let mut shown = Vec::new();
    for (place, portion) in (1u32..).zip(&tearline.portions) {
        let number = number_of(briefing, &manifest, portion)
            .map_err(|fault| TargetFault::Portion { portion: place, fault })?;
        let fault = |fault| TargetFault::Portion { portion: number, fault };
        if number <= before {
            return Err(fault(PortionFault::Order));
        }
        before = number;
        let (recorded, _) =
            briefing.portion(number).ok_or_else(|| fault(PortionFault::NoSuch(briefing.len())))?;
        let marked = downgrades.mark_shown(number, recorded, audience).map_err(fault)?;
        if portion.mark != marked.mark.to_string() {
            return Err(fault(PortionFault::Mark {
                found: portion.mark.escape_debug().to_string(),
                wanted: marked.mark.to_string(),
            }));
        }
        shown.push(ShownPortion {
            number,
            recorded: recorded.clone(),
            shown: marked.mark,
            lowered: marked.lowered,
            needs_downgrade: marked.needs_downgrade,
            text: portion.text.clone(),
        });
    }
    Ok(shown)
}

/// Which portion of the briefing this is: its salt and its text must be the same one's.
fn number_of(
    briefing: &RecordedBriefing,
    manifest: &RoomManifest,
    portion: &v1::ReleasedPortion,
) -> Result<u32, PortionFault> {
    let mut text_found = false;
    for (at, (number, (_, text))) in (1u32..).zip(&briefing.portions).enumerate() {
        if *text == portion.text {
            text_found = true;
            if manifest.salt(at).is_some_and(|salt| portion.salt.as_ref() == salt) {
                return Ok(number);
            }
        }
    }
    Err(if text_found { PortionFault::Salt } else { PortionFault::Text })
}
