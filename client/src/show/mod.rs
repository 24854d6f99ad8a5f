//! What officers see: calm and exact, at 80 columns, coloured nowhere that a program might read.
//!
//! Everything that others wrote passes through `misleading::visible` before it reaches a terminal.

pub mod attachments;
pub mod content;
pub mod markup;
pub mod paint;
pub mod standing;
pub mod time;
pub mod words;

/// Columns of a plain terminal.
pub const WIDTH: usize = 80;

/// Holds words together on one line, such as a time; [`wrap`] makes it a space again.
const NO_BREAK: char = '\u{a0}';

/// Words that are not to be torn apart at a line's end, if a line can hold them.
pub fn together(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// Breaks text at spaces so that no line is longer than `width`; keeps the text's own line breaks, and
/// indents every line.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        out.push_str(&" ".repeat(indent));
        for word in line.split(' ').flat_map(|word| held(word, room)).flat_map(|word| pieces(word, room)) {
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
            out.extend(word.chars().map(|c| if c == NO_BREAK { ' ' } else { c }));
            column += length;
        }
        out.push('\n');
    }
    out
}

/// Words that are held together; each for itself if no line can hold them.
fn held(words: &str, room: usize) -> std::str::Split<'_, &'static [char]> {
    let apart: &'static [char] = if words.chars().count() > room { &[NO_BREAK] } else { &[] };
    words.split(apart)
}

/// A word that no line can hold, in pieces that lines can.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    let (mut out, mut rest) = (Vec::new(), word);
    while let Some((at, _)) = rest.char_indices().nth(room) {
        let (piece, after) = rest.split_at(at);
        out.push(piece);
        rest = after;
    }
    out.push(rest);
    out
}

/// Text behind what stands at its left, going on below itself where the line is full; on the next line if
/// hardly any room is left beside it.
pub fn hang(left: &str, text: &str) -> String {
    /// A column of text that is narrower than this is hard to read.
    const NARROWEST: usize = 24;
    let indent = paint::columns(left);
    if indent + NARROWEST > WIDTH {
        return format!("{}\n{}", left.trim_end(), wrap(text, 17, WIDTH));
    }
    let block = wrap(text, indent, WIDTH);
    if block.is_empty() {
        format!("{}\n", left.trim_end())
    } else {
        format!("{left}{}", block.trim_start_matches(' '))
    }
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
    fn no_word_is_longer_than_a_line() {
        let wrapped = wrap(&format!("see {} there", "x".repeat(200)), 5, 40);
        assert!(wrapped.lines().all(|line| line.chars().count() <= 40), "{wrapped}");
        assert_eq!(wrapped.matches('x').count(), 200);
    }

    #[test]
    fn text_hangs_below_itself_or_below_what_leaves_it_no_room() {
        let text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
        let hung = hang("  drc#1  ", text);
        assert!(hung.starts_with("  drc#1  one two") && hung.lines().count() == 2, "{hung}");
        assert!(hung.lines().nth(1).is_some_and(|line| line.starts_with("         ")));
        let hung = hang(&"y".repeat(60), text);
        assert_eq!(hung.lines().next().map(str::len), Some(60));
        assert!(hung.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn words_are_held_together_where_a_line_can_hold_them() {
        let text = format!("answered, the last of them {}", together("270128Z NOV 26"));
        assert_eq!(wrap(&text, 1, 36), " answered, the last of them\n 270128Z NOV 26\n");
        assert_eq!(wrap(&text, 1, 60), " answered, the last of them 270128Z NOV 26\n");
        let long = together("one two three four five six seven eight");
        assert_eq!(wrap(&long, 0, 20), "one two three four\nfive six seven eight\n");
    }

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
