//! `prove` and `check-proof`: what one desk shows to somebody who has no desk.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tearline_client::{
    durable::{self, FileError},
    evidence::{self, EVIDENCE_MAX, judge},
    proving::{self, Checked, Keys, Proved},
    refs::EntryRef,
    show::{
        WIDTH,
        content::safe,
        time::{dtg, iso},
        wrap,
    },
};
use tearline_ledger::{
    entry::{Body, Entry},
    policy::Policy,
    proof::TlogProof,
};

use crate::{
    cli::{CheckProof, Prove},
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn prove(context: &Context, args: &Prove) -> Result<(), Failure> {
    let reference: EntryRef = args.reference.parse().lift()?;
    let desk = context.offline()?;
    let room = desk.room(&reference.room).lift()?;
    let file = args.out.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}-{}.tlog-proof", reference.room.as_str(), reference.index))
    });
    let beside = policy_beside(&file);
    let alarmed = |error| Failure::Library(desk.alarmed(room.replica.room(), error));
    let Proved { proof, policy, cosigned, size } =
        proving::prove(&room.replica, reference.index).map_err(alarmed)?.map_err(Failure::refused)?;
    durable::create(&file, &proof).lift()?;
    durable::create(&beside, policy.as_bytes()).lift()?;
    let by = if cosigned.is_empty() { "nobody".to_owned() } else { cosigned.join(", ") };
    let mut text = wrap(
        &format!(
            "Wrote {}: that {reference} stands in the log, under the checkpoint of {size} entries, witnessed by {by}. \
             And {}: the keys to check it by.",
            file.display(),
            beside.display()
        ),
        0,
        WIDTH,
    );
    text.push_str(&wrap(
        "It holds the entry as the server has it: who signed what act, when, and sealed content's digest; no word of the \
         content, and no key. Nor does it show that the signers had the standing to sign: for that one needs the room's log.",
        0,
        WIDTH,
    ));
    let _ = writeln!(text, "Next, for whoever gets both files: tearline check-proof {}", file.display());
    let json = json!({
        "entry": reference.to_string(),
        "file": file,
        "policy": beside,
        "size": size,
        "witnessed_by": cosigned,
    });
    say(context, &json, &text)
}

/// FILE.policy.
fn policy_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".policy");
    name.into()
}

pub(crate) fn check_proof(context: &Context, args: &CheckProof) -> Result<(), Failure> {
    let name = args.file.display();
    let bytes = durable::read(&args.file, EVIDENCE_MAX).map_err(|error| match error {
        FileError::Missing(path) => Failure::refused(format!("there is no file {}", path.display())),
        other => Failure::Library(other.into()),
    })?;
    if bytes.first() == Some(&b'{') {
        if args.policy.is_some() || args.log_key.is_some() {
            return Err(Failure::usage(
                "a file of evidence proves its key itself: leave --policy and --log-key out",
            ));
        }
        let file = evidence::File::parse(&bytes);
        let file =
            file.map_err(|error| Failure::refused(format!("{name}: it is no file of evidence: {error}")))?;
        return check_evidence(context, &args.file, &file);
    }
    let proof = TlogProof::parse(&bytes).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let (keys, source) = keys(args)?;
    match proving::check(&proof, &keys) {
        Ok(checked) => say(context, &proof_json(&checked), &proof_text(&checked, &source, &keys)),
        Err(untrue) => Err(Failure::Alarm(format!("{name}: {untrue}"))),
    }
}

/// The keys to check a proof by, and where they come from in words.
fn keys(args: &CheckProof) -> Result<(Keys, String), Failure> {
    let beside = policy_beside(&args.file);
    let file =
        args.policy.clone().or_else(|| (args.log_key.is_none() && beside.exists()).then(|| beside.clone()));
    let policy = file.as_ref().map(|file| {
        let bytes = durable::read(file, tearline_ledger::policy::MAX_POLICY_SIZE as u64).lift()?;
        Policy::parse(&bytes).map_err(|error| Failure::refused(format!("{}: {error}", file.display())))
    });
    let policy = policy.transpose()?;
    let log_key = args
        .log_key
        .as_deref()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("--log-key: {error}"))));
    let log_key = log_key.transpose()?;
    let source = match (&file, &log_key) {
        (_, Some(_)) => "by the log key that you gave".to_owned(),
        (Some(file), None) if args.policy.is_none() => {
            format!(
                "by the keys in {}, which came with the proof: compare them with what you know by other means",
                file.display()
            )
        }
        (Some(file), None) => format!("by the keys in {}", file.display()),
        (None, None) => {
            return Err(Failure::usage(format!(
                "whose key is the log's? Give --policy FILE or --log-key VKEY; there is no {} either",
                beside.display()
            )));
        }
    };
    Ok((Keys { log: log_key, policy }, source))
}

/// Who signed, as far as an entry says it: ids of keys.
fn signers(entry: &Entry) -> Vec<String> {
    let signatures = entry.statement().map(|signed| signed.envelope.signatures());
    signatures.into_iter().flatten().map(|signature| signature.key_id.to_string()).collect()
}

fn proof_text(checked: &Checked, source: &str, keys: &Keys) -> String {
    let Checked { entry, index, checkpoint, cosigned } = checked;
    let origin = checkpoint.origin();
    let mut out = format!(
        " ✓ entry {index} of {} is in its log\n   room {}\n",
        origin.domain().as_str(),
        origin.room()
    );
    out.push_str(&wrap(
        &format!(
            "✓ under the checkpoint of {} entries, signed by the log's key, {source}",
            checkpoint.size().0
        ),
        1,
        WIDTH,
    ));
    match keys.policy.as_ref() {
        Some(policy) if !policy.asks_for_none() => {
            let who: Vec<String> =
                cosigned.iter().map(|(who, at)| format!("{} ({})", safe(who), dtg(*at))).collect();
            out.push_str(&wrap(&format!("✓ cosigned as the policy demands: {}", who.join(", ")), 1, WIDTH));
        }
        Some(_) => out.push_str(" · the policy demands no cosignature\n"),
        None => out.push_str(" · cosignatures were not looked at: no policy was given\n"),
    }
    let _ = writeln!(out, "\n Accepted    {}", dtg(entry.accepted_at()));
    match entry.body() {
        Body::Statement(signed) => {
            let _ = writeln!(out, " Author      {}", signed.statement.author.as_str());
            let _ = writeln!(out, " Act         {}", signed.statement.act.name());
            let _ = writeln!(out, " Statement   {}", signed.identity().0);
            if let Some(post) = signed.statement.sealed() {
                let _ = writeln!(out, " Content     sealed; its digest is\n             {}", post.digest);
            }
            for (at, key) in signers(entry).iter().enumerate() {
                let _ = writeln!(out, " {:<11} {key}", if at == 0 { "Signed by" } else { "" });
            }
            out.push('\n');
            out.push_str(&wrap(
                "This shows that the entry stands in the log. It does not show that those keys are whose the author's \
                 name says, that they signed, or that they had the standing to sign: for that one needs the room's log \
                 (`tearline verify-bundle`).",
                1,
                WIDTH,
            ));
        }
        Body::Access(record) => {
            let _ = writeln!(
                out,
                " Record      {} was about to be served {} entries from {}",
                record.member.as_str(),
                record.count,
                record.first
            );
        }
    }
    out
}

fn proof_json(checked: &Checked) -> Value {
    let Checked { entry, index, checkpoint, cosigned } = checked;
    let signed = entry.statement();
    let cosigned: Vec<Value> =
        cosigned.iter().map(|(who, at)| json!({"witness": who, "at": iso(*at)})).collect();
    json!({
        "kind": "proof",
        "ok": true,
        "domain": checkpoint.origin().domain().as_str(),
        "room_id": checkpoint.origin().room().to_string(),
        "index": index,
        "size": checkpoint.size().0,
        "accepted_at": iso(entry.accepted_at()),
        "author": signed.map(|signed| signed.statement.author.as_str().to_owned()),
        "act": signed.map(|signed| signed.statement.act.name()),
        "statement": signed.map(|signed| signed.identity().0.to_string()),
        "signed_by": signers(entry),
        "cosigned": cosigned,
    })
}

fn check_evidence(context: &Context, path: &Path, file: &evidence::File) -> Result<(), Failure> {
    let name = path.display();
    let (room, message) = (safe(&file.room), safe(&file.message));
    let nothing = |why: String| {
        Failure::Alarm(format!(
            "{name}: it proves nothing to a third person: {why}\n{}",
            judge::caveat(&file.alarm)
        ))
    };
    let judged = judge::judge(file).map_err(|error| nothing(error.to_string()))?;
    let mut text = wrap(&format!("Alarm of {} about {room}: {message}", dtg(file.found_at)), 1, WIDTH);
    let _ = writeln!(
        text,
        "\n ✓ room {}\n   its founding charter is here, so the log's key is proven",
        safe(&file.room_id)
    );
    if judged.key_changed {
        text.push_str(&wrap(
            "· the log's key was changed by a charter that a quorum of mediators signed",
            1,
            WIDTH,
        ));
    }
    for seen in &judged.checkpoints {
        let who: Vec<&str> = seen.cosigned.iter().map(|(who, _)| who.as_str()).collect();
        let who = if who.is_empty() { String::new() } else { format!(", cosigned by {}", who.join(", ")) };
        text.push_str(&wrap(
            &format!(
                "✓ signed by the log's key: {} entries, root {}…{who} ({})",
                seen.checkpoint.size().0,
                seen.checkpoint.root().to_hex().chars().take(16).collect::<String>(),
                safe(&seen.what)
            ),
            1,
            WIDTH,
        ));
    }
    if judged.foreign > 0 {
        let _ = writeln!(text, " ✗ {} more that it did not sign, or of another room", judged.foreign);
    }
    let proven = judged.contradiction.as_ref().map(|it| it.words(&room));
    if let Some(proven) = &proven {
        text.push('\n');
        text.push_str(&wrap(&format!("PROVEN: {proven}."), 1, WIDTH));
        text.push_str(&wrap(
            "Whoever holds that key signed both: the server, or a thief of its key. Which of the two is true, this \
             does not show.",
            1,
            WIDTH,
        ));
    }
    if !judged.two_faced.is_empty() {
        let both =
            format!("PROVEN: {} cosigned both, which no honest witness does.", judged.two_faced.join(", "));
        text.push_str(&wrap(&both, 1, WIDTH));
    }
    let checkpoints: Vec<Value> = judged
        .checkpoints
        .iter()
        .map(|seen| {
            json!({
                "what": seen.what,
                "size": seen.checkpoint.size().0,
                "root": seen.checkpoint.root().to_string(),
                "cosigned": seen.cosigned.iter().map(|(who, at)| json!({"witness": who, "at": iso(*at)})).collect::<Vec<_>>(),
            })
        })
        .collect();
    let caveat = proven.is_none().then(|| judge::caveat(&file.alarm));
    let json = json!({
        "kind": "evidence",
        "ok": proven.is_some(),
        "alarm": file.alarm,
        "room": file.room,
        "room_id": file.room_id,
        "found_at": iso(file.found_at),
        "contradiction": judged.contradiction.as_ref().map(judge::Contradiction::name),
        "proven": proven,
        "caveat": caveat,
        "checkpoints": checkpoints,
        "cosigned_both": judged.two_faced,
    });
    say(context, &json, &text)?;
    match caveat {
        None => Ok(()),
        Some(caveat) => Err(Failure::Alarm(format!("{name}: no contradiction is proven. {caveat}"))),
    }
}
