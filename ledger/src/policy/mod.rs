//! Policies: which logs are known, and whose cosignatures suffice.
//!
//! Specification: C2SP tlog-policy. It decides who must have cosigned, not how lately, and verifies no
//! signature itself.

mod parse;

pub use parse::{MAX_POLICY_SIZE, PolicyError, PolicyProblem};

use crate::note::{KeyMaterial, VerifierKey};

/// A log that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, as the file gives it.
    pub key: VerifierKey,
    /// Where to reach it; opaque bytes.
    pub url: Option<Vec<u8>>,
}

/// A witness that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its name in the policy, which need not be its key's; opaque bytes.
    pub name: Vec<u8>,
    /// Its key.
    pub key: VerifierKey,
    /// Where to reach it; opaque bytes.
    pub url: Option<Vec<u8>>,
}

/// Known logs and witnesses, and the quorum that makes a checkpoint good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Each refers to groups before it only.
    groups: Vec<Group>,
    quorum: Quorum,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::policy(bytes)
    }

    /// Whether these witnesses suffice: those whose valid cosignatures the checkpoint has.
    ///
    /// Keys that the policy does not name count for nothing, and so do those of type 06, whose
    /// signatures are never verified.
    pub fn satisfied_by(&self, cosigned: &[VerifierKey]) -> bool {
        let witnessed: Vec<bool> = self
            .witnesses
            .iter()
            .map(|witness| {
                !matches!(witness.key.material(), KeyMaterial::MlDsa44Cosignature(_))
                    && cosigned.contains(&witness.key)
            })
            .collect();
        let mut grouped: Vec<bool> = Vec::with_capacity(self.groups.len());
        let holds = |member: Member, grouped: &[bool]| {
            let (list, at) = match member {
                Member::Witness(at) => (witnessed.as_slice(), at),
                Member::Group(at) => (grouped, at),
            };
            list.get(at).copied().unwrap_or(false)
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| holds(**member, &grouped)).count();
            grouped.push(count >= group.threshold);
        }
        match self.quorum {
            Quorum::Nobody => true,
            Quorum::Of(member) => holds(member, &grouped),
        }
    }

    /// The logs, in the file's order.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the file's order.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The witnesses' keys, as [`crate::cosign::cosignatures`] takes them.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        self.witnesses.iter().map(|witness| witness.key.clone()).collect()
    }

    /// Whether the policy asks for no cosignature at all.
    pub fn asks_for_none(&self) -> bool {
        self.quorum == Quorum::Nobody
    }
}

/// Who must have cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quorum {
    Nobody,
    Of(Member),
}

/// What counts towards a quorum: a position among the witnesses or the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// At least `threshold` of the members.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{ML_DSA_44_KEY_SIZE, SeedSigner};

    fn key(seed: u8) -> VerifierKey {
        SeedSigner::new(seed).witness_key(&format!("w{seed}.example"))
    }

    fn policy(rules: &str) -> Policy {
        let witnesses: String =
            (1..=5).fold(String::new(), |text, n| text + &format!("witness w{n} {}\n", key(n)));
        Policy::parse(format!("{witnesses}{rules}").as_bytes()).unwrap()
    }

    /// The quorum as a rule over each of the 32 sets of five witnesses.
    fn check(rules: &str, rule: impl Fn(&[bool; 5]) -> bool) {
        let policy = policy(rules);
        for set in 0_u8..32 {
            let has: [bool; 5] = std::array::from_fn(|n| set >> n & 1 == 1);
            let cosigned: Vec<_> = (1..=5).filter(|n| has[usize::from(*n) - 1]).rev().map(key).collect();
            assert_eq!(policy.satisfied_by(&cosigned), rule(&has), "{rules} by {has:?}");
        }
    }

    #[test]
    fn a_quorum_is_satisfied_by_exactly_the_sets_that_it_describes() {
        let count = |has: &[bool]| has.iter().filter(|one| **one).count();
        check("quorum none\n", |_| true);
        check("quorum w2\n", |has| has[1]);
        check("group g any w1 w2\nquorum g\n", |has| has[0] || has[1]);
        check("group g all w1 w2\nquorum g\n", |has| has[0] && has[1]);
        check("group g 2 w1 w2 w3\nquorum g\n", |has| count(&has[..3]) >= 2);
        check("group x 2 w1 w2 w3\ngroup y any w4 w5\ngroup both all x y\nquorum both\n", |has| {
            count(&has[..3]) >= 2 && (has[3] || has[4])
        });
        check("group x all w1 w2\ngroup y 2 x w3 w4\nquorum y\n", |has| {
            count(&[has[0] && has[1], has[2], has[3]]) >= 2
        });
    }

    #[test]
    fn one_witness_counts_once_and_strangers_not_at_all() {
        let policy = policy("group g 2 w1 w2 w3\nquorum g\n");
        assert!(!policy.satisfied_by(&[key(1), key(1), key(1)]));
        let renamed = key(2).renamed("other".parse().unwrap());
        let as_log = SeedSigner::new(2).log_key("w2.example");
        assert!(!policy.satisfied_by(&[key(1), renamed, as_log, key(9), key(4)]));
        assert!(policy.satisfied_by(&[key(9), key(3), key(1)]));
    }

    #[test]
    fn a_post_quantum_witness_is_carried_and_counts_for_nothing() {
        let material = KeyMaterial::MlDsa44Cosignature(Box::new([6; ML_DSA_44_KEY_SIZE]));
        let key = VerifierKey::new("pq.example".parse().unwrap(), material);
        let policy = Policy::parse(format!("witness pq {key}\nquorum pq\n").as_bytes()).unwrap();
        assert_eq!(policy.witness_keys(), std::slice::from_ref(&key));
        assert!(!policy.satisfied_by(&[key]));
    }
}
