//! Reading a policy file, line by line.
//!
//! Specification: C2SP tlog-policy, "Policy file syntax and structure". Names and addresses are opaque
//! bytes: what a policy means depends on no version of Unicode.

use std::collections::{HashMap, HashSet};

use super::{Group, Member, Policy, PolicyLog, PolicyWitness, Quorum};
use crate::{
    checkpoint::decimal,
    note::{KeyError, KeyMaterial, VerifierKey},
};

/// The most bytes of a policy file: hundreds of logs, witnesses and groups.
pub const MAX_POLICY_SIZE: usize = 1 << 20;

/// Why a policy is refused. Whoever wrote it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Longer than any policy needs to be.
    #[error("the policy has {0} bytes, more than {MAX_POLICY_SIZE}: name fewer witnesses")]
    TooLarge(usize),
    /// A line is wrong.
    #[error("line {number} of the policy: {problem}")]
    Line {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        problem: PolicyProblem,
    },
    /// The file says nothing of a quorum.
    #[error("the policy has no quorum: add a line `quorum NAME` or `quorum none`")]
    NoQuorum,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// A control character other than tab and newline.
    #[error("the byte {0:#04x} is not allowed: use tabs, spaces and newlines only, without CR")]
    Control(u8),
    /// No line begins so.
    #[error("`{0}` is no keyword: use log, witness, group or quorum, or # for a comment")]
    Keyword(String),
    /// Too few or too many words.
    #[error("write it as `{0}`, without a comment after it")]
    Shape(&'static str),
    /// A key is not a verifier key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key is not even text.
    #[error("the key is not text: write it as NAME+ID+KEY")]
    KeyNotText,
    /// A key of a type that does not fit its owner.
    #[error("a key of type {found:#04x} is not a {owner}'s: {remedy}")]
    KeyType {
        /// `log` or `witness`.
        owner: &'static str,
        /// The key's type.
        found: u8,
        /// Which types fit.
        remedy: &'static str,
    },
    /// The public key stands in the file already, under whatever name.
    #[error("the public key of `{0}` stands in the policy already: use one key for each log and witness")]
    DuplicateKey(String),
    /// The name is defined already, or is `none`.
    #[error("the name `{0}` is taken: choose another")]
    NameTaken(String),
    /// The name is not defined on a line before.
    #[error("`{0}` is not defined above: define witnesses and groups before they are used")]
    Undefined(String),
    /// The member counts in a group already.
    #[error("`{0}` is in a group already: let each witness and group count once")]
    AlreadyGrouped(String),
    /// The threshold cannot be what is written.
    #[error("`{found}` of {members} members is not possible: write all, any, or 1 to {members}")]
    Threshold {
        /// As written.
        found: String,
        /// Members of the group.
        members: usize,
    },
    /// A second quorum.
    #[error("the quorum is given already: keep one quorum line")]
    SecondQuorum,
}

pub(super) fn policy(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if bytes.len() > MAX_POLICY_SIZE {
        return Err(PolicyError::TooLarge(bytes.len()));
    }
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        reader.line(line).map_err(|problem| PolicyError::Line { number, problem })?;
    }
    reader.finish()
}

/// What the lines so far have said.
#[derive(Default)]
struct Reader<'a> {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: HashMap<&'a [u8], Member>,
    grouped: HashSet<&'a [u8]>,
    keys: HashSet<Vec<u8>>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), PolicyProblem> {
        if let Some(bad) = line.iter().find(|byte| byte.is_ascii_control() && **byte != b'\t') {
            return Err(PolicyProblem::Control(*bad));
        }
        let words: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
        let Some((keyword, rest)) = words.split_first() else { return Ok(()) };
        match *keyword {
            [b'#', ..] => Ok(()),
            b"log" => self.log(rest),
            b"witness" => self.witness(rest),
            b"group" => self.group(rest),
            b"quorum" => self.quorum(rest),
            other => Err(PolicyProblem::Keyword(show(other))),
        }
    }

    fn log(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyProblem> {
        let (key, url) = match *words {
            [key] => (key, None),
            [key, url] => (key, Some(url.to_vec())),
            _ => return Err(PolicyProblem::Shape("log VKEY [URL]")),
        };
        let key = parse_key(key)?;
        if matches!(key.material(), KeyMaterial::Ed25519Cosignature(_)) {
            let remedy = "give one of type 0x01 or 0x06";
            return Err(PolicyProblem::KeyType { owner: "log", found: 0x04, remedy });
        }
        self.claim_key(&key)?;
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyProblem> {
        let (name, key, url) = match *words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(url.to_vec())),
            _ => return Err(PolicyProblem::Shape("witness NAME VKEY [URL]")),
        };
        let key = parse_key(key)?;
        if matches!(key.material(), KeyMaterial::Ed25519(_)) {
            let remedy = "give one of type 0x04 or 0x06";
            return Err(PolicyProblem::KeyType { owner: "witness", found: 0x01, remedy });
        }
        self.claim_name(name, Member::Witness(self.witnesses.len()))?;
        self.claim_key(&key)?;
        self.witnesses.push(PolicyWitness { name: name.to_vec(), key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyProblem> {
        let [name, threshold, members @ ..] = words else {
            return Err(PolicyProblem::Shape("group NAME all|any|K MEMBER..."));
        };
        if members.is_empty() {
            return Err(PolicyProblem::Shape("group NAME all|any|K MEMBER..."));
        }
        let threshold = match *threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => threshold_of(number, members.len())?,
        };
        let members = members
            .iter()
            .map(|member| {
                let found = self.defined(member)?;
                if self.grouped.insert(member) {
                    Ok(found)
                } else {
                    Err(PolicyProblem::AlreadyGrouped(show(member)))
                }
            })
            .collect::<Result<_, _>>()?;
        self.claim_name(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members });
        Ok(())
    }

    fn quorum(&mut self, words: &[&'a [u8]]) -> Result<(), PolicyProblem> {
        let [name] = words else { return Err(PolicyProblem::Shape("quorum NAME|none")) };
        if self.quorum.is_some() {
            return Err(PolicyProblem::SecondQuorum);
        }
        self.quorum = Some(if *name == NONE { Quorum::Nobody } else { Quorum::Of(self.defined(name)?) });
        Ok(())
    }

    fn defined(&self, name: &[u8]) -> Result<Member, PolicyProblem> {
        self.names.get(name).copied().ok_or_else(|| PolicyProblem::Undefined(show(name)))
    }

    fn claim_name(&mut self, name: &'a [u8], member: Member) -> Result<(), PolicyProblem> {
        if name == NONE || self.names.contains_key(name) {
            return Err(PolicyProblem::NameTaken(show(name)));
        }
        self.names.insert(name, member);
        Ok(())
    }

    /// A key is one if its bytes are, whatever its name and type: a log is no witness of itself.
    fn claim_key(&mut self, key: &VerifierKey) -> Result<(), PolicyProblem> {
        if self.keys.insert(key.material().as_bytes().to_vec()) {
            Ok(())
        } else {
            Err(PolicyProblem::DuplicateKey(key.name().to_string()))
        }
    }

    fn finish(self) -> Result<Policy, PolicyError> {
        let quorum = self.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, groups: self.groups, quorum })
    }
}

/// Predefined: no cosignature is asked for.
const NONE: &[u8] = b"none";

fn parse_key(word: &[u8]) -> Result<VerifierKey, PolicyProblem> {
    let text = std::str::from_utf8(word).map_err(|_| PolicyProblem::KeyNotText)?;
    Ok(text.parse()?)
}

fn threshold_of(word: &[u8], members: usize) -> Result<usize, PolicyProblem> {
    std::str::from_utf8(word)
        .ok()
        .and_then(decimal)
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| (1..=members).contains(number))
        .ok_or_else(|| PolicyProblem::Threshold { found: show(word), members })
}

fn show(word: &[u8]) -> String {
    word.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::SeedSigner;

    const POLICY: &str = "# Two witnesses of three.
log kivu.example+bf497db1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c https://kivu.example/

\t# The monitors.
witness un w0.example+be62e6aa+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR
witness au\tw1.example+49678c35+BMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58  https://w1.example \t
witness \u{e9}\u{212a} w2.example+c7d2004c+BG56HN0psLeP0Tr0xVmP7/TvKpcWbjym8uT7/M2AUFvx
group monitors 2 un au \u{e9}\u{212a}
quorum monitors
";

    fn problem(policy: &str) -> (usize, PolicyProblem) {
        match Policy::parse(policy.as_bytes()) {
            Err(PolicyError::Line { number, problem }) => (number, problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_is_read_with_all_that_it_says() {
        let policy = Policy::parse(POLICY.as_bytes()).unwrap();
        assert_eq!(policy.logs()[0].key, SeedSigner::new(1).log_key("kivu.example"));
        assert_eq!(policy.logs()[0].url.as_deref(), Some(b"https://kivu.example/".as_slice()));
        let keys = [3, 4, 5].map(SeedSigner::new);
        let keys: Vec<_> =
            (0..).zip(&keys).map(|(n, key)| key.witness_key(&format!("w{n}.example"))).collect();
        assert_eq!(policy.witness_keys(), keys);
        assert_eq!(policy.witnesses()[1].name, b"au");
        assert_eq!(policy.witnesses()[1].url.as_deref(), Some(b"https://w1.example".as_slice()));
        assert!(!policy.asks_for_none());
        assert!(policy.satisfied_by(&keys[1..]));
        assert!(!policy.satisfied_by(&keys[..1]));
        assert_eq!(Policy::parse(POLICY.trim_end().as_bytes()), Ok(policy));
    }

    #[test]
    fn names_are_bytes_and_need_not_be_text() {
        let bytes = POLICY.replace("un", "u?").into_bytes();
        let bytes: Vec<u8> = bytes.into_iter().map(|b| if b == b'?' { 0xff } else { b }).collect();
        assert_eq!(Policy::parse(&bytes).unwrap().witnesses()[0].name, b"u\xff");
    }

    #[test]
    fn a_policy_without_witnesses_asks_for_none() {
        let policy = Policy::parse(b"quorum none").unwrap();
        assert!(policy.asks_for_none() && policy.satisfied_by(&[]));
        assert_eq!(Policy::parse(b""), Err(PolicyError::NoQuorum));
        assert_eq!(Policy::parse(b"# quorum none\n"), Err(PolicyError::NoQuorum));
        let long = vec![b'\n'; MAX_POLICY_SIZE + 1];
        assert_eq!(Policy::parse(&long), Err(PolicyError::TooLarge(long.len())));
    }

    #[test]
    fn every_wrong_line_is_refused_with_its_number() {
        let with = |from: &str, to: &str| problem(&POLICY.replacen(from, to, 1));
        let text = |text: &str| text.to_owned();
        assert_eq!(with("monitors.\n", "monitors.\r\n"), (4, PolicyProblem::Control(b'\r')));
        assert_eq!(with("Two", "\u{7f}"), (1, PolicyProblem::Control(0x7f)));
        assert_eq!(with("quorum", "Quorum"), (9, PolicyProblem::Keyword(text("Quorum"))));
        let shape = with("quorum monitors", "quorum monitors # all of them");
        assert_eq!(shape, (9, PolicyProblem::Shape("quorum NAME|none")));
        assert_eq!(with("log ", "log a b "), (2, PolicyProblem::Shape("log VKEY [URL]")));
        assert_eq!(with("witness un w0", "witness un").0, 5);
        assert_eq!(with("witness un ", "witness "), (5, PolicyProblem::Shape("witness NAME VKEY [URL]")));
        let shape = "group NAME all|any|K MEMBER...";
        assert_eq!(with("2 un au \u{e9}\u{212a}", "2"), (8, PolicyProblem::Shape(shape)));
        assert_eq!(with("be62", "ce62").0, 5);
        assert_eq!(with("witness un", "witness none"), (5, PolicyProblem::NameTaken(text("none"))));
        assert_eq!(with("witness au", "witness un"), (6, PolicyProblem::NameTaken(text("un"))));
        assert_eq!(with("group monitors", "group un"), (8, PolicyProblem::NameTaken(text("un"))));
        assert_eq!(with("2 un", "2 us"), (8, PolicyProblem::Undefined(text("us"))));
        assert_eq!(with("2 un", "2 none"), (8, PolicyProblem::Undefined(text("none"))));
        assert_eq!(with("2 un", "2 monitors"), (8, PolicyProblem::Undefined(text("monitors"))));
        assert_eq!(with("quorum m", "quorum l"), (9, PolicyProblem::Undefined(text("lonitors"))));
        assert_eq!(with("2 un", "2 au"), (8, PolicyProblem::AlreadyGrouped(text("au"))));
        let twice = with("quorum", "group two any au\nquorum");
        assert_eq!(twice, (9, PolicyProblem::AlreadyGrouped(text("au"))));
        for found in ["0", "4", "02", "+2", "-1", "2.0", "18446744073709551616", "none"] {
            let threshold = PolicyProblem::Threshold { found: text(found), members: 3 };
            assert_eq!(with("2 un", &format!("{found} un")), (8, threshold));
        }
        assert_eq!(with("quorum monitors\n", "quorum un\nquorum none\n"), (10, PolicyProblem::SecondQuorum));
    }

    #[test]
    fn keys_of_the_wrong_kind_and_keys_used_twice_are_refused() {
        let log = SeedSigner::new(1);
        let line = |line: String| problem(&POLICY.replacen("\n\n", &format!("\n{line}\n"), 1));
        let (number, wrong) = line(format!("log {}", SeedSigner::new(9).witness_key("a")));
        assert_eq!(
            (number, matches!(wrong, PolicyProblem::KeyType { owner: "log", found: 4, .. })),
            (3, true)
        );
        let (number, wrong) = line(format!("witness a {}", SeedSigner::new(9).log_key("a")));
        assert_eq!(
            (number, matches!(wrong, PolicyProblem::KeyType { owner: "witness", found: 1, .. })),
            (3, true)
        );
        let duplicate = PolicyProblem::DuplicateKey("other".into());
        assert_eq!(line(format!("log {}", log.log_key("other"))), (3, duplicate.clone()));
        assert_eq!(line(format!("witness a {}", log.witness_key("other"))), (3, duplicate));
        let later = PolicyProblem::DuplicateKey("w0.example".into());
        assert_eq!(line(format!("witness a {}", SeedSigner::new(3).witness_key("b"))), (5, later));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Policy::parse(&bytes);
        }

        #[test]
        fn no_lines_make_it_panic(lines in "((log|witness|group|quorum|#)( [ab2]| any| none){0,4}\n){0,9}") {
            let _ = Policy::parse(lines.as_bytes());
        }
    }
}
