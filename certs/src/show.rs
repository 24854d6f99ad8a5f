//! What is printed: text for people, one JSON document for programs.
//!
//! Decides nothing. JSON goes to standard output, errors to standard error in either form.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use serde_json::{Value, json};
use tearline_certs::{Chamber, CrlState, Entry, Moment, Status, Subject};

use crate::commands::{Crl, Done, Invited, Server, Written};

const DAY: i64 = 24 * 60 * 60;
/// Soon enough to act on before a certificate or the list ends.
const SOON: i64 = 14 * DAY;

/// Prints what was done. A reader who has gone away is no failure.
pub(crate) fn print(done: &Done, json: bool) -> ExitCode {
    let text = if json { format!("{:#}\n", document(done)) } else { words(done) };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Prints why it was not done.
pub(crate) fn failure(error: &anyhow::Error, json: bool) {
    let text = causes(error);
    let text =
        if json { format!("{:#}", json!({ "error": text })) } else { format!("tearline-certs: {text}") };
    // There is nowhere left to complain to.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The error and its causes; a cause that its effect quotes already is not said twice.
fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}\n  because {cause}");
        }
    }
    text
}

fn words(done: &Done) -> String {
    let mut out = String::new();
    // Writing into a String does not fail.
    let _ = match done {
        Done::Made { dir, domain, fingerprint, not_after, server } => {
            made(&mut out, dir, domain.as_str(), &fingerprint.to_hex(), *not_after, server.as_ref())
        }
        Done::Issued { written, skipped, chamber } => issued(&mut out, written, skipped, chamber.as_ref()),
        Done::Server(server) => one_server(&mut out, server),
        Done::Renewed { certificate, revoked, published } => one(&mut out, certificate).and_then(|()| {
            if revoked.is_empty() {
                return Ok(());
            }
            revoked.iter().try_for_each(|entry| writeln!(out, "Revoked {}", entry.serial))?;
            match published {
                Some(file) => writeln!(out, "The new revocation list is in {}", file.display()),
                None => writeln!(out, "Give the new crl.pem to the server."),
            }
        }),
        Done::Revoked { revoked, crl } => revoked
            .iter()
            .try_for_each(|entry| writeln!(out, "Revoked {}  {}", entry.serial, entry.subject))
            .and_then(|()| list(&mut out, crl)),
        Done::Crl(crl) => list(&mut out, crl),
        Done::Script { script, .. } => out.write_str(script),
        Done::Pages { dir, pages } => writeln!(out, "{} pages in {}", pages.len(), dir.display()),
        Done::List { entries, crl, chamber, not_after, now } => {
            table(&mut out, entries, crl, *not_after, *now)
                .and_then(|()| chamber.as_ref().map_or(Ok(()), |chamber| mediators(&mut out, chamber)))
        }
    };
    out
}

fn issued(
    out: &mut String,
    written: &[Invited],
    skipped: &[Entry],
    chamber: Option<&Chamber>,
) -> std::fmt::Result {
    if let Some(chamber) = chamber {
        writeln!(out, "From now on admissions need the signatures of these mediators:")?;
        mediators(out, chamber)?;
        writeln!(out, "Have one of them confirm the number of the chamber by telephone.\n")?;
    }
    for Invited { certificate, invitation } in written {
        one(out, certificate)?;
        writeln!(out, "  invitation in {}", invitation.display())?;
    }
    for entry in skipped {
        writeln!(
            out,
            "Skipped {}: it has a certificate for this key (serial {}, valid until {}).\n  \
             If its files are lost: `tearline-certs revoke {}`, then issue this again.",
            entry.subject, entry.serial, entry.not_after, entry.serial
        )?;
    }
    if written.is_empty() {
        writeln!(out, "No certificate was signed.")
    } else {
        writeln!(out, "Send each its invitation; it is no secret.")
    }
}

fn mediators(out: &mut String, chamber: &Chamber) -> std::fmt::Result {
    writeln!(out, "Chamber {}, charter {}", chamber.room(), chamber.epoch())?;
    writeln!(out, "  {} of:", chamber.quorum())?;
    chamber.mediators().try_for_each(|(name, key)| writeln!(out, "  {}  signing key {key}", name.desk()))
}

fn made(
    out: &mut String,
    dir: &Path,
    domain: &str,
    fingerprint: &str,
    not_after: Moment,
    server: Option<&Server>,
) -> std::fmt::Result {
    writeln!(
        out,
        "Made the certificate authority of {domain} in {}, good until {not_after}.",
        dir.display()
    )?;
    if let Some(server) = server {
        one_server(out, server)?;
    }
    writeln!(out, "\nFingerprint (authority_sha256 of the founding charter):\n  {fingerprint}\n")?;
    writeln!(out, "Keep {} private, and a copy of it in a safe place.", dir.join("authority.key").display())?;
    writeln!(out, "Give authority.pem and crl.pem to the server.")?;
    writeln!(out, "The revocation list lapses after 7 days: have `tearline-certs crl` run by a timer.")
}

fn one(out: &mut String, written: &Written) -> std::fmt::Result {
    let Written { entry, file } = written;
    writeln!(out, "{}  for {}", file.display(), entry.subject)?;
    writeln!(out, "  serial {}, valid until {}", entry.serial, entry.not_after)
}

fn one_server(out: &mut String, server: &Server) -> std::fmt::Result {
    one(out, &server.certificate)?;
    writeln!(out, "  private key in {}", server.key_file.display())
}

fn list(out: &mut String, crl: &Crl) -> std::fmt::Result {
    let CrlState { number, next_update, revoked, .. } = crl.state;
    writeln!(out, "Revocation list {number} ({revoked} revoked) is good until {next_update}.")?;
    match &crl.published {
        Some(file) => writeln!(out, "Written to {}", file.display()),
        None => writeln!(out, "Give {} to the server.", crl.file.display()),
    }
}

fn table(out: &mut String, entries: &[Entry], crl: &CrlState, end: Moment, now: Moment) -> std::fmt::Result {
    if entries.is_empty() {
        writeln!(out, "No certificates yet. Sign the first with `tearline-certs issue ADMISSION`.")?;
    } else {
        let width =
            entries.iter().map(|entry| entry.subject.to_string().len()).max().unwrap_or_default().max(4);
        writeln!(out, "{:width$}  {:32}  {:20}  STATUS", "NAME", "SERIAL", "VALID UNTIL")?;
        for entry in entries {
            let (subject, serial) = (entry.subject.to_string(), entry.serial.to_string());
            let status = status_words(entry, now);
            writeln!(out, "{subject:width$}  {serial:32}  {:20}  {status}", entry.not_after.to_string())?;
        }
    }
    let lapses = crl.next_update.unix() - now.unix();
    let remark = match lapses {
        ..0 => " It has LAPSED: servers refuse everyone. Run `tearline-certs crl`.",
        0..=172_800 => " Run `tearline-certs crl` now.",
        _ => "",
    };
    writeln!(out, "\nRevocation list {} is good until {}.{remark}", crl.number, crl.next_update)?;
    writeln!(out, "The authority itself is good until {end}.")
}

fn status_words(entry: &Entry, now: Moment) -> String {
    let status = entry.status(now);
    match (status, &entry.revoked) {
        (_, Some(revoked)) => format!("{status} {} ({})", revoked.at, revoked.reason),
        (Status::Valid, None) if entry.not_after < now.plus(SOON) => format!("{status}, ends soon: renew"),
        _ => status.to_string(),
    }
}

fn document(done: &Done) -> Value {
    let now = Moment::now();
    match done {
        Done::Script { shell, script } => json!({ "shell": shell, "script": script }),
        Done::Pages { pages, .. } => json!({ "pages": pages }),
        Done::Made { dir, domain, fingerprint, not_after, server } => json!({
            "authority": dir,
            "domain": domain.as_str(),
            "authority_sha256": fingerprint.to_hex(),
            "not_after": not_after.to_string(),
            "server": server.as_ref().map(|server| server_json(server, now)),
        }),
        Done::Issued { written, skipped, chamber } => json!({
            "issued": written
                .iter()
                .map(|each| with(written_json(&each.certificate, now), "invitation", &each.invitation))
                .collect::<Vec<_>>(),
            "skipped": skipped.iter().map(|entry| entry_json(entry, now)).collect::<Vec<_>>(),
            "chamber": chamber.as_ref().map(chamber_json),
        }),
        Done::Server(server) => json!({ "issued": [server_json(server, now)] }),
        Done::Renewed { certificate, revoked, published } => json!({
            "issued": [written_json(certificate, now)],
            "revoked": revoked.iter().map(|entry| entry_json(entry, now)).collect::<Vec<_>>(),
            "published": published,
        }),
        Done::Revoked { revoked, crl } => json!({
            "revoked": revoked.iter().map(|entry| entry_json(entry, now)).collect::<Vec<_>>(),
            "crl": crl_json(&crl.state),
            "file": crl.file,
            "published": crl.published,
        }),
        Done::Crl(crl) => {
            json!({ "crl": crl_json(&crl.state), "file": crl.file, "published": crl.published })
        }
        Done::List { entries, crl, chamber, not_after, now } => json!({
            "chamber": chamber.as_ref().map(chamber_json),
            "certificates": entries.iter().map(|entry| entry_json(entry, *now)).collect::<Vec<_>>(),
            "crl": crl_json(crl),
            "authority_not_after": not_after.to_string(),
        }),
    }
}

fn entry_json(entry: &Entry, now: Moment) -> Value {
    json!({
        "name": entry.subject.to_string(),
        "kind": match entry.subject { Subject::Member(_) => "member", Subject::Server(_) => "server" },
        "serial": entry.serial.to_string(),
        "tls_key_sha256": entry.tls_key.sha256().to_hex(),
        "not_before": entry.not_before.to_string(),
        "not_after": entry.not_after.to_string(),
        "status": entry.status(now).as_str(),
        "revoked_at": entry.revoked.map(|revoked| revoked.at.to_string()),
        "reason": entry.revoked.map(|revoked| revoked.reason.as_str()),
    })
}

fn written_json(written: &Written, now: Moment) -> Value {
    with(entry_json(&written.entry, now), "file", &written.file)
}

fn server_json(server: &Server, now: Moment) -> Value {
    with(written_json(&server.certificate, now), "key_file", &server.key_file)
}

fn with(mut value: Value, field: &str, file: &Path) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(field.to_owned(), json!(file));
    }
    value
}

fn chamber_json(chamber: &Chamber) -> Value {
    json!({
        "room": chamber.room().to_string(),
        "charter": chamber.epoch(),
        "quorum": chamber.quorum(),
        "mediators": chamber
            .mediators()
            .map(|(name, key)| json!({ "name": name.to_string(), "sign_key_id": key.to_string() }))
            .collect::<Vec<_>>(),
    })
}

fn crl_json(crl: &CrlState) -> Value {
    json!({
        "number": crl.number,
        "this_update": crl.this_update.to_string(),
        "next_update": crl.next_update.to_string(),
        "revoked": crl.revoked,
    })
}
