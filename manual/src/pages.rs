//! Man pages: one for the tool and one for each command, as in `tearline-write-concern.1`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, builder::Resettable};
use clap_mangen::Man;
use roff::{Roff, roman};

use crate::examples;

const SECTION: &str = "1";

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {error}; choose a folder that you may write to", path.display())]
pub struct PageError {
    /// What was tried.
    pub action: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

/// Writes the pages into a folder, which is made if need be; the files, in the order of their names.
pub fn pages(command: Command, dir: &Path) -> Result<Vec<PathBuf>, PageError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |error| PageError { action, path, error }
    };
    fs::create_dir_all(dir).map_err(failed("make folder", dir))?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut out = Vec::new();
    let tool = command.get_name().to_owned();
    let version = command.get_version().unwrap_or_default().to_owned();
    for below in all(&command) {
        let title = below.get_display_name().unwrap_or_else(|| below.get_name()).to_owned();
        let path = dir.join(format!("{title}.{SECTION}"));
        let page = page(below, &tool, &title, &version).map_err(failed("make", &path))?;
        fs::write(&path, page).map_err(failed("write", &path))?;
        out.push(path);
    }
    out.sort();
    Ok(out)
}

fn all(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

fn page(command: &Command, tool: &str, title: &str, version: &str) -> io::Result<Vec<u8>> {
    // The end of the help comes in sections of its own, line by line.
    let bare = command.clone().after_help(Resettable::Reset).after_long_help(Resettable::Reset);
    let man = Man::new(bare)
        .title(title.to_uppercase())
        .section(SECTION)
        .source(format!("Tearline {version}"))
        .manual("Tearline");
    let mut out = Vec::new();
    man.render(&mut out)?;
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let (examples, prose) = examples::split(tool, &help.map(ToString::to_string).unwrap_or_default());
    let mut end = Roff::new();
    if !examples.is_empty() {
        end.control("SH", ["EXAMPLES"]).control("nf", []);
        for example in &examples {
            end.text([roman(example.as_str())]);
        }
        end.control("fi", []);
    }
    if prose.iter().any(|line| !line.trim().is_empty()) {
        end.control("SH", ["NOTES"]);
        for line in &prose {
            if line.trim().is_empty() {
                end.control("PP", []);
            } else {
                end.text([roman(line.trim())]);
            }
        }
    }
    out.extend_from_slice(end.to_roff().as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool() -> Command {
        let concern =
            Command::new("concern").about("A concern.").after_help("Example: tool write concern x.md");
        let write = Command::new("write").about("Write.").subcommand(concern);
        Command::new("tool").version("1.2").about("A tool.").subcommand(write)
    }

    #[test]
    fn each_command_has_a_page_with_its_examples_as_they_are_typed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("man/man1");
        let made = pages(tool(), &folder).unwrap();
        let names: Vec<_> = made.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["tool-write-concern.1", "tool-write.1", "tool.1"]);
        let page = fs::read_to_string(folder.join("tool-write-concern.1")).unwrap();
        for part in [
            ".TH TOOL-WRITE-CONCERN 1",
            "Tearline 1.2",
            ".SH NAME\n",
            ".SH SYNOPSIS\n",
            ".SH EXAMPLES\n.nf\ntool write concern x.md\n.fi\n",
        ] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        assert_eq!(pages(tool(), &folder).unwrap(), made, "pages are replaced");
    }

    #[test]
    fn a_folder_that_cannot_be_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = pages(tool(), &file.join("man1")).unwrap_err().to_string();
        assert!(error.contains("file/man1") && error.contains("choose a folder"), "{error}");
    }
}
