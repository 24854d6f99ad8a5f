//! Letters by script, and the words that mix scripts.
//!
//! Specification: `docs/spec.md`, section 9.6. Latin, Greek and Cyrillic share many letter forms and are
//! told apart by block; all others are strangers among Latin letters, and otherwise left alone.

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Other,
}

impl Script {
    fn of(character: char) -> Option<Self> {
        match character {
            'A'..='Z'
            | 'a'..='z'
            | 'ª'
            | 'º'
            | '\u{c0}'..='\u{d6}'
            | '\u{d8}'..='\u{f6}'
            | '\u{f8}'..='\u{2ff}'
            | '\u{1e00}'..='\u{1eff}' => Some(Self::Latin),
            '\u{370}'..='\u{373}'
            | '\u{376}'..='\u{377}'
            | '\u{37b}'..='\u{37d}'
            | '\u{37f}'
            | '\u{386}'
            | '\u{388}'..='\u{3ff}'
            | '\u{1f00}'..='\u{1fff}' => Some(Self::Greek),
            '\u{400}'..='\u{482}'
            | '\u{48a}'..='\u{52f}'
            | '\u{1c80}'..='\u{1c8f}'
            | '\u{2de0}'..='\u{2dff}'
            | '\u{a640}'..='\u{a69f}' => Some(Self::Cyrillic),
            // The micro sign is a unit, not a Greek letter.
            _ if character.is_alphabetic() && character != 'µ' && !super::is_combining(character) => {
                Some(Self::Other)
            }
            _ => None,
        }
    }
}

/// Greek and Cyrillic letters that are drawn like Latin ones.
const LIKE_LATIN: &str = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϺανορυϲϳ\
                          АВЕКМНОРСТУХЅІЈԚԜҮҺӀаеорсухѕіјһԁԛԝӏүг";

/// What a look-alike is, for those who cannot see it.
pub(super) fn name(character: char) -> &'static str {
    match Script::of(character) {
        Some(Script::Cyrillic) => "CYRILLIC LETTER",
        Some(Script::Greek) => "GREEK LETTER",
        _ => "LETTER OF ANOTHER ALPHABET",
    }
}

/// Positions, in characters and ascending, of letters that are of another script than the rest of their
/// word; and of all letters of a word that reads as Latin among Latin words.
pub(super) fn look_alikes(text: &str) -> Vec<usize> {
    let some_latin = text.chars().any(|character| Script::of(character) == Some(Script::Latin));
    let mut found = Vec::new();
    let mut word = Vec::new();
    for (at, character) in text.chars().enumerate() {
        match Script::of(character) {
            Some(script) => word.push((at, character, script)),
            // Digits and marks do not end a word.
            None if character.is_alphanumeric() || super::is_combining(character) => {}
            // Nor does what cannot be seen: or else it would hide the mixture.
            None if super::Kind::of(character) == Some(super::Kind::Invisible) => {}
            None => found.extend(strangers(&std::mem::take(&mut word), some_latin)),
        }
    }
    found.extend(strangers(&word, some_latin));
    found
}

fn strangers(word: &[(usize, char, Script)], some_latin: bool) -> Vec<usize> {
    let has = |script| word.iter().any(|(_, _, of)| *of == script);
    let home = if has(Script::Latin) {
        Script::Latin
    } else if has(Script::Cyrillic) && has(Script::Greek) {
        Script::Cyrillic
    } else if some_latin && word.iter().all(|(_, character, _)| LIKE_LATIN.contains(*character)) {
        // The whole word passes for a Latin one.
        Script::Latin
    } else {
        return Vec::new();
    };
    word.iter().filter(|(_, _, script)| *script != home).map(|(at, _, _)| *at).collect()
}
