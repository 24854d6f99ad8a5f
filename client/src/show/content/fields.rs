//! What every kind's text and JSON are made of: labelled lines, paragraphs, places and times.
//!
//! Knows no kind. Whatever others wrote passes `safe` on its way to a screen.

use std::fmt;

use serde_json::{Map, Value, json};
use tearline_proto::v1::Place;

use super::safe;
use crate::show::{
    WIDTH,
    time::{dtg, iso},
    wrap,
};

/// Columns before the text of a labelled line.
const LABEL: usize = 13;

/// Lines for a screen of 80 columns.
#[derive(Debug, Default)]
pub(super) struct Fields(String);

impl Fields {
    /// What the post comes to, in the scales' own words.
    pub(super) fn headline(mut self, text: &str) -> Self {
        self.0.push_str(&wrap(text, 1, WIDTH));
        self.0.push('\n');
        self
    }

    /// A labelled line.
    pub(super) fn line(mut self, label: &str, text: &str) -> Self {
        let wrapped = wrap(text, LABEL, WIDTH);
        let head = format!(" {label:<width$}", width = LABEL - 1);
        self.0.push_str(&head);
        self.0.push_str(wrapped.get(LABEL..).unwrap_or_default());
        self
    }

    /// A labelled line of what somebody wrote, unless nothing is there.
    pub(super) fn said(self, label: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.line(label, &safe(text)) }
    }

    /// A labelled line for each of several.
    pub(super) fn each(self, label: &str, texts: &[String]) -> Self {
        texts.iter().fold(self, |fields, text| fields.said(label, text))
    }

    pub(super) fn place(self, label: &str, place: Option<&Place>) -> Self {
        let Some(place) = place else { return self };
        let within = format!("within {} m", place.precision_m);
        self.line(label, &format!("{} ({}; {within})", safe(&place.name), position(place)))
    }

    /// A time, unless none is set.
    pub(super) fn time(self, label: &str, at: u64) -> Self {
        if at == 0 { self } else { self.line(label, &dtg(at)) }
    }

    /// A time window, unless none is set.
    pub(super) fn window(self, label: &str, from: u64, to: u64) -> Self {
        match window(from, to) {
            Some(text) => self.line(label, &text),
            None => self,
        }
    }

    /// A text, after an empty line if anything stands before it.
    pub(super) fn paragraph(mut self, text: &str) -> Self {
        if !text.is_empty() && !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
        self.follow(text)
    }

    /// A text on the next line.
    pub(super) fn follow(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push_str(&wrap(&safe(text), 1, WIDTH));
        }
        self
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `130500Z JAN 24 to 140500Z JAN 24`, if one of them is set.
pub(super) fn window(from: u64, to: u64) -> Option<String> {
    match (from, to) {
        (0, 0) => None,
        (0, to) => Some(format!("until {}", dtg(to))),
        (from, 0) => Some(format!("from {}", dtg(from))),
        (from, to) => Some(format!("{} to {}", dtg(from), dtg(to))),
    }
}

/// `29.0453 E, 1.5736 S`.
fn position(place: &Place) -> String {
    let degrees = |value: i64, plus: char, minus: char| {
        let (whole, rest) = (value.unsigned_abs() / 10_000_000, value.unsigned_abs() % 10_000_000);
        let digits = format!("{rest:07}");
        let digits = digits.trim_end_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        format!("{whole}.{digits} {}", if value < 0 { minus } else { plus })
    };
    format!("{}, {}", degrees(place.longitude_e7, 'E', 'W'), degrees(place.latitude_e7, 'N', 'S'))
}

/// A place for a program: degrees in the order of GeoJSON, metres.
#[expect(clippy::cast_precision_loss, reason = "degrees of 10^-7 are within the 53 bits of a double")]
pub fn place(place: Option<&Place>) -> Value {
    let degrees = |value: i64| value as f64 / 1e7;
    place.map_or(Value::Null, |place| {
        json!({
            "name": place.name,
            "longitude": degrees(place.longitude_e7),
            "latitude": degrees(place.latitude_e7),
            "precision_m": place.precision_m,
        })
    })
}

/// An object for a program.
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.set(key, json!(text));
    }

    /// ISO 8601; null if none is set.
    pub(super) fn time(&mut self, key: &str, at: u64) {
        self.set(key, if at == 0 { Value::Null } else { json!(iso(at)) });
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}
