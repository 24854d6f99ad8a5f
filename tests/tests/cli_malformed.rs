//! Whatever file, flag or passphrase is wrong: one clear message that names it, and nothing half done.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tearline_tests::cli::{House, PASSPHRASE, said::Said};

/// Every file under a folder with what is in it, locks and marks of reading aside.
fn snapshot(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            out.extend(snapshot(&path)?);
        } else if !path.ends_with("lock") {
            out.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(out)
}

/// Files that are no paper at all, or a damaged one, made of a good one.
fn spoilt(house: &House, good: &str) -> Result<Vec<(&'static str, PathBuf)>> {
    let good = fs::read(house.path(good))?;
    let garbage: Vec<u8> = (0..1250_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let mut latin = good.clone();
    latin.splice(good.len() / 2..good.len() / 2, [0xe9, 0xff]);
    let made: [(&'static str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("garbage", garbage),
        ("truncated", good[..good.len() / 2].to_vec()),
        ("not UTF-8", latin),
        ("one line of zeros", vec![0; 300]),
        ("another kind of paper", fs::read(house.path("server/tearlined.toml"))?),
    ];
    let mut out = vec![("missing", house.path("spoilt/missing")), ("a folder", house.path("papers"))];
    for (what, bytes) in made {
        let path = house.write(&format!("spoilt/{}", what.replace(' ', "-")), bytes)?;
        out.push((what, path.into()));
    }
    let huge = house.path("spoilt/huge");
    let file = File::options().create(true).truncate(false).write(true).open(&huge)?;
    file.set_len(70 << 20)?;
    out.push(("huge", huge));
    Ok(out)
}

#[test]
fn a_spoilt_paper_of_any_kind_is_refused_by_name_and_changes_nothing() -> Result<()> {
    let house = House::kivu()?;
    house.text("un/monitor-1", &["export", "papers/kivu.bundle"])?;
    fs::create_dir(house.path("spoilt"))?;
    let cases: [(&str, &[&str], &str); 10] = [
        ("us/washington", &["publish", "FILE"], "papers/sake.md"),
        ("drc/liaison", &["write", "concern", "FILE"], "papers/concern.md"),
        ("us/kigali", &["write", "note", "FILE", "--to", "chamber"], "papers/note.md"),
        ("drc/delegation", &["endorse", "FILE", "--out", "out.card"], "desks/drc-liaison/card.tearline"),
        ("us/washington", &["admit", "FILE", "drc"], "papers/drc-liaison.endorsed.card"),
        (
            "us/washington",
            &["admit", "papers/drc-liaison.endorsed.card", "new", "--card-too", "FILE"],
            "papers/drc-liaison.endorsed.card",
        ),
        ("drc/liaison", &["join", "FILE"], "papers/drc-liaison.invitation"),
        ("us/kigali", &["found", "FILE"], "papers/chamber.founding"),
        ("us/kigali", &["found", "FILE", "--submit"], "papers/chamber.founding"),
        ("un/monitor-1", &["verify-bundle", "FILE"], "papers/kivu.bundle"),
    ];
    for (desk, args, good) in cases {
        let before = snapshot(&house.desk(desk))?;
        for (what, path) in spoilt(&house, good)? {
            // Of a text for people half is a text too, and so is any other.
            let prose = args[0] == "write" && matches!(what, "truncated" | "another kind of paper");
            if prose || (args[0] == "publish" && what == "truncated") {
                continue;
            }
            let file = path.display().to_string();
            let args: Vec<&str> =
                args.iter().map(|arg| if *arg == "FILE" { file.as_str() } else { arg }).collect();
            let said = house.run(desk, &args)?;
            let line = said.line.clone();
            // A bundle that is not one is what an auditor is asked about: the verdict is no.
            let code = if args[0] == "verify-bundle" && said.code == 3 { 3 } else { 1 };
            let message = said.refused(code).with_context(|| what.to_owned())?;
            ensure!(message.contains(&file), "{what}: {line}\ndoes not name the file: {message}");
            ensure!(message.lines().count() <= 12, "{what}: {line}\n{message}");
            ensure!(message.len() < 1200, "{what}: {line}\nis too long: {message}");
        }
        let after = snapshot(&house.desk(desk))?;
        for (path, bytes) in &before {
            let room =
                path.components().any(|part| matches!(part.as_os_str().to_str(), Some("rooms" | "access")));
            ensure!(room || after.get(path) == Some(bytes), "{args:?} changed {}", path.display());
        }
        ensure!(!house.path("out.card").exists(), "a refused command left a file");
    }
    Ok(())
}

#[test]
fn the_same_text_from_another_system_is_the_same_paper() -> Result<()> {
    let house = House::kivu()?;
    let crlf = |name: &str| -> Result<String> {
        let text = fs::read_to_string(house.path(name))?;
        house.write("crlf", text.replace('\n', "\r\n"))
    };
    let file = crlf("papers/sake.md")?;
    let published = house.json("us/washington", &["publish", &file])?;
    ensure!(published["portions"] == 5, "{published}");
    let file = crlf("papers/concern.md")?;
    house.json("drc/liaison", &["write", "concern", &file])?;
    let file = crlf("desks/drc-liaison/card.tearline")?;
    house.json("drc/delegation", &["endorse", &file, "--out", "out.card"])?;
    // It writes over nothing.
    let said = house.refused("drc/delegation", &["endorse", &file, "--out", "out.card"])?;
    ensure!(said.contains("out.card"), "{said}");
    Ok(())
}

#[test]
fn a_profile_that_is_spoilt_is_refused_by_name() -> Result<()> {
    let house = House::kivu()?;
    let desk = "drc/liaison";
    let folder = house.desk(desk);
    for (file, needed_by) in [
        ("profile.toml", vec!["status"]),
        ("keys.age", vec!["read", "drc#4"]),
        ("certificate.pem", vec!["fetch"]),
        ("authority.pem", vec!["fetch"]),
        ("marks.json", vec!["inbox"]),
        ("card.tearline", vec!["join", "papers/drc-liaison.invitation"]),
    ] {
        let path = folder.join(file);
        let good = fs::read(&path)?;
        let half = good[..good.len() / 2].to_vec();
        for bad in [Some(Vec::new()), Some(b"\x00\xff\xfe what".to_vec()), Some(half), None] {
            match &bad {
                // Half of it may be whole settings.
                Some(bytes) if file == "profile.toml" && bytes.len() > 100 => continue,
                Some(bytes) => fs::write(&path, bytes)?,
                None if file == "marks.json" => continue,
                None => fs::remove_file(&path)?,
            }
            let said = house.run(desk, &needed_by)?;
            let named = Path::new(file).file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let message = said.refused(1).with_context(|| format!("{file}: {bad:?}"))?;
            let says = message.contains(named) || (file == "keys.age" && message.contains("vault"));
            ensure!(says, "{file} {bad:?}: {message}");
            fs::write(&path, &good)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        }
    }
    let settings = fs::read_to_string(folder.join("profile.toml"))?;
    for (from, to) in [
        ("member = \"spiffe", "member = \"http"),
        ("witnesses = 0", "witnesses = -1"),
        ("[policy]", "colour = \"red\"\n[policy]"),
        ("id = \"", "id = \"zz"),
        ("server = \"127.0.0.1", "server = \"here, \\n"),
    ] {
        ensure!(settings.contains(from), "{settings}");
        fs::write(folder.join("profile.toml"), settings.replace(from, to))?;
        let said = house.refused(desk, &["fetch"])?;
        ensure!(said.contains("profile") || said.contains("HOST:PORT"), "{to}: {said}");
    }
    fs::write(folder.join("profile.toml"), &settings)?;
    fs::set_permissions(folder.join("keys.age"), Permissions::from_mode(0o644))?;
    let said = house.refused(desk, &["read", "drc#4"])?;
    ensure!(said.contains("keys.age") && said.contains("chmod"), "{said}");
    fs::set_permissions(folder.join("keys.age"), Permissions::from_mode(0o600))?;
    house.text(desk, &["read", "drc#4"])?;
    let mut init = house.tearline(desk, &["init", desk, "--role", "party", "--domain", "kivu.example"])?;
    init.args(["--work-factor", "10"]);
    let said = Said::of(init)?.refused(1)?;
    ensure!(said.contains("already"), "{said}");
    Ok(())
}

#[test]
fn a_passphrase_that_does_not_open_is_told_from_one_that_is_not_there() -> Result<()> {
    let house = House::kivu()?;
    let profile = house.arg("desks/drc-liaison");
    let read = |flags: &[&str], variable: Option<&str>| -> Result<Said> {
        let mut command = house.command(&["--profile", &profile, "read", "drc#4"])?;
        command.args(flags);
        if let Some(value) = variable {
            command.env("TEARLINE_TEST_PASSPHRASE", value);
        }
        Said::of(command)
    };
    let file = |name: &str, text: &[u8]| house.write(name, text);
    let wrong = file("wrong", b"another\n")?;
    let said = read(&["--passphrase-file", &wrong], None)?.refused(1)?;
    ensure!(said.contains("the passphrase is wrong"), "{said}");
    let empty = file("empty", b"")?;
    let said = read(&["--passphrase-file", &empty], None)?.refused(1)?;
    ensure!(said.contains(&empty), "{said}");
    let binary = file("binary", &[0xff, 0xfe, 0x00])?;
    let said = read(&["--passphrase-file", &binary], None)?.refused(1)?;
    ensure!(said.contains(&binary), "{said}");
    let said = read(&["--passphrase-file", "nowhere"], None)?.refused(1)?;
    ensure!(said.contains("nowhere"), "{said}");
    let open = file("open", PASSPHRASE.as_bytes())?;
    fs::set_permissions(&open, Permissions::from_mode(0o644))?;
    let said = read(&["--passphrase-file", &open], None)?.refused(1)?;
    ensure!(said.contains(&open) && said.contains("chmod"), "{said}");
    let name = ["--passphrase-env", "TEARLINE_TEST_PASSPHRASE"];
    let said = read(&name, None)?.refused(1)?;
    ensure!(said.contains("TEARLINE_TEST_PASSPHRASE"), "{said}");
    let said = read(&name, Some("another"))?.refused(1)?;
    ensure!(said.contains("the passphrase is wrong") && !said.contains("another\""), "{said}");
    ensure!(read(&name, Some(PASSPHRASE.trim_end()))?.done()?.contains("40 vehicles"), "it opens");
    read(&["--passphrase-file", &wrong, "--passphrase-env", "X"], None)?.refused(2)?;
    Ok(())
}

#[test]
fn wrong_usage_exits_with_two_and_says_what_was_meant() -> Result<()> {
    let house = House::kivu()?;
    for (args, says) in [
        (vec!["raed", "drc#4"], "read"),
        (vec!["read"], "REFERENCE"),
        (vec!["read", "drc#4", "--loud"], "--loud"),
        (vec!["read", "drc"], "ROOM#INDEX"),
        (vec!["read", "drc#"], "ROOM#INDEX"),
        (vec!["read", "drc#-1"], "ROOM#INDEX"),
        (vec!["read", "drc#99999999999999999999999"], "ROOM#INDEX"),
        (vec!["read", "DRC#4"], "lower-case"),
        (vec!["ack"], "REFERENCES"),
        (vec!["release", "chamber#21", "--to", "drc"], "--portions"),
        (vec!["release", "chamber#21", "--portions", "one", "--to", "drc"], "one"),
        (vec!["release", "chamber#21", "--portions", "1"], "--to"),
        (vec!["release", "chamber#21", "--portions", "1", "--to", "DRC"], "DRC"),
        (vec!["release", "chamber#21", "--portions", "1", "--to", "drc", "--precedence", "soon"], "soon"),
        (
            vec!["release", "chamber#21", "--portions", "1", "--to", "drc", "--downgrade", "1"],
            "PORTION:MARK:REASON",
        ),
        (vec!["release", "chamber#21", "--portions", "1", "--to", "drc", "--open-for", "1000"], "168"),
        (vec!["release", "chamber#21", "--portions", "1", "--to", "drc", "--answers", "drc#3"], "--finding"),
        (vec!["found", "new.founding", "--new"], "--address"),
        (vec!["found", "new.founding", "--new", "--submit"], "--submit"),
        (vec!["write", "poem", "papers/note.md"], "poem"),
        (vec!["write", "note", "papers/note.md"], "--to"),
        (vec!["given", "DRC!"], "DRC!"),
        (vec!["init", "nobody", "--role", "party", "--domain", "kivu.example"], "nobody"),
        (vec!["init", "a/b", "--role", "king", "--domain", "kivu.example"], "king"),
        (vec!["init", "a/b", "--role", "party", "--domain", "not a domain"], "not a domain"),
        (vec!["init", "a/b", "--role", "auditor", "--domain", "kivu.example", "--custodian"], "--custodian"),
        (vec!["init", "a/b", "--role", "party", "--domain", "x.example", "--work-factor", "99"], "22"),
    ] {
        let message = house.run("us/washington", &args)?.refused(2)?;
        ensure!(message.contains(says), "{args:?} does not say {says:?}: {message}");
    }
    // With --json, what went wrong is JSON too.
    let said = house.run("us/washington", &["read", "drc", "--json"])?;
    let error: serde_json::Value = serde_json::from_str(&said.err)?;
    ensure!(said.code == 2 && error["exit_code"] == 2 && error["error"].is_string(), "{error}");
    Ok(())
}

#[test]
fn two_commands_at_once_on_one_profile_do_not_spoil_it() -> Result<()> {
    let house = House::kivu()?;
    let desk = "drc/liaison";
    let start = |args: &[&str]| -> Result<_> {
        let mut command: Command = house.tearline(desk, args)?;
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        Ok((args.join(" "), child))
    };
    let running: Vec<_> = [
        vec!["fetch"],
        vec!["fetch"],
        vec!["read", "drc#4"],
        vec!["ack", "drc#4"],
        vec!["ack", "drc#5"],
        vec!["inbox"],
    ]
    .iter()
    .map(|args| start(args))
    .collect::<Result<_>>()?;
    for (line, child) in running {
        let said = Said::from_output(&line, child.wait_with_output()?)?;
        if said.code != 0 {
            let message = said.refused(1)?;
            ensure!(message.contains("another") || message.contains("again"), "{line}: {message}");
        }
    }
    house.text(desk, &["fetch"])?;
    house.text(desk, &["verify"])?;
    house.text(desk, &["read", "drc#4"])?;
    Ok(())
}
