//! The rows of a bundle, from wherever its bytes are read.

use std::io::Read;

use tearline_ledger::bundle::{Reader, Row};

use crate::BundleFault;

/// Bytes that are read together.
const READ: usize = 256 << 10;

/// Rows, in order, up to the last; whatever follows it is an error.
pub struct Rows<R, P> {
    file: R,
    progress: P,
    reader: Reader,
    buffer: Vec<u8>,
    total: u64,
    over: bool,
}

impl<R: Read, P: FnMut(u64)> Rows<R, P> {
    /// The rows of a bundle. `progress` is told how many bytes have been read.
    pub fn of(file: R, progress: P) -> Self {
        Self { file, progress, reader: Reader::new(), buffer: vec![0; READ], total: 0, over: false }
    }

    fn row(&mut self) -> Result<Option<Row>, BundleFault> {
        loop {
            if let Some(row) = self.reader.next_row()? {
                return Ok(Some(row));
            }
            let read = self.file.read(&mut self.buffer)?;
            if read == 0 {
                self.reader.finish()?;
                return Ok(None);
            }
            self.total += read as u64;
            (self.progress)(self.total);
            self.reader.feed(self.buffer.get(..read).unwrap_or_default());
        }
    }
}

impl<R: Read, P: FnMut(u64)> Iterator for Rows<R, P> {
    type Item = Result<Row, BundleFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let row = self.row();
        self.over = !matches!(row, Ok(Some(_)));
        row.transpose()
    }
}
