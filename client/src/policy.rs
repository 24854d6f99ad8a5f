//! What a desk demands of witnesses before it relies on a room: whose cosignatures, how fresh, and what is
//! done when that is not met.
//!
//! Specification: C2SP tlog-policy and `docs/spec.md`, sections 5.7 and 14. It is pure: cosignatures come to
//! it verified, and it knows neither disks nor clocks.

use serde::{Deserialize, Serialize};
use tearline_ledger::{
    charter::Charter,
    name::MemberName,
    note::{KeyName, VerifierKey},
    policy::{self, PolicyError, PolicyLog, PolicyWitness},
};

use crate::{
    alarm::Alarm,
    witness::{Witness, witness_key},
};

/// What a desk does when a room is not confirmed as its policy demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unmet {
    /// It says so above all that it shows of it, and goes on.
    #[default]
    Warn,
    /// It shows nothing of what others wrote there.
    Refuse,
}

/// A C2SP tlog-policy, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quorum {
    text: String,
    policy: policy::Policy,
}

impl Quorum {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub fn policy(&self) -> &policy::Policy {
        &self.policy
    }
}

impl TryFrom<String> for Quorum {
    type Error = PolicyError;

    fn try_from(text: String) -> Result<Self, PolicyError> {
        Ok(Self { policy: policy::Policy::parse(text.as_bytes())?, text })
    }
}

impl From<Quorum> for String {
    fn from(quorum: Quorum) -> Self {
        quorum.text
    }
}

/// What this desk expects of the server and of witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How many of the rooms' auditors must have cosigned; 0: none.
    pub witnesses: u32,
    /// How old the newest state that enough of them confirm may be, in minutes.
    pub fresh_minutes: u64,
    /// Within how many minutes a receipt must be under a cosigned checkpoint.
    pub receipt_minutes: u64,
    /// What is done where that is not met.
    pub unmet: Unmet,
    /// Which of them must have cosigned; none in particular if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quorum: Option<Quorum>,
}

/// What a desk does with a log, by its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its witnesses confirm it as is demanded, or nothing is.
    Proceed,
    /// They do not; it is shown, with this above it.
    Warn(Alarm),
    /// They do not; nothing of it is shown.
    Refuse(Alarm),
}

impl Default for Policy {
    fn default() -> Self {
        Self { witnesses: 0, fresh_minutes: 60, receipt_minutes: 24 * 60, unmet: Unmet::Warn, quorum: None }
    }
}

impl Policy {
    /// What to do with a log, by what is unmet of it.
    pub fn verdict(&self, unmet: Option<Alarm>) -> Verdict {
        match (unmet, self.unmet) {
            (None, _) => Verdict::Proceed,
            (Some(alarm), Unmet::Warn) => Verdict::Warn(alarm),
            (Some(alarm), Unmet::Refuse) => Verdict::Refuse(alarm),
        }
    }

    /// Whether it asks for any cosignature, or for a certain log key.
    pub fn demands(&self) -> bool {
        let of = |quorum: &Quorum| !quorum.policy.asks_for_none() || !quorum.policy.logs().is_empty();
        self.witnesses > 0 || self.quorum.as_ref().is_some_and(of)
    }

    /// When a room's witnesses last confirmed it as this demands, in seconds since 1970: the newest moment
    /// since which enough of them have. `None` if they never have.
    pub fn confirmed_at(&self, charter: &Charter, witnesses: &[Witness]) -> Option<u64> {
        let mut times: Vec<u64> = witnesses.iter().map(|witness| witness.at).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        times.into_iter().find(|since| self.is_met(charter, witnesses.iter().filter(|it| it.at >= *since)))
    }

    /// Whether enough witnesses confirm the entry at this index.
    pub fn covers(&self, charter: &Charter, witnesses: &[Witness], index: u64) -> bool {
        self.is_met(charter, witnesses.iter().filter(|it| it.size > index))
    }

    fn is_met<'a>(&self, charter: &Charter, witnesses: impl Iterator<Item = &'a Witness>) -> bool {
        let members: Vec<&MemberName> = witnesses.map(|witness| &witness.member).collect();
        let enough = u32::try_from(members.len()).unwrap_or(u32::MAX) >= self.witnesses;
        let Some(quorum) = &self.quorum else { return enough };
        let keys: Vec<VerifierKey> =
            members.iter().filter_map(|name| witness_key(charter.member(name)?)).collect();
        enough && knows_log(&quorum.policy, charter) && quorum.policy.satisfied_by(&keys)
    }
}

/// Whether the policy names no log, or the one whose key this charter gives.
fn knows_log(policy: &policy::Policy, charter: &Charter) -> bool {
    let same = |log: &PolicyLog| log.key.material() == charter.log_vkey.material();
    policy.logs().is_empty() || policy.logs().iter().any(same)
}

/// A key in a policy that no room of this desk knows: its cosignatures would never come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stranger {
    /// A log key.
    #[error(
        "the log key `{key}` is in no charter of a room that is known here: take it from `tearline policy`"
    )]
    Log {
        /// The name in it.
        key: KeyName,
    },
    /// A witness key.
    #[error(
        "the witness `{}` (key `{key}`) is no auditor of any room that is known here, or its key is another: take it from \
         `tearline policy`", name.escape_debug()
    )]
    Witness {
        /// Its name in the policy.
        name: String,
        /// The name in its key.
        key: KeyName,
    },
}

/// Finds the first key of a policy that stands in none of these charters. A log's may be named for the domain
/// or for a room; what a room's checkpoints are signed under follows from its material.
pub fn stranger(policy: &policy::Policy, charters: &[&Charter]) -> Option<Stranger> {
    let log =
        |log: &&PolicyLog| !charters.iter().any(|charter| charter.log_vkey.material() == log.key.material());
    let witness = |witness: &&PolicyWitness| {
        let known =
            |charter: &&Charter| charter.members.iter().filter_map(witness_key).any(|key| key == witness.key);
        !charters.iter().any(known)
    };
    let stranger = policy.witnesses().iter().find(witness).map(|witness| Stranger::Witness {
        name: String::from_utf8_lossy(&witness.name).into_owned(),
        key: witness.key.name().clone(),
    });
    let log = policy.logs().iter().find(log).map(|log| Stranger::Log { key: log.key.name().clone() });
    log.or(stranger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::House;

    fn seen(at: u64, size: u64, house: &House) -> Witness {
        Witness { member: house.auditor.name.clone(), at, size }
    }

    fn monitor(house: &House) -> VerifierKey {
        witness_key(&house.auditor.card().into_member(None, None)).unwrap()
    }

    fn quorum(text: String) -> Policy {
        Policy { quorum: Some(text.try_into().unwrap()), ..Policy::default() }
    }

    #[test]
    fn enough_witnesses_confirm_as_of_the_oldest_of_those_needed() {
        let house = House::founded();
        let charter = house.replay.state().unwrap().charter();
        let all = [seen(10, 1, &house), seen(30, 3, &house), seen(20, 2, &house)];
        let asks = |witnesses| Policy { witnesses, ..Policy::default() };
        let confirmed = |witnesses| asks(witnesses).confirmed_at(charter, &all);
        assert_eq!([1, 2, 4].map(confirmed), [Some(30), Some(20), None]);
        assert_eq!(asks(0).confirmed_at(charter, &[]), None);
        assert!(asks(2).covers(charter, &all, 1) && !asks(2).covers(charter, &all, 2));
        assert!(!asks(0).demands() && asks(1).demands());
    }

    #[test]
    fn a_quorum_is_met_by_the_keys_that_it_names_under_the_log_that_it_names() {
        let house = House::founded();
        let charter = house.replay.state().unwrap().charter();
        let witness = format!("witness monitor {}\nquorum monitor\n", monitor(&house));
        let all = [seen(10, 1, &house)];
        assert_eq!(quorum(witness.clone()).confirmed_at(charter, &all), Some(10));
        assert_eq!(quorum(witness.clone()).confirmed_at(charter, &[]), None);
        let with_log = quorum(format!("log {}\n{witness}", charter.log_vkey));
        assert_eq!(with_log.confirmed_at(charter, &all), Some(10));
        let other = House::founded_by([4, 5]);
        let key = other.desks[0].sign.public().to_bytes();
        let material = tearline_ledger::note::KeyMaterial::Ed25519(key);
        let log = VerifierKey::new("kivu.example".parse().unwrap(), material);
        assert_eq!(quorum(format!("log {log}\n{witness}")).confirmed_at(charter, &all), None);
        let both = Policy { witnesses: 2, ..quorum(witness) };
        assert_eq!(both.confirmed_at(charter, &all), None, "either would do");
    }

    #[test]
    fn keys_that_no_charter_has_are_strangers() {
        let house = House::founded();
        let charter = house.replay.state().unwrap().charter();
        let parse = |text: String| Quorum::try_from(text).unwrap();
        let (log, key) = (&charter.log_vkey, monitor(&house));
        let good = parse(format!("log {log}\nwitness m {key}\nquorum m\n"));
        assert_eq!(stranger(good.policy(), &[charter]), None);
        assert!(matches!(stranger(good.policy(), &[]), Some(Stranger::Log { .. })));
        let renamed = key.renamed("un/monitor-9".parse().unwrap());
        let other = parse(format!("witness m {renamed}\nquorum none\n"));
        assert!(matches!(stranger(other.policy(), &[charter]), Some(Stranger::Witness { .. })));
    }

    #[test]
    fn settings_that_are_misspelt_are_refused_with_their_place() {
        let read = |text: &str| toml::from_str::<Policy>(text).map_err(|error| error.to_string());
        assert!(read("unmet = \"refuse\"\nwitnesses = 1\n").is_ok());
        assert!(read("unmet = \"perhaps\"\n").unwrap_err().contains("unmet"));
        assert!(read("witness = 1\n").unwrap_err().contains("witness"));
        let error = read("quorum = \"quorum nobody\\n\"\n").unwrap_err();
        assert!(
            error.contains("line 1 of the policy") && error.contains("`nobody` is not defined"),
            "{error}"
        );
    }
}
