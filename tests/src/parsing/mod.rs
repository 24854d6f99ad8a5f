//! All that parses what others wrote, each as one function from bytes: it takes them or refuses them, never
//! panics, and what it took has one spelling.
//!
//! `fuzz/` feeds these by coverage, `tests/parsing.rs` with changed seeds. What a format means is not judged here.

mod mutate;
mod seeds;
mod targets;

use anyhow::{Context as _, Result, bail, ensure};

pub use self::{mutate::Mutator, seeds::seeds};

/// What bytes a parser takes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As it is typed.
    pub name: &'static str,
    /// Of `tests/vectors`: files whose inputs are good seeds.
    vectors: &'static [&'static str],
    /// Takes or refuses the bytes. An error is a broken promise of the parser.
    pub judge: fn(&[u8]) -> Result<()>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "envelope", vectors: &["envelopes"], judge: targets::envelope },
    Target { name: "statement", vectors: &["statements", "charters"], judge: targets::statement },
    Target { name: "entry", vectors: &["entries"], judge: targets::entry },
    Target { name: "content", vectors: &["contents"], judge: targets::content },
    Target { name: "note", vectors: &["notes", "checkpoints", "cosignatures"], judge: targets::note },
    Target { name: "key", vectors: &["notes", "keys"], judge: targets::key },
    Target { name: "proof", vectors: &["proofs"], judge: targets::proof },
    Target { name: "policy", vectors: &[], judge: targets::policy },
    Target { name: "card", vectors: &["cards"], judge: targets::card },
    Target { name: "admission", vectors: &[], judge: targets::admission },
    Target { name: "bundle", vectors: &["bundles"], judge: targets::bundle },
    Target { name: "letter", vectors: &["couriers"], judge: targets::letter },
    Target { name: "answer", vectors: &["couriers"], judge: targets::answer },
    Target { name: "evidence", vectors: &["evidence"], judge: targets::evidence },
    Target { name: "briefing", vectors: &[], judge: targets::briefing },
    Target { name: "paper", vectors: &[], judge: targets::paper },
    Target { name: "mark", vectors: &[], judge: targets::mark },
    Target { name: "name", vectors: &["names"], judge: targets::name },
    Target { name: "misleading", vectors: &[], judge: targets::misleading },
];

/// The target of this name.
pub fn target(name: &str) -> Result<&'static Target> {
    let known = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .with_context(|| format!("there is no target {name}: use one of {}", known()))
}

/// For a fuzzer, which sees only what ends the process.
///
/// # Panics
///
/// If the target breaks a promise.
#[expect(clippy::panic, reason = "that is how a fuzzer is told")]
pub fn hold(name: &str, bytes: &[u8]) {
    if let Err(broken) = target(name).and_then(|target| (target.judge)(bytes)) {
        panic!("{name}: {broken:#}");
    }
}

/// Changed seeds, so many of each target, the same in every run.
pub fn soak(target: &Target, mut more: impl FnMut(u64) -> bool) -> Result<u64> {
    let seeds = seeds(target)?;
    ensure!(!seeds.is_empty(), "{} has no seeds", target.name);
    for seed in &seeds {
        (target.judge)(seed).with_context(|| format!("{}, a seed: {}", target.name, hex::encode(seed)))?;
    }
    let (mut mutator, mut done) = (Mutator::new(), 0);
    while more(done) {
        let bytes = mutator.change(&seeds);
        let judged = std::panic::catch_unwind(|| (target.judge)(&bytes));
        match judged {
            Ok(Ok(())) => {}
            Ok(Err(broken)) => bail!("{}: {broken:#}, of {}", target.name, hex::encode(&bytes)),
            Err(_) => bail!("{} panicked, of {}", target.name, hex::encode(&bytes)),
        }
        done += 1;
    }
    Ok(done)
}
