//! Fingerprints in words, to be read over the telephone.
//!
//! Each of the first eight bytes of a digest is one word of a fixed list of 256, so a fingerprint has
//! 64 bits. Knows nothing of what the digest is of. The list never changes: it is compared by ear.

use tearline_ledger::digest::Digest;

/// How many words a fingerprint has.
pub const WORDS: usize = 8;

/// The first 64 bits of a digest in words, as in `amber-castle-…`.
pub fn fingerprint(digest: &Digest) -> String {
    let words: Vec<&str> = digest.as_bytes().iter().take(WORDS).map(|byte| word(*byte)).collect();
    words.join("-")
}

/// Whether this is the fingerprint, however it is written: case, spaces and dashes do not matter.
pub fn matches(digest: &Digest, spoken: &str) -> bool {
    let lower = spoken.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.eq(fingerprint(digest).split('-'))
}

fn word(byte: u8) -> &'static str {
    LIST.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Ascending; any two differ in at least three letters.
#[rustfmt::skip]
const LIST: [&str; 256] = [
    "acid", "acorn", "admiral", "album", "alpine", "amber", "anchor", "anvil",
    "apple", "apron", "arctic", "armchair", "artist", "atlas", "autumn", "avocado",
    "bamboo", "banana", "barrel", "basket", "beacon", "beaver", "bedrock", "bicycle",
    "biscuit", "blossom", "bonfire", "bottle", "boulder", "bracelet", "breeze", "brush",
    "bugle", "butter", "cabin", "cactus", "camel", "candle", "canyon", "captain",
    "cargo", "carpet", "cedar", "cello", "chalk", "cherry", "chimney", "circus",
    "clover", "cobalt", "coconut", "coffee", "compass", "copper", "cotton", "crystal",
    "cushion", "cyclone", "dolphin", "domino", "donkey", "doorbell", "dragon", "drummer",
    "dynamo", "echo", "eclipse", "elbow", "elephant", "emerald", "engine", "envelope",
    "equator", "espresso", "estuary", "fabric", "falcon", "feather", "fern", "fiddle",
    "flamingo", "flute", "forest", "fossil", "fountain", "fox", "freckle", "furnace",
    "galaxy", "garlic", "gazelle", "geyser", "ginger", "giraffe", "glacier", "goblet",
    "gorilla", "granite", "grape", "guitar", "hammock", "harbour", "harp", "hedgehog",
    "helmet", "hexagon", "horizon", "hotel", "husky", "iceberg", "igloo", "impala",
    "insect", "iris", "island", "ivory", "jaguar", "jasmine", "jigsaw", "journal",
    "juniper", "kangaroo", "kayak", "keyhole", "kiosk", "kitten", "kiwi", "koala",
    "lagoon", "lantern", "laptop", "lava", "lemon", "leopard", "lichen", "lilac",
    "lizard", "lobster", "locket", "lotus", "lynx", "magnet", "mahogany", "mammoth",
    "marble", "meadow", "meteor", "midnight", "mirror", "mosaic", "muffin", "museum",
    "mustard", "napkin", "nectar", "needle", "nickel", "nomad", "nougat", "nutmeg",
    "oatmeal", "obelisk", "ocean", "octopus", "olive", "onion", "onyx", "opera",
    "orbit", "orchard", "ostrich", "oxygen", "pagoda", "panther", "papaya", "parrot",
    "pebble", "pelican", "penguin", "piano", "pigeon", "pirate", "planet", "poppy",
    "pottery", "prairie", "pumpkin", "pyramid", "python", "quail", "quarry", "quiver",
    "raccoon", "radish", "raft", "rainbow", "raven", "reef", "ribbon", "ruby",
    "saffron", "sailor", "sandal", "sapphire", "saturn", "scarf", "school", "sculptor",
    "skeleton", "sketch", "sleigh", "slipper", "snorkel", "sonnet", "spider", "squirrel",
    "stadium", "starfish", "summit", "swallow", "syrup", "tabby", "tadpole", "teapot",
    "thistle", "thunder", "tornado", "tractor", "trumpet", "tulip", "tundra", "turbine",
    "turtle", "tuxedo", "umbrella", "unicorn", "urchin", "valley", "vanilla", "veranda",
    "vineyard", "violin", "volcano", "vulture", "waffle", "walnut", "wasabi", "window",
    "wombat", "woodland", "yacht", "yogurt", "zebra", "zenith", "zeppelin", "zigzag",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(one: &str, two: &str) -> usize {
        let two: Vec<char> = two.chars().collect();
        let mut row: Vec<usize> = (0..=two.len()).collect();
        for (at, a) in one.chars().enumerate() {
            let mut next = vec![at + 1];
            for (column, b) in two.iter().enumerate() {
                let replaced = row[column] + usize::from(a != *b);
                next.push(replaced.min(row[column + 1] + 1).min(next[column] + 1));
            }
            row = next;
        }
        row[two.len()]
    }

    #[test]
    fn no_two_words_can_be_taken_for_each_other() {
        for (at, one) in LIST.iter().enumerate() {
            assert!((3..=8).contains(&one.len()) && one.bytes().all(|b| b.is_ascii_lowercase()), "{one}");
            for two in LIST.iter().skip(at + 1) {
                assert!(one < two && distance(one, two) >= 3, "{one} and {two}");
            }
        }
    }

    #[test]
    fn the_words_of_a_digest_do_not_change() {
        assert_eq!(
            fingerprint(&Digest::of(b"tearline")),
            "envelope-zigzag-spider-obelisk-wombat-laptop-bonfire-freckle"
        );
        assert_eq!(
            Digest::of(LIST.join(" ").as_bytes()).to_hex(),
            "506d7f45f0c5eccda2621b40a05f975743465b0ecfa616395dccc6148b7a4a82"
        );
    }

    #[test]
    fn a_fingerprint_matches_however_it_is_written() {
        let digest = Digest::of(b"tearline");
        let words = fingerprint(&digest);
        assert!(matches(&digest, &words.to_uppercase().replace('-', "  ")));
        assert!(!matches(&digest, words.rsplit_once('-').unwrap().0), "seven words are too few");
        assert!(!matches(&Digest::of(b"other"), &words));
    }
}
