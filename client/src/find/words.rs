//! Words in texts: found whatever their case and accents, all of them or none.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use tearline_ledger::misleading::{self, Kind, Shown};

/// Characters of a text that are shown on either side of a hit.
const AROUND: usize = 60;

/// Words and phrases that are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    terms: Vec<Vec<char>>,
}

/// Where a word stands in a text, with what stands around it; safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The field.
    pub field: &'static str,
    /// What stands before it.
    pub before: String,
    /// The words.
    pub hit: String,
    /// What stands after it.
    pub after: String,
}

impl Wanted {
    /// Words as they are typed: an argument with a space in it, and what stands between quotes, is a phrase.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to type.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut terms = Vec::new();
        for argument in arguments {
            if !argument.contains('"') {
                terms.push(argument.clone());
                continue;
            }
            let parts: Vec<&str> = argument.split('"').collect();
            if parts.len().is_multiple_of(2) {
                return Err(format!("`{}` has a quote that is not closed", argument.escape_debug()));
            }
            for (at, part) in parts.into_iter().enumerate() {
                if at % 2 == 1 {
                    terms.push(part.to_owned());
                } else {
                    terms.extend(part.split_whitespace().map(str::to_owned));
                }
            }
        }
        let terms: Vec<Vec<char>> = terms.iter().map(|term| fold(term).letters).collect();
        let terms: Vec<Vec<char>> = terms.into_iter().filter(|term| !term.is_empty()).collect();
        if terms.is_empty() {
            return Err("there is nothing to look for: type a word".to_owned());
        }
        Ok(Self { terms })
    }

    /// Where each word stands first, if all of them stand in these texts; each text with its field's name.
    pub fn find(&self, texts: &[(&'static str, &str)]) -> Option<Vec<Hit>> {
        let folded: Vec<(&'static str, &str, Folded)> =
            texts.iter().map(|(field, text)| (*field, *text, fold(text))).collect();
        let mut hits: Vec<Hit> = Vec::new();
        for term in &self.terms {
            let found = folded.iter().find_map(|(field, text, folded)| {
                let (from, to) = folded.position(term)?;
                Some(excerpt(field, text, from, to))
            })?;
            if !hits.contains(&found) {
                hits.push(found);
            }
        }
        Some(hits)
    }
}

/// Whether one text stands in another, whatever their case and accents.
pub fn contains(text: &str, wanted: &str) -> bool {
    fold(text).position(&fold(wanted).letters).is_some()
}

/// A text without case, accents, invisible characters and more than one space between words.
struct Folded {
    letters: Vec<char>,
    /// For each letter, the character of the text that it comes from.
    from: Vec<usize>,
}

impl Folded {
    /// The first and the last character of the text that these letters come from.
    fn position(&self, wanted: &[char]) -> Option<(usize, usize)> {
        if wanted.is_empty() {
            return None;
        }
        let at = self.letters.windows(wanted.len()).position(|window| window == wanted)?;
        Some((*self.from.get(at)?, *self.from.get(at + wanted.len() - 1)?))
    }
}

fn fold(text: &str) -> Folded {
    let mut folded = Folded { letters: Vec::new(), from: Vec::new() };
    let mut space = None;
    for (at, character) in text.chars().enumerate() {
        if character.is_whitespace() {
            space = space.or(Some(at));
            continue;
        }
        for letter in character.nfkd().filter(|it| !is_combining_mark(*it) && !is_invisible(*it)) {
            if let Some(space) = space.take().filter(|_| !folded.letters.is_empty()) {
                folded.letters.push(' ');
                folded.from.push(space);
            }
            for lower in letter.to_lowercase() {
                folded.letters.push(lower);
                folded.from.push(at);
            }
        }
    }
    folded
}

/// Characters that nobody sees must hide no word.
fn is_invisible(character: char) -> bool {
    if character.is_alphanumeric() || character.is_ascii() {
        return false;
    }
    let kind = misleading::find(character.encode_utf8(&mut [0; 4])).first().map(|it| it.kind);
    matches!(kind, Some(Kind::Invisible | Kind::Direction))
}

fn excerpt(field: &'static str, text: &str, from: usize, to: usize) -> Hit {
    let mut hit = Hit { field, before: String::new(), hit: String::new(), after: String::new() };
    let (begin, end) = (from.saturating_sub(AROUND), to.saturating_add(AROUND));
    let (mut at, mut cut) = (0, false);
    misleading::each(text, |shown| {
        let place = if at < from {
            &mut hit.before
        } else if at <= to {
            &mut hit.hit
        } else {
            &mut hit.after
        };
        match shown {
            _ if at < begin => (),
            _ if at > end => cut = true,
            Shown::Plain('\n' | '\t') => place.push(' '),
            shown => place.push_str(&shown.to_string()),
        }
        at += 1;
    });
    if begin > 0 {
        hit.before = format!("…{}", from_a_word(&hit.before));
    }
    if cut {
        hit.after = format!("{}…", to_a_word(&hit.after));
    }
    hit
}

/// The text from its second word on, if it has one.
fn from_a_word(text: &str) -> &str {
    text.split_once(' ').map_or(text, |(_, rest)| rest)
}

/// The text without its last word, if it has others.
fn to_a_word(text: &str) -> &str {
    text.rsplit_once(' ').map_or(text, |(rest, _)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(arguments: &[&str]) -> Wanted {
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        Wanted::parse(&arguments).unwrap()
    }

    fn marked(arguments: &[&str], text: &str) -> Option<Vec<String>> {
        let hits = wanted(arguments).find(&[("text", text)])?;
        Some(hits.into_iter().map(|hit| format!("{}»{}«{}", hit.before, hit.hit, hit.after)).collect())
    }

    #[test]
    fn case_and_accents_do_not_matter_either_way() {
        for (word, text) in
            [("goma", "vers GOMA"), ("élus", "les elus"), ("elus", "les Élus"), ("ÎLE", "une ile")]
        {
            assert!(contains(text, word), "{word} in {text}");
        }
        assert_eq!(marked(&["kivu"], "au Kïvu"), Some(vec!["au »Kïvu«".to_owned()]));
        assert_eq!(marked(&["e\u{301}lus"], "les élus"), Some(vec!["les »élus«".to_owned()]));
        assert!(!contains("Goma", "Sake"));
    }

    #[test]
    fn all_words_must_stand_there_and_a_phrase_in_its_order() {
        let text = "The cease-fire holds.\nTroops left Goma, and the road is open.";
        assert!(marked(&["troops", "road"], text).is_some());
        assert_eq!(marked(&["troops", "bridge"], text), None);
        assert!(marked(&["left goma"], text).is_some());
        assert_eq!(marked(&["goma left"], text), None);
        assert!(marked(&["\"holds. troops\" ROAD"], text).is_some(), "over a line's end");
        assert_eq!(marked(&["\"road goma\""], text), None);
    }

    #[test]
    fn a_hit_is_marked_with_what_stands_around_it() {
        let long = format!("{} Goma {}", "word ".repeat(40), "other ".repeat(40));
        let hit = marked(&["goma"], &long).unwrap().remove(0);
        assert!(hit.starts_with("…word ") && hit.ends_with(" other…") && hit.contains(" »Goma« "), "{hit}");
        assert!(hit.chars().count() < 140, "{hit}");
    }

    #[test]
    fn hidden_characters_hide_no_word_and_are_shown() {
        let hit = marked(&["goma"], "to Go\u{200b}ma\u{202e} now").unwrap().remove(0);
        assert_eq!(hit, "to »Go⟨U+200B ZERO WIDTH SPACE⟩ma«⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩ now");
    }

    #[test]
    fn what_cannot_be_looked_for_is_said() {
        let refused = |argument: &str| Wanted::parse(&[argument.to_owned()]).unwrap_err();
        assert!(refused("\"cease fire").contains("not closed"));
        assert!(refused("  ").contains("nothing to look for"));
        assert!(refused("\"\"").contains("nothing to look for"));
    }
}
