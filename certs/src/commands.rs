//! What each command does: calls the authority, then writes files where the operator wants them.
//!
//! Prints nothing. Files that would be overwritten are found before anything is signed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::CommandFactory as _;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tearline_certs::{
    Authority, Chamber, CrlState, Entry, Issued, IssuedServer, Moment, Outcome, Serial, ServerNames, Subject,
    admission, files,
};
use tearline_ledger::{digest::Digest, name::Domain};
use x509_parser::prelude::parse_x509_certificate;

use crate::cli::{self, AUTHORITY_VARIABLE, Cli, Command};

const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server.key";
const DAY: i64 = 24 * 60 * 60;

/// What a command did, for `show`.
pub(crate) enum Done {
    /// `init`.
    Made { dir: PathBuf, domain: Domain, fingerprint: Digest, not_after: Moment, server: Option<Server> },
    /// `issue`.
    Issued { written: Vec<Invited>, skipped: Vec<Entry>, chamber: Option<Chamber> },
    /// `issue-server`.
    Server(Server),
    /// `renew`.
    Renewed { certificate: Written, revoked: Vec<Entry>, published: Option<PathBuf> },
    /// `revoke`.
    Revoked { revoked: Vec<Entry>, crl: Crl },
    /// `crl`.
    Crl(Crl),
    /// `completions`.
    Script { shell: String, script: String },
    /// `man`.
    Pages { dir: PathBuf, pages: Vec<PathBuf> },
    /// `list`.
    List { entries: Vec<Entry>, crl: CrlState, chamber: Option<Chamber>, not_after: Moment, now: Moment },
}

/// A member's certificate and invitation, and where they were written.
pub(crate) struct Invited {
    pub(crate) certificate: Written,
    pub(crate) invitation: PathBuf,
}

/// A certificate and where it was written.
pub(crate) struct Written {
    pub(crate) entry: Entry,
    pub(crate) file: PathBuf,
}

/// A server's certificate and key, and where they were written.
pub(crate) struct Server {
    pub(crate) certificate: Written,
    pub(crate) key_file: PathBuf,
}

/// The newest revocation list and where it is.
pub(crate) struct Crl {
    pub(crate) state: CrlState,
    pub(crate) file: PathBuf,
    pub(crate) published: Option<PathBuf>,
}

pub(crate) fn run(cli: Cli) -> anyhow::Result<Done> {
    let dir = cli
        .authority
        .or_else(|| env::var_os(AUTHORITY_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("authority"));
    match cli.command {
        Command::Init(args) => init(dir, args),
        Command::Issue(args) => issue(&dir, &args),
        Command::IssueServer(args) => {
            let authority = Authority::open(&dir)?;
            ServerNames::new(&args.name, &args.ip)?;
            let places = server_places(&args.out)?;
            let issued = authority.issue_server(&args.name, &args.ip)?;
            Ok(Done::Server(write_server(issued, places)?))
        }
        Command::Renew(args) => renew(&dir, args),
        Command::Revoke(args) => {
            let authority = Authority::open(&dir)?;
            refuse_unless_list(args.crl.publish.as_deref())?;
            let revoked = authority.revoke_until(&args.name, args.reason, end_of(&args.crl))?;
            Ok(Done::Revoked { revoked, crl: publish(&authority, args.crl.publish)? })
        }
        Command::Crl(args) => {
            let authority = Authority::open(&dir)?;
            refuse_unless_list(args.publish.as_deref())?;
            authority.refresh_crl(end_of(&args))?;
            Ok(Done::Crl(publish(&authority, args.publish)?))
        }
        Command::Completions(args) => {
            let script = tearline_manual::script(Cli::command(), args.shell);
            Ok(Done::Script { shell: args.shell.to_string(), script })
        }
        Command::Man(args) => {
            let pages = tearline_manual::pages(Cli::command(), &args.dir)?;
            Ok(Done::Pages { dir: args.dir, pages })
        }
        Command::List => {
            let authority = Authority::open(&dir)?;
            let (entries, crl) = (authority.entries()?, authority.crl_state()?);
            let (chamber, not_after) = (authority.chamber()?, authority.not_after());
            Ok(Done::List { entries, crl, chamber, not_after, now: Moment::now() })
        }
    }
}

fn init(default: PathBuf, args: cli::Init) -> anyhow::Result<Done> {
    let dir = args.dir.unwrap_or(default);
    let wants_server = !args.server_name.is_empty() || !args.server_ip.is_empty();
    let places = if wants_server {
        ServerNames::new(&args.server_name, &args.server_ip)?;
        Some(server_places(&args.server_out)?)
    } else {
        None
    };
    let authority = Authority::init(&dir, &args.domain)?;
    let server = match places {
        Some(places) => {
            Some(write_server(authority.issue_server(&args.server_name, &args.server_ip)?, places)?)
        }
        None => None,
    };
    let (fingerprint, not_after) = (authority.ca_spki_sha256(), authority.not_after());
    Ok(Done::Made { dir, domain: args.domain, fingerprint, not_after, server })
}

fn issue(dir: &Path, args: &cli::Issue) -> anyhow::Result<Done> {
    let authority = Authority::open(dir)?;
    let admission = admission::read(&args.admission)?;
    let admitting = authority.admit(&admission)?;
    make_out(&args.out)?;
    let places = member_places(&args.out, admitting.subjects())?;
    let Outcome { invited, skipped, chamber } = admitting.commit()?;
    let written = invited
        .into_iter()
        .zip(places)
        .map(|(invited, (file, invitation))| {
            let admission::Invited { issued, invitation: text } = invited;
            let lost = || lost(&issued.entry);
            files::write_new(&file, issued.chain_pem.as_bytes(), files::PUBLIC).with_context(lost)?;
            files::write_new(&invitation, text.as_bytes(), files::PUBLIC).with_context(lost)?;
            Ok(Invited { certificate: Written { entry: issued.entry.clone(), file }, invitation })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Done::Issued { written, skipped, chamber })
}

fn renew(dir: &Path, args: cli::Renew) -> anyhow::Result<Done> {
    let authority = Authority::open(dir)?;
    refuse_unless_list(args.publish.as_deref())?;
    make_out(&args.out)?;
    let entries = authority.entries()?;
    // Which file it will be is known by whom the text means; that the text means one is for `renew` to say.
    let by_serial: Option<Serial> = args.name.parse().ok();
    let meant = |entry: &&Entry| Some(entry.serial) == by_serial || entry.subject.answers_to(&args.name);
    if let Some(entry) = entries.iter().rev().find(meant) {
        refuse_foreign(&args.out.join(file_name(&entry.subject)), &entry.subject, &entries)?;
    }
    let renewed = authority.renew(&args.name, args.revoke_old)?;
    let Issued { entry, chain_pem, .. } = renewed.certificate;
    let file = args.out.join(file_name(&entry.subject));
    refuse_foreign(&file, &entry.subject, &entries).with_context(|| renewal_lost(&entry))?;
    files::replace(&file, chain_pem.as_bytes(), files::PUBLIC).with_context(|| renewal_lost(&entry))?;
    let published = match args.publish {
        Some(file) => publish(&authority, Some(file))?.published,
        None => None,
    };
    Ok(Done::Renewed { certificate: Written { entry, file }, revoked: renewed.revoked, published })
}

fn end_of(args: &cli::Crl) -> Option<Moment> {
    args.days.map(|days| Moment::now().plus(i64::from(days) * DAY))
}

fn publish(authority: &Authority, to: Option<PathBuf>) -> anyhow::Result<Crl> {
    if let Some(file) = &to {
        files::replace(file, authority.crl_pem()?.as_bytes(), files::PUBLIC).with_context(|| {
            format!("the new revocation list is signed but not published to {}", file.display())
        })?;
    }
    Ok(Crl { state: authority.crl_state()?, file: authority.dir().join("crl.pem"), published: to })
}

fn write_server(issued: IssuedServer, (file, key_file): (PathBuf, PathBuf)) -> anyhow::Result<Server> {
    let IssuedServer { certificate: Issued { entry, chain_pem, .. }, key_pem } = issued;
    files::write_new(&key_file, key_pem.as_bytes(), files::PRIVATE).with_context(|| lost(&entry))?;
    files::write_new(&file, chain_pem.as_bytes(), files::PUBLIC).with_context(|| lost(&entry))?;
    Ok(Server { certificate: Written { entry, file }, key_file })
}

/// What to do when a certificate is in the books but its files could not be written.
fn lost(entry: &Entry) -> String {
    format!(
        "the certificate of {0} is signed (serial {1}) but its files are not written. \
         Mend the cause, `tearline-certs revoke {1}`, then issue it again",
        entry.subject, entry.serial
    )
}

/// The same for a renewal, after which the old certificate is still there to renew from.
fn renewal_lost(entry: &Entry) -> String {
    format!(
        "the certificate of {0} is signed (serial {1}) but its file is not written. \
         Mend the cause, then `tearline-certs renew {1} --revoke-old`",
        entry.subject, entry.serial
    )
}

fn make_out(out: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))
}

fn file_name(subject: &Subject) -> String {
    match subject {
        Subject::Member(name) => format!("{}.pem", name.desk().replace('/', "-")),
        Subject::Server(_) => SERVER_FILE.to_owned(),
    }
}

fn server_places(out: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    make_out(out)?;
    let places = (out.join(SERVER_FILE), out.join(SERVER_KEY_FILE));
    refuse_existing(&places.0)?;
    refuse_existing(&places.1)?;
    Ok(places)
}

/// Each member's files: certificate and invitation.
fn member_places<'a>(
    out: &Path,
    subjects: impl Iterator<Item = &'a Subject>,
) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut places: Vec<(PathBuf, PathBuf)> = Vec::new();
    for subject in subjects {
        let file = out.join(file_name(subject));
        let invitation = file.with_extension("invitation");
        refuse_existing(&file)?;
        refuse_existing(&invitation)?;
        if places.iter().any(|(other, _)| *other == file) {
            bail!(
                "two members of this admission would both be written to {}; nothing was signed. \
                 Have them admitted one after the other, and give each an --out DIR of its own",
                file.display()
            );
        }
        places.push((file, invitation));
    }
    Ok(places)
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!(
            "{} is there already; nothing was signed. Move it away, or name another folder with --out DIR",
            path.display()
        );
    }
    Ok(())
}

/// A revocation list may replace an older one, and nothing else.
fn refuse_unless_list(publish: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = publish.filter(|path| path.symlink_metadata().is_ok()) else { return Ok(()) };
    if fs::read(path).is_ok_and(|text| text.starts_with(b"-----BEGIN X509 CRL-----")) {
        return Ok(());
    }
    bail!(
        "{} is there already and is not a revocation list; nothing was done. Publish elsewhere",
        path.display()
    );
}

/// A renewal may replace an older certificate of the same holder, and nothing else.
fn refuse_foreign(path: &Path, subject: &Subject, entries: &[Entry]) -> anyhow::Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let serial = fs::read(path).ok().and_then(|pem| serial_of(&pem));
    if entries.iter().any(|entry| Some(entry.serial) == serial && entry.subject == *subject) {
        return Ok(());
    }
    bail!(
        "{} is there already and is not a certificate of {subject}. \
         Move it away, or name another folder with --out DIR",
        path.display()
    );
}

fn serial_of(pem: &[u8]) -> Option<Serial> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let (_, certificate) = parse_x509_certificate(&der).ok()?;
    Serial::from_slice(certificate.raw_serial())
}
