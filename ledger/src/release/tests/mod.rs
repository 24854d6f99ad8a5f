//! What is promised of proposals.

mod charters;
mod portions;
mod posts;
mod undertakings;
mod world;
