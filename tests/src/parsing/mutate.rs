//! Bytes that are nearly right: seeds with something changed, left out, doubled or taken from another.

#![expect(clippy::ptr_arg, reason = "all changes are of one type, also those that change no length")]

/// A way of changing.
type Change = fn(&mut Mutator, &mut Vec<u8>, &[Vec<u8>]);

const CHANGES: [Change; 8] = [flip, set, insert, leave_out, double, cut, splice, number];

/// Values at which lengths and counts go wrong.
const EDGES: [u64; 8] = [0, 1, 127, 128, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX];

/// xorshift64*: chance that is the same in every run.
#[derive(Debug)]
pub struct Mutator(u64);

impl Default for Mutator {
    fn default() -> Self {
        Self::new()
    }
}

impl Mutator {
    /// Begins at the same place in every run.
    pub fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn drawn(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A place below a bound; 0 if there is none.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.drawn() >> 33) % bound).unwrap_or_default()
    }

    /// One of these; nothing if there are none.
    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(all.len());
        all.get(at)
    }

    /// A part of these bytes.
    fn part<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let from = self.below(bytes.len() + 1);
        let length = self.below((bytes.len() - from).min(64) + 1);
        bytes.get(from..from + length).unwrap_or_default()
    }

    /// One of the seeds with one to four things changed.
    pub fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.of(seeds).cloned().unwrap_or_default();
        for _ in 0..=self.below(4) {
            if let Some(change) = self.of(&CHANGES) {
                change(self, &mut bytes, seeds);
            }
        }
        bytes
    }
}

fn flip(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let (at, bit) = (chance.below(bytes.len()), chance.below(8));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

fn set(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let (at, value) = (chance.below(bytes.len()), chance.drawn().to_le_bytes()[3]);
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
}

fn insert(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let (at, value) = (chance.below(bytes.len() + 1), chance.drawn().to_le_bytes()[3]);
    bytes.insert(at, value);
}

fn leave_out(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let at = chance.below(bytes.len());
    let length = chance.below((bytes.len() - at).min(16) + 1);
    bytes.drain(at..at + length);
}

fn double(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let part = chance.part(bytes).to_vec();
    let at = chance.below(bytes.len() + 1);
    bytes.splice(at..at, part);
}

fn cut(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let at = chance.below(bytes.len() + 1);
    bytes.truncate(at);
}

fn splice(chance: &mut Mutator, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let other = chance.of(seeds).cloned().unwrap_or_default();
    let part = chance.part(&other).to_vec();
    let at = chance.below(bytes.len() + 1);
    bytes.splice(at..at, part);
}

/// An edge as a varint, as four or eight bytes, or in digits.
fn number(chance: &mut Mutator, bytes: &mut Vec<u8>, _: &[Vec<u8>]) {
    let value = chance.of(&EDGES).copied().unwrap_or_default();
    let written = match chance.below(4) {
        0 => varint(value),
        1 => value.to_be_bytes().to_vec(),
        2 => value.to_be_bytes().get(4..).unwrap_or_default().to_vec(),
        _ => value.to_string().into_bytes(),
    };
    let at = chance.below(bytes.len() + 1);
    let end = (at + chance.below(written.len() + 1)).min(bytes.len());
    bytes.splice(at..end, written);
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_changes_come_in_every_run_and_hardly_any_leaves_all_as_it_is() {
        let seeds = vec![b"one seed of some length".to_vec(), b"another".to_vec()];
        let run = || {
            let mut mutator = Mutator::new();
            (0..1000).map(|_| mutator.change(&seeds)).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        assert!(run().iter().filter(|it| seeds.contains(it)).count() < 100);
    }

    #[test]
    fn even_nothing_can_be_changed() {
        let mut mutator = Mutator::new();
        assert!((0..1000).any(|_| !mutator.change(&[Vec::new()]).is_empty()));
    }
}
