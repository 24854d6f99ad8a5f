//! Golden runs: a whole screen as it was when somebody last looked at it and found it good.
//!
//! What differs from run to run is put out of sight without moving anything: when the server accepted an entry,
//! how far a room is complete, digests. `TEARLINE_GOLDEN=write` in the environment writes the screens anew, to be
//! looked at before they are committed.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::screen::narrow;

/// Years of the events; all other date-time groups are of the run.
const YEARS: [&str; 2] = ["23", "24"];

/// Digits of a digest that a person is shown.
const DIGEST: usize = 16;

/// The screen is the one that is kept under this name.
pub fn golden(name: &str, screen: &str) -> Result<()> {
    narrow(name, screen)?;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    let seen = still(screen);
    if std::env::var("TEARLINE_GOLDEN").is_ok_and(|it| it == "write") {
        return Ok(fs::write(path, seen)?);
    }
    let kept = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let (mut one, mut two) = (kept.lines(), seen.lines());
    let mut number = 1;
    loop {
        match (one.next(), two.next()) {
            (None, None) => return Ok(()),
            (kept, seen_line) => {
                ensure!(kept == seen_line, "{name}, line {number}: {seen_line:?}, not {kept:?}, in\n{seen}");
            }
        }
        number += 1;
    }
}

/// Without what is of the run.
fn still(screen: &str) -> String {
    let mut chars: Vec<char> = screen.chars().collect();
    for at in 0..chars.len() {
        hide_group(&mut chars, at);
        hide_digest(&mut chars, at);
    }
    let text: String = chars.into_iter().collect();
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match line.split_once("complete to ").and_then(|(left, rest)| Some((left, rest.split_once(',')?))) {
            Some((left, (_, right))) => out.extend([left, "complete to HH:MMZ,", right]),
            None => out.push_str(line),
        }
    }
    out
}

/// So many characters of this kind.
type Run = (usize, fn(&char) -> bool);

/// A date-time group that begins here, perhaps broken into two lines.
fn hide_group(chars: &mut [char], at: usize) {
    let mut here = at;
    let mut places = Vec::new();
    let parts: [Run; 4] = [
        (6, char::is_ascii_digit),
        (1, |char| *char == 'Z'),
        (3, char::is_ascii_uppercase),
        (2, char::is_ascii_digit),
    ];
    for (part, (length, is)) in parts.into_iter().enumerate() {
        if part > 1 {
            let spaces = chars.iter().skip(here).take_while(|char| char.is_whitespace()).count();
            if spaces == 0 {
                return;
            }
            here += spaces;
        }
        let Some(found) = chars.get(here..here + length) else { return };
        if !found.iter().all(is) {
            return;
        }
        places.extend(here..here + length);
        here += length;
    }
    let year: String = chars.iter().skip(here.saturating_sub(2)).take(2).collect();
    if !YEARS.contains(&year.as_str()) {
        for (place, hidden) in places.into_iter().zip("DDHHMMZMONYY".chars()) {
            if let Some(char) = chars.get_mut(place) {
                *char = hidden;
            }
        }
    }
}

/// A digest cut short that begins here.
fn hide_digest(chars: &mut [char], at: usize) {
    let Some(found) = chars.get_mut(at..=at + DIGEST) else { return };
    let Some((last, digits)) = found.split_last_mut() else { return };
    if *last == '…' && digits.iter().all(char::is_ascii_hexdigit) {
        digits.fill('0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_run_is_hidden_and_what_is_of_the_events_is_not() {
        let screen = " complete to 23:49Z, witnessed by nobody\n last 262349Z NOV\n   26 · 202359Z DEC 23 (0123456789abcdef…)\n";
        let hidden = " complete to HH:MMZ, witnessed by nobody\n last DDHHMMZ MON\n   YY · 202359Z DEC 23 (0000000000000000…)\n";
        assert_eq!(still(screen), hidden);
    }
}
