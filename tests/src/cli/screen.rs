//! What must hold of whatever an officer sees: no line wider than a plain terminal, and what is said in order.

use anyhow::{Context as _, Result, ensure};

/// Columns of a plain terminal.
const COLUMNS: usize = 80;

/// No line is longer than a plain terminal is wide.
pub fn narrow(what: &str, text: &str) -> Result<()> {
    for line in text.lines() {
        let columns = line.chars().count();
        ensure!(columns <= COLUMNS, "{what}: a line of {columns} columns:\n{line}\nin\n{text}");
    }
    Ok(())
}

/// It shows these, in this order, on no line that is too long.
pub fn shows(what: &str, text: &str, lines: &[&str]) -> Result<()> {
    narrow(what, text)?;
    let mut rest = text;
    for line in lines {
        let at = rest.find(line).with_context(|| format!("{what} does not show {line:?} there:\n{text}"))?;
        rest = rest.get(at + line.len()..).unwrap_or_default();
    }
    Ok(())
}

/// It says each of these somewhere, however its lines are broken, none of which is too long.
pub fn says(text: &str, parts: &[&str]) -> Result<()> {
    narrow("what is said", text)?;
    let flat = flat(text);
    for part in parts {
        ensure!(flat.contains(part), "{part:?} is not in\n{text}");
    }
    Ok(())
}

/// Text as one line, however it was broken.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// It shows none of these.
pub fn hides(what: &str, text: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(!text.contains(word), "{what} shows {word:?}:\n{text}");
    }
    Ok(())
}
