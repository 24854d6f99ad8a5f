//! `docs/adversaries.md` names a test for each thing that somebody might try: each of them is there.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

/// What stands between backticks in a cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_test_that_the_page_names_is_in_one_of_the_files_that_it_names() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/adversaries.md"))?;
    let mut named = 0;
    for row in page.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        ensure!(cells.len() == 3, "not three cells: {row}");
        let files: Vec<String> = quoted(cells[1])
            .iter()
            .map(|file| fs::read_to_string(root.join(file)).with_context(|| (*file).to_owned()))
            .collect::<Result<_>>()?;
        let tests = quoted(cells[2]);
        ensure!(!files.is_empty() && !tests.is_empty(), "nothing is named: {row}");
        for test in tests {
            let there = |file: &String| {
                let at = file.find(&format!("fn {test}("));
                let marked = |line: &str| line.trim().starts_with("#[") && line.contains("test");
                at.is_some_and(|at| file[..at].lines().rev().take(3).any(marked))
            };
            ensure!(files.iter().any(there), "no test {test} in the file that the page names: {row}");
            named += 1;
        }
    }
    ensure!(named > 60, "the page names {named} tests only");
    Ok(())
}
