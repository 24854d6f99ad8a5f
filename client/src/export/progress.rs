//! How far an export is.

/// Counts of what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Rooms and access logs in the bundle.
    pub rooms: usize,
    /// Entries that are written.
    pub entries: u64,
    /// Entries that there will be.
    pub all: u64,
    /// Entries that an earlier attempt had written.
    pub before: u64,
    /// Bytes that are written.
    pub bytes: u64,
}
