//! What officers see: calm and exact, at 80 columns, coloured nowhere that a program might read.
//!
//! Everything that others wrote passes through `misleading::visible` before it reaches a terminal.

pub mod attachments;
pub mod content;
pub mod time;
pub mod words;

/// Columns of a plain terminal.
pub const WIDTH: usize = 80;

/// Breaks text at spaces so that no line is longer than `width`; keeps the text's own line breaks, and
/// indents every line.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        out.push_str(&" ".repeat(indent));
        for word in line.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > room {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = 0;
            }
            if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
    out
}

/// A line with one text at its left and one at its right end.
pub fn ends(left: &str, right: &str) -> String {
    let used = left.chars().count() + right.chars().count();
    format!("{left}{}{right}\n", " ".repeat(WIDTH.saturating_sub(used).max(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_within_the_width() {
        let text = "a column of about forty vehicles left the town and went on to the south \
                    where it was seen again\nsecond line";
        let wrapped = wrap(text, 5, 40);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 40 && line.starts_with("     ")));
        assert_eq!(
            wrapped.split_whitespace().collect::<Vec<_>>(),
            text.split_whitespace().collect::<Vec<_>>()
        );
    }
}
