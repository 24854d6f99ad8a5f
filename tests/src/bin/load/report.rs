//! What was measured, as a table for people and as JSON for machines.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use super::{Effort, drive::Rate};

/// One measured line.
pub(crate) struct Figure {
    /// The suite, and at which size.
    pub(crate) name: String,
    /// The floor beside it.
    pub(crate) floor: Rate,
    /// What was measured.
    pub(crate) measured: Rate,
    /// The median of the rounds' ratios.
    pub(crate) ratio: f64,
    /// What the ratio should be at least, if it is an aim of its own.
    pub(crate) target: Option<f64>,
    /// Cost of an operation as a multiple of the smallest room's.
    pub(crate) growth: Option<f64>,
    /// What else is worth saying, as name and value.
    pub(crate) notes: Vec<(&'static str, f64)>,
}

/// The table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut out = format!(
        "{:<20} {:>9} {:>11} {:>7} {:>7} {:>7}  {:>10} {:>10}  notes\n",
        "suite", "floor/s", "measured/s", "ratio", "target", "growth", "server us", "client us"
    );
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    for figure in figures {
        let notes: Vec<String> =
            figure.notes.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        // Writing into a text cannot fail.
        let _ = writeln!(
            out,
            "{:<20} {:>9.0} {:>11.0} {:>7.3} {:>7} {:>7}  {:>10.1} {:>10.1}  {}",
            figure.name,
            figure.floor.per_second,
            figure.measured.per_second,
            figure.ratio,
            shown(figure.target),
            shown(figure.growth),
            figure.measured.server_us,
            figure.measured.client_us,
            notes.join(", "),
        );
    }
    out
}

/// The same as JSON.
pub(crate) fn json(figures: &[Figure], effort: Effort) -> Result<String> {
    let rate = |rate: &Rate| {
        json!({
            "per_second": rate.per_second,
            "server_us": rate.server_us,
            "client_us": rate.client_us,
        })
    };
    let figures: Vec<_> = figures
        .iter()
        .map(|figure| {
            let notes: serde_json::Map<_, _> =
                figure.notes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({
                "suite": figure.name,
                "floor": rate(&figure.floor),
                "measured": rate(&figure.measured),
                "ratio": figure.ratio,
                "target": figure.target,
                "growth": figure.growth,
                "notes": notes,
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({
        "rounds": effort.rounds,
        "seconds": effort.round.as_secs_f64(),
        "in_flight": effort.in_flight,
        "connections": effort.connections,
        "processors": std::thread::available_parallelism()?.get(),
        "figures": figures,
    }))?)
}
