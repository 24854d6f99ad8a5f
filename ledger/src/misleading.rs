//! Characters that could make an approver read something else than a recipient or a machine does.
//!
//! Specification: `docs/spec.md`, section 9.6. Finds them and makes them visible; whether a text that
//! has some may be released is decided elsewhere. Goes by explicit code points; of Unicode's tables it uses
//! only what the standard library calls a letter.

mod script;

use std::fmt::{self, Write as _};

/// Why a character misleads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Changes the direction in which its surroundings are shown.
    Direction,
    /// Takes no room, or looks like nothing.
    Invisible,
    /// Steers a terminal or a printer.
    Control,
    /// Looks like a space or a line's end and is neither.
    Space,
    /// A letter of another script in the place of one that looks the same.
    LookAlike,
    /// A mark that stands on no letter, or on top of four others.
    Combining,
}

/// A misleading character in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Misleading {
    /// Its position, in characters from 0.
    pub at: usize,
    /// The character.
    pub character: char,
    /// Why it misleads.
    pub kind: Kind,
}

impl Misleading {
    /// What the character is, as in `RIGHT-TO-LEFT OVERRIDE`.
    pub fn name(&self) -> &'static str {
        self.kind.name_of(self.character)
    }
}

/// All misleading characters of `text`, in order. A line's end is `\n` alone; tabs are allowed.
pub fn find(text: &str) -> Vec<Misleading> {
    let mut look_alikes = script::look_alikes(text).into_iter().peekable();
    let mut marks = Marks::default();
    let mut found = Vec::new();
    for (at, character) in text.chars().enumerate() {
        let stacked = marks.next(character);
        let look_alike = look_alikes.next_if_eq(&at).is_some();
        let kind = Kind::of(character)
            .or(look_alike.then_some(Kind::LookAlike))
            .or(stacked.then_some(Kind::Combining));
        found.extend(kind.map(|kind| Misleading { at, character, kind }));
    }
    found
}

/// `text` with each misleading character shown as `⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each(text, |shown| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{shown}");
    });
    out
}

/// A character as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it is.
    Plain(char),
    /// By its name.
    Named(Misleading),
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(character) => f.write_char(*character),
            Self::Named(it) => write!(f, "⟨U+{:04X} {}⟩", u32::from(it.character), it.name()),
        }
    }
}

/// Gives every character of `text` as [`visible`] shows it, in order.
pub fn each(text: &str, mut show: impl FnMut(Shown)) {
    let mut found = find(text).into_iter().peekable();
    for (at, character) in text.chars().enumerate() {
        let misleading = found.next_if(|misleading| misleading.at == at);
        show(misleading.map_or(Shown::Plain(character), Shown::Named));
    }
}

impl Kind {
    /// The kinds that a character has by itself, wherever it stands.
    fn of(character: char) -> Option<Self> {
        Some(match character {
            '\n' | '\t' => return None,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Self::Control,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                Self::Direction
            }
            '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' => Self::Invisible,
            '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}' => Self::Space,
            // Fullwidth forms and mathematical alphabets: letters dressed up as others.
            '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}' => Self::LookAlike,
            _ => return None,
        })
    }

    fn name_of(self, character: char) -> &'static str {
        if let Some((_, name)) = NAMES.iter().find(|(named, _)| *named == character) {
            return name;
        }
        match (self, character) {
            (_, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}') => "VARIATION SELECTOR",
            (_, '\u{e0000}'..='\u{e007f}') => "TAG CHARACTER",
            (Self::Direction, _) => "DIRECTION MARK",
            (Self::Invisible, _) => "INVISIBLE CHARACTER",
            (Self::Control, _) => "CONTROL CHARACTER",
            (Self::Space, _) => "UNUSUAL SPACE",
            (Self::LookAlike, _) => script::name(character),
            (Self::Combining, _) => "COMBINING MARK",
        }
    }
}

/// The names by which people know the worst of them.
const NAMES: [(char, &str); 26] = [
    ('\0', "NULL"),
    ('\u{8}', "BACKSPACE"),
    ('\r', "CARRIAGE RETURN"),
    ('\u{1b}', "ESCAPE"),
    ('\u{7f}', "DELETE"),
    ('\u{9b}', "CONTROL SEQUENCE INTRODUCER"),
    ('\u{a0}', "NO-BREAK SPACE"),
    ('\u{ad}', "SOFT HYPHEN"),
    ('\u{61c}', "ARABIC LETTER MARK"),
    ('\u{200b}', "ZERO WIDTH SPACE"),
    ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"),
    ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"),
    ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{feff}', "BYTE ORDER MARK"),
];

/// Counts combining marks on one letter.
#[derive(Default)]
struct Marks {
    on_letter: bool,
    count: usize,
}

impl Marks {
    /// More than any language that is written here needs.
    const MOST: usize = 4;

    /// Whether this character is a mark that stands on nothing, or on too many.
    fn next(&mut self, character: char) -> bool {
        if is_combining(character) {
            self.count += 1;
            !self.on_letter || self.count > Self::MOST
        } else {
            *self = Self { on_letter: !character.is_whitespace() && !character.is_control(), count: 0 };
            false
        }
    }
}

fn is_combining(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        find(text).into_iter().map(|misleading| misleading.kind).collect()
    }

    #[test]
    fn ordinary_text_of_the_region_passes() {
        for text in [
            "A column of about 40 vehicles left Kitchanga at 0430Z.\n\tIt had 3 (three) trucks - \"unmarked\".",
            "Près de Goma, l’armée a été déployée à l’aube ; où sont-ils ? « Nulle part », dit-il. Œuvre, naïf, ça.",
            "Abasirikare bagera kuri mirongo ine bavuye i Rubavu mu gitondo; n’imodoka eshatu.",
            "Msafara wa magari arobaini uliondoka Kitchanga asubuhi; ng'ombe na mbuzi walichukuliwa.",
            "Basoda ya mbula ntuku mibale bakɛndɛkí na ntɔ́ngɔ́, mpé bazalákí na mituka míbalé. Ɛ́ɛ.",
            "e\u{301}te\u{301} decomposed; ɔ\u{301} ɛ\u{302} too",
            "Москва сообщает, что колонна ушла. A second sentence in Latin letters.",
            "Η Αθήνα δήλωσε",
            "36°42′N, 5 µm, 7 km², €, – — … ‘x’ “y”",
            "المتحدث قال",
        ] {
            assert_eq!(find(text), [], "{text}");
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn every_listed_character_is_found_by_its_kind() {
        for (kind, ranges) in [
            (Kind::Direction, &[(0x202a, 0x202e), (0x2066, 0x2069), (0x200e, 0x200f), (0x61c, 0x61c)][..]),
            (
                Kind::Invisible,
                &[
                    (0x200b, 0x200d),
                    (0x2060, 0x2064),
                    (0xfeff, 0xfeff),
                    (0xad, 0xad),
                    (0x34f, 0x34f),
                    (0x115f, 0x1160),
                    (0x17b4, 0x17b5),
                    (0x180b, 0x180f),
                    (0x3164, 0x3164),
                    (0xffa0, 0xffa0),
                    (0xfe00, 0xfe0f),
                    (0xe0000, 0xe007f),
                    (0xe0100, 0xe01ef),
                ],
            ),
            (Kind::Control, &[(0, 8), (0xb, 0x1f), (0x7f, 0x9f)]),
            (
                Kind::Space,
                &[
                    (0x2028, 0x2029),
                    (0xa0, 0xa0),
                    (0x2000, 0x200a),
                    (0x202f, 0x202f),
                    (0x205f, 0x205f),
                    (0x3000, 0x3000),
                ],
            ),
            (Kind::LookAlike, &[(0xff21, 0xff5a), (0x1d400, 0x1d433)]),
        ] {
            for code in ranges.iter().flat_map(|(first, last)| *first..=*last) {
                let character = char::from_u32(code).unwrap();
                let found = find(&format!("ab{character}cd"));
                assert_eq!(found, [Misleading { at: 2, character, kind }], "U+{code:04X}");
            }
        }
    }

    #[test]
    fn misleading_characters_are_shown_by_code_and_name() {
        for (text, shown) in [
            ("a\u{202e}b", "a⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩b"),
            ("\u{1b}[2J", "⟨U+001B ESCAPE⟩[2J"),
            ("a\r\nb", "a⟨U+000D CARRIAGE RETURN⟩\nb"),
            ("a\u{200b}\u{e0041}", "a⟨U+200B ZERO WIDTH SPACE⟩⟨U+E0041 TAG CHARACTER⟩"),
            ("5\u{2009}km", "5⟨U+2009 UNUSUAL SPACE⟩km"),
            ("S\u{430}ke", "S⟨U+0430 CYRILLIC LETTER⟩ke"),
            ("a\u{301}\u{301}\u{301}\u{301}\u{301}", "a\u{301}\u{301}\u{301}\u{301}⟨U+0301 COMBINING MARK⟩"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn letters_of_two_scripts_in_one_word_are_found() {
        assert_eq!(kinds("Go\u{43c}a"), [Kind::LookAlike], "Cyrillic in Latin");
        assert_eq!(kinds("R\u{3a9}A"), [Kind::LookAlike], "Greek in Latin");
        assert_eq!(kinds("\u{41c}\u{3bf}\u{441}"), [Kind::LookAlike], "Greek in Cyrillic");
        assert_eq!(kinds("G\u{13a4}ma"), [Kind::LookAlike], "Cherokee in Latin");
        assert_eq!(kinds("G\u{200b}\u{43e}ma"), [Kind::Invisible, Kind::LookAlike], "a word split unseen");
        assert_eq!(find("A Go\u{43c}a")[0].at, 4);
    }

    #[test]
    fn a_word_of_look_alikes_only_is_found_among_latin_words() {
        assert_eq!(kinds("the \u{420}\u{41e}\u{421} said"), [Kind::LookAlike; 3]);
        assert_eq!(kinds("\u{410}"), [], "alone it is a Cyrillic text");
    }

    #[test]
    fn marks_without_a_letter_and_piles_of_marks_are_found() {
        assert_eq!(kinds("\u{301}a"), [Kind::Combining]);
        assert_eq!(kinds("a \u{301}"), [Kind::Combining]);
        assert_eq!(kinds("a\u{301}\u{302}\u{303}\u{304}"), []);
        assert_eq!(kinds("a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}"), [Kind::Combining; 2]);
    }

    proptest! {
        #[test]
        fn what_was_made_visible_misleads_no_more(text: String) {
            prop_assert_eq!(find(&text).is_empty(), visible(&text) == text);
            let by_themselves = visible(&text).chars().filter(|c| Kind::of(*c).is_some()).count();
            prop_assert_eq!(by_themselves, 0);
        }
    }
}
