//! How content is padded and cut: sizes only, no bytes of anyone's.
//!
//! Specification: `docs/spec.md`, section 7.2. Padded content is content ‖ 0x80 ‖ zeros, as long as
//! Padmé makes content and 0x80; it is cut into chunks of 64 KiB, of which only the last is shorter.

/// Plain bytes of every chunk but the last.
pub const CHUNK_LEN: usize = 64 * 1024;
const CHUNK: u64 = 64 * 1024;
/// Bytes of the tag that ends each sealed chunk.
pub const TAG_LEN: usize = 16;
const TAG: u64 = 16;
/// The most plain bytes of one sealing: 1 TiB, far below AES-GCM's limits, so that no sum overflows.
pub const MAX_PLAIN_SIZE: u64 = 1 << 40;
/// Ends the content in the padded content.
const MARKER: u8 = 0x80;

/// How many bytes `plain` bytes have when sealed; `None` above [`MAX_PLAIN_SIZE`].
pub fn sealed_size(plain: u64) -> Option<u64> {
    Cut::of_content(plain).map(Cut::sealed_len)
}

/// The padded length of some content, and so the length of each chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    padded: u64,
}

impl Cut {
    /// For content of this many bytes.
    pub(crate) fn of_content(size: u64) -> Option<Self> {
        (size <= MAX_PLAIN_SIZE).then(|| Self { padded: padme(size + 1) })
    }

    /// For content that is sealed in this many bytes, if there can be such.
    pub(crate) fn of_sealed(length: u64) -> Option<Self> {
        let padded = length.checked_sub(length.div_ceil(CHUNK + TAG) * TAG)?;
        let cut = Self { padded };
        (padded > 0 && padded <= padme(MAX_PLAIN_SIZE + 1) && cut.sealed_len() == length).then_some(cut)
    }

    /// Number of chunks, at least 1.
    pub(crate) fn chunks(self) -> u64 {
        self.padded.div_ceil(CHUNK)
    }

    pub(crate) fn is_last(self, index: u64) -> bool {
        index + 1 == self.chunks()
    }

    /// Padded plain bytes of a chunk, at most [`CHUNK_LEN`].
    pub(crate) fn chunk_len(self, index: u64) -> usize {
        part_of_chunk(self.padded, index)
    }

    /// Of these, bytes of content, if the content has `size` bytes.
    pub(crate) fn content_len(self, index: u64, size: u64) -> usize {
        part_of_chunk(size, index).min(self.chunk_len(index))
    }

    /// Length of all sealed chunks.
    pub(crate) fn sealed_len(self) -> u64 {
        self.padded + self.chunks() * TAG
    }

    /// The chunk that holds `plain`, with what of marker and zeros falls into it.
    pub(crate) fn pad(self, index: u64, size: u64, plain: &[u8]) -> Vec<u8> {
        let length = self.chunk_len(index);
        let mut out = Vec::with_capacity(length + TAG_LEN);
        out.extend_from_slice(plain);
        // The marker falls here unless the content fills this chunk, or ended in an earlier one.
        if size / CHUNK == index {
            out.push(MARKER);
        }
        out.resize(length, 0);
        out
    }

    /// How much of this padded content is content; `None` if it is not padded as `of_content` says.
    pub(crate) fn content_size(self, padded: &[u8]) -> Option<usize> {
        let at = padded.iter().rposition(|byte| *byte != 0)?;
        let size = u64::try_from(at).ok()?;
        (padded.get(at) == Some(&MARKER) && Self::of_content(size) == Some(self)).then_some(at)
    }
}

fn part_of_chunk(total: u64, index: u64) -> usize {
    let rest = total.saturating_sub(index.saturating_mul(CHUNK)).min(CHUNK);
    usize::try_from(rest).unwrap_or(CHUNK_LEN)
}

/// Padmé (Nikitin and others, 2019): at most 12 % longer, and log log of the length is all that shows.
fn padme(length: u64) -> u64 {
    let Some(exponent) = length.checked_ilog2() else { return length };
    let kept = exponent.checked_ilog2().map_or(0, |bits| bits + 1);
    let mask = (1u64 << exponent.saturating_sub(kept)) - 1;
    (length + mask) & !mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padme_lengths_are_unchanged() {
        let lengths =
            [0, 1, 2, 7, 8, 9, 10, 100, 1000, 1025, 65_536, 65_537, 200_001, 1 << 40, (1 << 40) + 1];
        let padded = [0, 1, 2, 7, 8, 10, 10, 104, 1024, 1088, 65_536, 67_584, 200_704, 1 << 40, 65 << 34];
        assert_eq!(lengths.map(padme), padded);
    }

    #[test]
    fn one_kibibyte_is_one_last_chunk() {
        let cut = Cut::of_content(1024).unwrap();
        assert_eq!((cut.chunks(), cut.is_last(0), cut.sealed_len()), (1, true, 1088 + 16));
    }

    #[test]
    fn the_marker_stands_in_exactly_one_chunk() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 40 * CHUNK] {
            let cut = Cut::of_content(size).unwrap();
            let padded: Vec<u8> = (0..cut.chunks())
                .flat_map(|index| cut.pad(index, size, &vec![1; cut.content_len(index, size)]))
                .collect();
            assert_eq!(padded.len() as u64, cut.padded);
            let sum: u64 = padded.iter().map(|byte| u64::from(*byte)).sum();
            assert_eq!(sum, size + u64::from(MARKER));
            assert_eq!(cut.content_size(&padded), usize::try_from(size).ok());
        }
    }

    #[test]
    fn other_paddings_are_refused() {
        let cut = Cut::of_content(20).unwrap();
        let good = cut.pad(0, 20, &[1; 20]);
        assert_eq!(cut.content_size(&good), Some(20));
        assert_eq!(cut.content_size(&vec![0; good.len()]), None, "no marker");
        let mut wrong_marker = good.clone();
        wrong_marker[20] = 0x81;
        assert_eq!(cut.content_size(&wrong_marker), None, "another marker");
        let mut too_much = vec![0; good.len()];
        too_much[0] = MARKER;
        assert_eq!(cut.content_size(&too_much), None, "more zeros than needed");
    }

    #[test]
    fn impossible_sealed_lengths_are_refused() {
        for length in [0, 1, 16, CHUNK + TAG + 1, CHUNK + 2 * TAG, u64::MAX] {
            assert_eq!(Cut::of_sealed(length), None, "{length}");
        }
        assert_eq!(Cut::of_content(MAX_PLAIN_SIZE + 1), None);
        assert_eq!(sealed_size(0), Some(17));
    }

    proptest! {
        #[test]
        fn sealed_and_plain_sizes_agree(size in 0u64..=MAX_PLAIN_SIZE) {
            let cut = Cut::of_content(size).unwrap();
            prop_assert_eq!(Cut::of_sealed(cut.sealed_len()), Some(cut));
            prop_assert!(cut.padded > size && cut.padded <= (size + 1) + (size + 1) / 8);
        }
    }
}
