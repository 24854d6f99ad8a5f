//! Verifies signatures, in batches, on a thread of its own, before statements reach the sequencer.

use std::sync::Arc;

use tearline_ledger::{
    charter::Charter,
    keys::KeyId,
    rules::{self, CheckedStatement, SignatureError},
    statement::{Act, Signed},
};
use tokio::sync::mpsc;

use super::{AppendAnswer, Call, Refused, Submission, WAITING};
use crate::{registry::Registry, store::Store};

/// Statements whose signatures are verified together.
const BATCH: usize = 256;

type Unchecked = (Vec<Submission<Signed>>, AppendAnswer);

pub(super) fn start<S: Store>(
    registry: Arc<Registry<S>>,
    calls: mpsc::Sender<Call>,
) -> mpsc::Sender<Unchecked> {
    let (sender, mut waiting) = mpsc::channel::<Unchecked>(WAITING);
    tokio::task::spawn_blocking(move || {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = vec![first];
            let mut count = batch.iter().map(|(call, _)| call.len()).sum::<usize>();
            while count < BATCH {
                let Ok(next) = waiting.try_recv() else { break };
                count += next.0.len();
                batch.push(next);
            }
            for call in check(&registry, batch) {
                if calls.blocking_send(call).is_err() {
                    return;
                }
            }
        }
    });
    sender
}

/// Answers calls with a bad signature, and gives back the others.
fn check<S: Store>(registry: &Registry<S>, batch: Vec<Unchecked>) -> Vec<Call> {
    let statements: Vec<Signed> =
        batch.iter().flat_map(|(call, _)| call).map(|submission| submission.statement.clone()).collect();
    // Only the statement's own room counts: what else is on its way changes no answer.
    let key = |signed: &Signed, id: &KeyId| match founding(signed) {
        Some(charter) => charter.signer(*id).map(|member| member.sign_key),
        None => registry.sign_key(signed.room(), id),
    };
    let mut checked = rules::check(statements, key).into_iter();
    let mut out = Vec::with_capacity(batch.len());
    for (call, answer) in batch {
        let results: Vec<_> = checked.by_ref().take(call.len()).collect();
        match gather(call, results) {
            Ok(call) => out.push(Call::Append(call, answer)),
            Err((at, error)) => {
                // Whoever asked may have gone.
                let _ = answer.send(Err(Refused::Signature { at, error }));
            }
        }
    }
    out
}

fn founding(signed: &Signed) -> Option<&Charter> {
    match &signed.statement.act {
        Act::Charter(charter) if charter.founding.is_some() => Some(charter),
        _ => None,
    }
}

fn gather(
    call: Vec<Submission<Signed>>,
    results: Vec<Result<CheckedStatement, SignatureError>>,
) -> Result<Vec<Submission<CheckedStatement>>, (usize, SignatureError)> {
    let pairs = call.into_iter().zip(results).enumerate();
    pairs
        .map(|(at, (submission, result))| {
            let statement = result.map_err(|error| (at, error))?;
            Ok(Submission { room: submission.room, statement, content: submission.content })
        })
        .collect()
}
