//! The names of files that come from others and go to others: one component of a path, and nothing that misleads.

use std::path::Path;

use tearline_ledger::misleading;

use super::AttachmentError;

/// The longest name that common file systems take, less what is put around it while it is written.
const NAME_MAX: usize = 200;
/// A name of which nothing is left.
const NAMELESS: &str = "attachment";

/// The name under which a file is attached.
pub fn of_path(path: &Path) -> Result<String, AttachmentError> {
    let refuse = |why| AttachmentError::Name { path: path.to_owned(), why };
    let name = path.file_name().ok_or_else(|| refuse("is missing"))?;
    let name = name.to_str().ok_or_else(|| refuse("is not UTF-8"))?;
    if name.len() > NAME_MAX {
        return Err(refuse("is longer than 200 bytes"));
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Err(refuse("has a backslash or a control character in it"));
    }
    if !misleading::find(name).is_empty() {
        return Err(refuse("has characters in it that mislead its readers"));
    }
    Ok(name.to_owned())
}

/// A name under which a file that came from others may be saved: never a path, never hidden, never misleading.
pub fn to_save(name: &str) -> String {
    let misleading: Vec<char> = misleading::find(name).iter().map(|it| it.character).collect();
    let plain: String =
        name.chars().map(|it| if unfit(it) || misleading.contains(&it) { '_' } else { it }).collect();
    let plain = plain.trim_start_matches(['.', '-', ' ']).trim_end_matches(['.', ' ']);
    let plain = shortened(plain);
    if plain.is_empty() { NAMELESS.to_owned() } else { plain }
}

/// In no name: separators, and what shells and other systems' file names give a meaning to.
fn unfit(character: char) -> bool {
    character.is_control() || matches!(character, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// At most [`NAME_MAX`] bytes, with the ending kept.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let ending = Path::new(name).extension().and_then(|it| it.to_str()).filter(|it| it.len() < 16);
    let ending = ending.map(|it| format!(".{it}")).unwrap_or_default();
    let mut room = NAME_MAX - ending.len();
    while !name.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{ending}", name.get(..room).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_others_is_never_a_path_nor_hidden_nor_misleading() {
        for (name, saved) in [
            ("map.png", "map.png"),
            ("carte détaillée.pdf", "carte détaillée.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "attachment"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("C:\\map.png", "C__map.png"),
            ("a\u{0}b\nc\u{1b}[2J", "a_b_c_[2J"),
            ("photo\u{202e}gnp.exe", "photo_gnp.exe"),
            ("   ", "attachment"),
            ("", "attachment"),
            ("map.png. ", "map.png"),
        ] {
            assert_eq!(to_save(name), saved, "{name:?}");
        }
        let long = to_save(&format!("{}é.png", "x".repeat(300)));
        assert!(long.len() <= NAME_MAX && Path::new(&long).extension() == Some("png".as_ref()), "{long}");
    }

    #[test]
    fn a_name_for_others_is_refused_if_it_cannot_be_shown_to_them() {
        assert_eq!(of_path(Path::new("/tmp/map of Sake.png")).unwrap(), "map of Sake.png");
        for bad in ["/", "a\u{202e}b.png", "a\nb", "a\\b"] {
            assert!(of_path(Path::new(bad)).is_err(), "{bad:?}");
        }
    }
}
