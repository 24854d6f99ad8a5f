//! Finding one's way in a record: which posts a filter lets through, where words stand.
//!
//! Works on what is opened in memory; no index of what was sealed is ever written to disk.

pub mod filter;
pub mod geojson;
pub mod places;
pub mod span;
pub mod words;

pub use self::filter::{Filter, FilterError};
