//! Under which mark a portion is shown to whom, and what downgrade that takes.
//!
//! Specification: `docs/spec.md`, section 9.3. Knows marks, parties and downgrades, not texts: composer and
//! checker both ask here, so that they cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use tearline_proto::v1;

use super::{Audience, DowngradeFault, PortionFault, RecordedBriefing, ShownDowngrade};
use crate::{
    mark::{Dissemination, Mark},
    name::Org,
};

/// The downgrades of one proposal, by portion; each counts for all its rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Downgrades(BTreeMap<u32, Lowered>);

/// One portion's downgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// As recorded.
    pub from: Mark,
    /// As it is to be treated.
    pub to: Mark,
    /// The officer's words.
    pub reason: String,
}

/// The mark that readers will see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkShown {
    /// As they see it: it names nobody but them.
    pub mark: Mark,
    /// Whether it follows from a downgrade instead of the recorded mark.
    pub lowered: bool,
    /// Whether the recorded mark would not do for this audience.
    pub needs_downgrade: bool,
}

impl Downgrades {
    /// Checks each downgrade against the briefing. Whether it is needed, [`Self::require_needed`] says.
    pub fn parse(briefing: &RecordedBriefing, messages: &[v1::Downgrade]) -> Result<Self, DowngradeFault> {
        let mut out = BTreeMap::new();
        for message in messages {
            let portion = message.portion;
            let (recorded, _) = briefing.portion(portion).ok_or(DowngradeFault::NoSuchPortion(portion))?;
            if message.from != recorded.to_string() {
                return Err(DowngradeFault::From { portion, recorded: recorded.to_string() });
            }
            let to: Mark = message.to.parse().map_err(|error| DowngradeFault::Mark { portion, error })?;
            if !recorded.may_be_lowered_to(&to) {
                return Err(DowngradeFault::Higher(portion));
            }
            if message.reason.trim().is_empty() {
                return Err(DowngradeFault::NoReason(portion));
            }
            let lowered = Lowered { from: recorded.clone(), to, reason: message.reason.clone() };
            if out.insert(portion, lowered).is_some() {
                return Err(DowngradeFault::Twice(portion));
            }
        }
        Ok(Self(out))
    }

    /// The mark under which the audience sees the portion that was recorded with this one.
    pub fn mark_shown(
        &self,
        number: u32,
        recorded: &Mark,
        audience: &Audience<'_>,
    ) -> Result<MarkShown, PortionFault> {
        let refused = refusal(recorded, audience);
        let (lowered, needs_downgrade) = (self.0.contains_key(&number), refused.is_some());
        let mark = match (self.0.get(&number), refused) {
            (Some(downgrade), _) => &downgrade.to,
            (None, Some(refused)) => return Err(refused),
            (None, None) => recorded,
        };
        if let Some(refused) = refusal(mark, audience) {
            return Err(refused);
        }
        let shown = mark.for_recipients(&audience.parties.iter().collect::<Vec<_>>());
        let mark = shown.ok_or_else(|| not_releasable(mark, audience))?;
        Ok(MarkShown { mark, lowered, needs_downgrade })
    }

    /// Every downgrade is of a portion that needed it in some room.
    pub(super) fn require_needed(&self, needed: &BTreeSet<u32>) -> Result<(), DowngradeFault> {
        match self.0.keys().find(|portion| !needed.contains(portion)) {
            Some(portion) => Err(DowngradeFault::Superfluous(*portion)),
            None => Ok(()),
        }
    }

    pub(super) fn shown(&self) -> Vec<ShownDowngrade> {
        let shown = |(portion, lowered): (&u32, &Lowered)| ShownDowngrade {
            portion: *portion,
            lowered: lowered.clone(),
        };
        self.0.iter().map(shown).collect()
    }
}

/// Why this mark does not let the portion go to the whole audience.
fn refusal(mark: &Mark, audience: &Audience<'_>) -> Option<PortionFault> {
    if let Dissemination::ReleasableTo(list) = mark.dissemination()
        && let Some((code, first, second)) = list.ambiguity(audience.instance)
    {
        return Some(PortionFault::Ambiguous {
            code: code.to_string(),
            first: first.as_str().to_owned(),
            second: second.as_str().to_owned(),
        });
    }
    let all = audience.parties.iter().all(|party| mark.releasable_to(party));
    (!all || audience.parties.is_empty()).then(|| not_releasable(mark, audience))
}

fn not_releasable(mark: &Mark, audience: &Audience<'_>) -> PortionFault {
    let refused = audience.parties.iter().filter(|party| !mark.releasable_to(party));
    let parties: Vec<&str> = refused.map(Org::as_str).collect();
    PortionFault::NotReleasable { mark: mark.to_string(), parties: parties.join(", ") }
}
