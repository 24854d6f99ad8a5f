//! What `docs/json.md` promises of a command, and what a command wrote.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Every name in an object and the objects within, as in `rooms[].size`.
pub fn keys(json: &Value, under: &str, out: &mut BTreeSet<String>) {
    match json {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if under.is_empty() { key.clone() } else { format!("{under}.{key}") };
                keys(value, &path, out);
                out.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                keys(item, &format!("{under}[]"), out);
            }
        }
        _ => (),
    }
}

/// The names that `docs/json.md` promises under a heading.
pub fn promised(command: &str) -> Result<BTreeSet<String>> {
    let doc = include_str!("../../../docs/json.md");
    let (_, section) = doc.split_once(&format!("\n## {command}\n")).with_context(|| command.to_owned())?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    Ok(rows.map(|(name, _)| name.to_owned()).collect())
}
