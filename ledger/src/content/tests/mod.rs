//! What is promised of content: its bounds, who writes it where, and what it may answer.

mod answering;
mod bounds;
mod place;
mod samples;
