//! The editor that somebody prefers, and running it on a file, without a shell between.
//!
//! What is edited, and what becomes of it, is not known here.

use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use tearline_ledger::misleading::visible;

/// Tried where none is named: what a system calls its editor, then the one that explains itself.
const FALLBACKS: [&str; 3] = ["editor", "nano", "vi"];

/// Why no editor was run to its good end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditorError {
    /// None is named and none is there.
    #[error(
        "there is no editor to write in: name one, as in `export EDITOR=nano`, or give a FILE (- for standard input)"
    )]
    None,
    /// What the variable says is not a command.
    #[error("{variable} is `{}`, which is no command: is a quotation mark missing?", visible(value))]
    NotWords {
        /// Which variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// It cannot be started.
    #[error("the editor `{name}`{} cannot be started: {error}; name another with EDITOR", of(*variable))]
    Start {
        /// Its command.
        name: String,
        /// Which variable named it.
        variable: Option<&'static str>,
        /// What the system said.
        error: io::Error,
    },
    /// It ended as programs do that have failed.
    #[error("the editor `{name}` failed ({status})")]
    Failed {
        /// Its command.
        name: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It cannot be waited for.
    #[error("the editor cannot be waited for: {0}")]
    Wait(io::Error),
}

fn of(variable: Option<&str>) -> String {
    variable.map(|variable| format!(", which {variable} names,")).unwrap_or_default()
}

/// An editor, as words of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    program: OsString,
    args: Vec<String>,
    variable: Option<&'static str>,
}

impl Editor {
    /// The one that `VISUAL` or `EDITOR` names, else one that is there. `variable` looks them up, `PATH` too.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, EditorError> {
        for name in ["VISUAL", "EDITOR"] {
            let Some(value) = variable(name).filter(|value| !value.is_empty()) else { continue };
            let value = value.to_string_lossy().into_owned();
            let words = shlex::split(&value).unwrap_or_default();
            let Some((program, args)) = words.split_first() else {
                return Err(EditorError::NotWords { variable: name, value });
            };
            return Ok(Self { program: program.into(), args: args.to_vec(), variable: Some(name) });
        }
        let path = variable("PATH").unwrap_or_default();
        let there =
            FALLBACKS.into_iter().find(|name| std::env::split_paths(&path).any(|dir| runs(&dir, name)));
        let program = there.ok_or(EditorError::None)?.into();
        Ok(Self { program, args: Vec::new(), variable: None })
    }

    /// Starts it on a file, on this terminal. `hidden` are variables that it does not get.
    pub fn start(&self, file: &Path, hidden: &[&OsStr]) -> Result<Child, EditorError> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).arg(file);
        for variable in hidden {
            command.env_remove(variable);
        }
        if !io::stdout().is_terminal() {
            command.stdout(Stdio::from(io::stderr()));
        }
        let name = self.program.to_string_lossy().into_owned();
        command.spawn().map_err(|error| EditorError::Start { name, variable: self.variable, error })
    }

    /// What it comes to that the editor ended so.
    pub fn ended(&self, status: io::Result<ExitStatus>) -> Result<(), EditorError> {
        let status = status.map_err(EditorError::Wait)?;
        if status.success() {
            return Ok(());
        }
        Err(EditorError::Failed { name: self.program.to_string_lossy().into_owned(), status })
    }
}

fn runs(dir: &Path, name: &str) -> bool {
    let file = dir.join(name).metadata();
    file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn find(variables: &[(&str, &str)]) -> Result<Editor, EditorError> {
        Editor::find(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_variables_words_are_the_command_and_visual_comes_first() {
        let editor = find(&[("EDITOR", "ed"), ("VISUAL", "'my editor' -u \"a b\" --wait")]).unwrap();
        assert_eq!(editor.program, "my editor");
        assert_eq!(editor.args, ["-u", "a b", "--wait"]);
        assert_eq!(find(&[("EDITOR", "ed"), ("VISUAL", "")]).unwrap().variable, Some("EDITOR"));
    }

    #[test]
    fn what_a_shell_would_do_is_not_done() {
        let editor = find(&[("EDITOR", "ed; touch x $(y) `z` > w")]).unwrap();
        assert_eq!(editor.program, "ed;");
        assert_eq!(editor.args, ["touch", "x", "$(y)", "`z`", ">", "w"]);
    }

    #[test]
    fn without_a_variable_one_that_is_there_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        assert!(matches!(find(&[("PATH", path)]), Err(EditorError::None)));
        for (name, mode) in [("editor", 0o600), ("vi", 0o700), ("nano", 0o700)] {
            fs::write(dir.path().join(name), "").unwrap();
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(find(&[("PATH", path)]).unwrap().program, "nano");
    }

    #[test]
    fn an_editor_that_is_not_there_or_fails_is_named() {
        let error = find(&[("EDITOR", "'unbalanced")]).unwrap_err().to_string();
        assert!(error.contains("EDITOR is `'unbalanced`, which is no command"), "{error}");
        let absent = find(&[("VISUAL", "/nowhere/ed")]).unwrap();
        let error = absent.start(Path::new("x"), &[]).unwrap_err().to_string();
        assert!(error.contains("/nowhere/ed") && error.contains("VISUAL"), "{error}");
        let fails = find(&[("EDITOR", "false")]).unwrap();
        let status = fails.start(Path::new("x"), &[]).unwrap().wait();
        let error = fails.ended(status).unwrap_err().to_string();
        assert_eq!(error, "the editor `false` failed (exit status: 1)");
    }
}
