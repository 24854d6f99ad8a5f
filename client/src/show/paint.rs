//! Colours, which say nothing that the words do not say too. Whether they are shown is for whoever writes to
//! the terminal: elsewhere they are taken out.

use anstyle::{AnsiColor, Style};

const ALERT: Style = AnsiColor::Red.on_default().bold();
const URGENT: Style = AnsiColor::Red.on_default();
const HEED: Style = AnsiColor::Yellow.on_default();
const STRONG: Style = Style::new().bold();
const MARK: Style = Style::new().bold().underline();

/// Words of our own that are shown as alerts.
const ALERTS: [&str; 4] = ["OVERDUE", "RECALLED", "DISPUTED", "ALARM"];

/// A precedence, with the spaces around it.
pub fn precedence(cell: &str) -> String {
    match cell.trim() {
        "FLASH" => painted(ALERT, cell),
        "IMMEDIATE" => painted(URGENT, cell),
        "PRIORITY" => painted(HEED, cell),
        _ => cell.to_owned(),
    }
}

/// What matters most in a line.
pub fn strong(text: &str) -> String {
    painted(STRONG, text)
}

/// A word that was looked for.
pub fn mark(text: &str) -> String {
    painted(MARK, text)
}

/// Text of our own, never others', with its alerts in colour.
pub fn alerts(text: &str) -> String {
    ALERTS.iter().fold(text.to_owned(), |text, word| text.replace(word, &painted(ALERT, word)))
}

/// How many columns a text takes on a screen: colours take none.
pub fn columns(text: &str) -> usize {
    let mut characters = text.chars();
    let mut count = 0;
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(|it| *it == 'm');
        } else {
            count += 1;
        }
    }
    count
}

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_room_and_change_no_word() {
        let flash = precedence("FLASH     ");
        assert!(flash.contains('\u{1b}'));
        assert_eq!(columns(&flash), 10);
        assert_eq!(anstream::adapter::strip_str(&flash).to_string(), "FLASH     ");
        assert_eq!(precedence("ROUTINE"), "ROUTINE");
        let state = alerts("unanswered, OVERDUE since 141330Z JAN 24");
        assert_eq!(
            anstream::adapter::strip_str(&state).to_string(),
            "unanswered, OVERDUE since 141330Z JAN 24"
        );
        assert_eq!(columns(&state), 40);
    }
}
