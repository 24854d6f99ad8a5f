//! Randomness: from the system, and from bytes that were drawn or derived before.
//!
//! `ByteStream` hands such bytes to libraries that ask for a generator. It cannot refuse, so it
//! remembers that it was asked for more than it holds, and its owner discards the result.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness: nothing was made; check the machine, then try again")]
pub struct NoRandomness;

/// `N` fresh random bytes of the operating system.
pub fn fresh<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut out = Zeroizing::new([0; N]);
    SystemRandom::new().fill(out.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// Bytes given out once, in order.
pub(crate) struct ByteStream {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
    ran_out: bool,
}

impl ByteStream {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { bytes: Zeroizing::new(bytes.to_vec()), used: 0, ran_out: false }
    }

    /// `length` fresh random bytes of the operating system.
    pub(crate) fn fresh(length: usize) -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new(vec![0; length]);
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self { bytes, used: 0, ran_out: false })
    }

    /// Whether more was asked for than there was: then what was made with it must not be used.
    pub(crate) fn ran_out(&self) -> bool {
        self.ran_out
    }
}

impl TryRng for ByteStream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        let end = self.used.saturating_add(dst.len());
        if let Some(next) = self.bytes.get(self.used..end) {
            dst.copy_from_slice(next);
            self.used = end;
        } else {
            dst.fill(0);
            self.ran_out = true;
        }
        Ok(())
    }
}

impl TryCryptoRng for ByteStream {}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn bytes_come_once_and_in_order_and_their_end_is_remembered() {
        let mut stream = ByteStream::new(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(stream.next_u32(), u32::from_le_bytes([1, 2, 3, 4]));
        assert!(!stream.ran_out());
        let mut more = [9; 3];
        stream.fill_bytes(&mut more);
        assert_eq!(more, [0; 3]);
        assert!(stream.ran_out());
    }

    #[test]
    fn fresh_bytes_differ() {
        assert_ne!(*fresh::<32>().unwrap(), *fresh::<32>().unwrap());
    }
}
