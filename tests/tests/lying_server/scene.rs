//! After a year of mediation, a few entries that the parties have not fetched yet, and a liar in the server's
//! place with its certificate and its log key.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_client::{desk::Desk, passphrase::Passphrase, profile::Profile, vault::Vault};
use tearline_tests::{
    cli::{Home, House, PASSPHRASE},
    liar::{Liar, Lies},
};
use tempfile::TempDir;

const SAKE: &str = "---
subject: Column at Kanyabayonga
precedence: IMMEDIATE
source: B2
---

(C//REL TO DRC)  About 30 vehicles stand at Kanyabayonga.

(S//NF)  There is one source.
";

const TRUCE: &str = "---
subject: Truce of July
precedence: PRIORITY
source: A1
---

(C//REL TO DRC, RWA)  A truce holds from 5 July for two weeks.
";

/// What the desk that is lied to had not fetched when the liar took over.
pub(crate) struct Scene {
    home: Home,
    pub(crate) liar: Liar,
    /// The release into drc, then the two halves of the joint one.
    pub(crate) new: [String; 3],
    _made: Arc<Made>,
}

struct Made {
    folder: TempDir,
    new: [String; 3],
}

impl Scene {
    /// What the party's desks are shown.
    pub(crate) fn of_drc() -> Result<Self> {
        let scene = Self::new()?;
        scene.lies().show_only(&["drc", "plenary", "access/drc"]);
        Ok(scene)
    }

    pub(crate) fn new() -> Result<Self> {
        let made = made()?;
        let home = Home::copy_of(&made.folder.path().join("house"))?;
        let liar = Liar::start(&home.path("server/tearlined.toml"), &fs::read(home.path("kivu.bundle"))?)?;
        for desk in fs::read_dir(home.path("desks"))? {
            home.point(&desk?.path(), liar.address())?;
        }
        let new = made.new.clone();
        Ok(Self { home, liar, new, _made: made })
    }

    pub(crate) fn lies(&self) -> std::sync::MutexGuard<'_, Lies> {
        self.liar.lies()
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Runs a desk's command, which must catch the lie: exit 3, these words, and evidence that says the same.
    pub(crate) fn caught(&self, desk: &str, args: &[&str], alarm: &str, words: &[&str]) -> Result<String> {
        let said = self.home.run(desk, args)?.refused(3)?;
        for word in words {
            ensure!(said.contains(word), "{word:?} is not in {said}");
        }
        let (_, found) = evidence_of(self, desk, alarm).with_context(|| format!("after {said}"))?;
        Ok(found)
    }

    /// The desk opened by the library, as its own officer could.
    pub(crate) fn desk(&self, desk: &str) -> Result<Desk> {
        let profile = Profile::open(&self.home.desk(desk))?;
        let passphrase = Passphrase::new(PASSPHRASE.trim_end().to_owned());
        let vault = Vault::open(&profile.keys_path(), &passphrase)?;
        Ok(Desk::new(profile, Some(vault)))
    }

    /// Entries that a desk has verified of a room.
    pub(crate) fn size(&self, desk: &str, room: &str) -> Result<u64> {
        let status = self.home.json(desk, &["status"])?;
        let rooms = status["rooms"].as_array().context("rooms")?;
        let room = rooms.iter().find(|it| it["room"] == room).context("the room is known")?;
        room["size"].as_u64().context("a size")
    }
}

/// A desk's file of evidence of an alarm, and its text.
pub(crate) fn evidence_of(scene: &Scene, desk: &str, alarm: &str) -> Result<(PathBuf, String)> {
    let kept: Vec<_> = fs::read_dir(scene.home.desk(desk).join("evidence"))?.collect::<Result<_, _>>()?;
    let named = format!("\"alarm\": \"{alarm}\"");
    let mut texts = Vec::new();
    for file in kept {
        let text = fs::read_to_string(file.path())?;
        if text.contains(&named) {
            return Ok((file.path(), text));
        }
        texts.push(text);
    }
    anyhow::bail!("no evidence of {alarm} in {texts:?}")
}

/// The index in a reference.
pub(crate) fn index(reference: &str) -> Result<usize> {
    Ok(reference.split_once('#').context("a reference")?.1.parse()?)
}

fn made() -> Result<Arc<Made>> {
    static MADE: Mutex<Weak<Made>> = Mutex::new(Weak::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = made.upgrade() {
        return Ok(made);
    }
    let house = House::kivu()?;
    for desk in ["drc/liaison", "rwanda/liaison", "un/monitor-2"] {
        house.text(desk, &["fetch"])?;
    }
    let release = |name: &str, text: &str, to: &[&str]| -> Result<Vec<String>> {
        let briefing = house.publish("us/kinshasa", name, text)?;
        let args: Vec<&str> =
            [&briefing, "--portions", "1", "--to"].into_iter().chain(to.iter().copied()).collect();
        let proposal = house.propose("us/kinshasa", &args)?;
        house.enact("us/washington", &proposal)
    };
    let mut new = release("sake.md", SAKE, &["drc"])?;
    new.extend(release("truce.md", TRUCE, &["drc", "rwanda"])?);
    let new: [String; 3] = new.try_into().map_err(|new| anyhow::anyhow!("not three releases: {new:?}"))?;
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["export", "kivu.bundle", "--content"])?;
    let folder = tempfile::tempdir()?;
    tearline_tests::cli::copy(&house.path(""), &folder.path().join("house"))?;
    let fresh = Arc::new(Made { folder, new });
    *made = Arc::downgrade(&fresh);
    Ok(fresh)
}

/// The value of a key in a file of evidence.
pub(crate) fn exhibits(evidence: &str, kind: &str) -> Result<usize> {
    let file: Value = serde_json::from_str(evidence)?;
    let exhibits = file["exhibits"].as_array().context("exhibits")?;
    Ok(exhibits.iter().filter(|it| it["kind"] == kind).count())
}
