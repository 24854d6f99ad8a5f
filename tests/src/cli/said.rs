//! What a command said and how it ended, with what must hold of every command of every kind.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// What was seen of a command that has ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// The command line, without the program.
    pub line: String,
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Runs a command to its end. It must exit by itself, in UTF-8, without a panic and without escape
    /// sequences, for nothing here is a terminal.
    pub fn of(mut command: Command) -> Result<Self> {
        let args: Vec<String> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let output = command.stdin(Stdio::null()).output().context("the command cannot be run")?;
        Self::from_output(&args.join(" "), output)
    }

    /// As [`Self::of`], of a command that was run already.
    pub fn from_output(line: &str, output: std::process::Output) -> Result<Self> {
        let said = Self {
            line: line.to_owned(),
            code: output.status.code().with_context(|| format!("{line}: ended with {}", output.status))?,
            out: String::from_utf8(output.stdout).with_context(|| format!("{line}: standard output"))?,
            err: String::from_utf8(output.stderr).with_context(|| format!("{line}: standard error"))?,
        };
        for text in [&said.out, &said.err] {
            ensure!(!text.contains("panicked"), "a panic: {said:?}");
            ensure!(!text.contains('\u{1b}'), "an escape sequence: {said:?}");
        }
        Ok(said)
    }

    /// Standard output of a command that succeeded and complained of nothing.
    pub fn done(self) -> Result<String> {
        ensure!(self.code == 0, "{}\nended with {}: {}{}", self.line, self.code, self.out, self.err);
        ensure!(self.err.is_empty(), "{}\ncomplained: {}", self.line, self.err);
        Ok(self.out)
    }

    /// The message of a command that ended with this code: one, not empty, that does not say its own
    /// program's internals.
    pub fn refused(self, code: i32) -> Result<String> {
        ensure!(self.code == code, "{}\nended with {}: {}{}", self.line, self.code, self.out, self.err);
        let message = self.err.trim_end();
        ensure!(message.len() > 20, "{}: no message but {message:?}", self.line);
        for internal in ["Error(", "Some(", "Os {", "::", "RUST_BACKTRACE"] {
            ensure!(!message.contains(internal), "{}: not for a person: {message}", self.line);
        }
        Ok(message.to_owned())
    }
}
