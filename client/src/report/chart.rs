//! Activity over time as a picture: a row of bars for each room, all on one time line, in SVG.
//!
//! It refuses to know what the entries are.

use std::fmt::Write as _;

/// Bars of a row.
const BARS: u64 = 60;
/// Of the whole picture, in user units.
const WIDTH: u64 = 720;
const LABEL: u64 = 120;
const ROW: u64 = 36;
const BAR: u64 = 26;

/// A name, and the times of what happened under it, in seconds since 1970.
pub(super) type Row<'a> = (&'a str, &'a [u64]);

/// The picture; `from` and `to` are the texts at its ends. Empty if nothing happened.
pub(super) fn svg(
    rows: &[Row<'_>],
    label: impl Fn(u64) -> String,
    escape: impl Fn(&str) -> String,
) -> String {
    let times = || rows.iter().flat_map(|(_, times)| times.iter().copied());
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return String::new() };
    // Each bar stands for as many whole seconds as fit the time line into the row.
    let step = (last - first) / BARS + 1;
    let height = ROW * rows.len() as u64 + 24;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" role=\"img\" aria-label=\"Entries of each room over time\">\n"
    );
    for (number, (name, times)) in (0..).zip(rows) {
        let base = ROW * number + BAR + 4;
        let counts = counts(times, first, step);
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let _ = writeln!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><line x1=\"{LABEL}\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/>",
            base - 4,
            escape(name)
        );
        for (bar, count) in (0..).zip(&counts) {
            if *count > 0 {
                // At least a line, so that a single entry in a busy room is seen.
                let tall = (BAR * count / most).max(2);
                let left = LABEL + bar * (WIDTH - LABEL) / BARS;
                let wide = ((WIDTH - LABEL) / BARS).saturating_sub(2);
                let _ = writeln!(
                    out,
                    "<rect x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"{tall}\"><title>{count} from {}</title></rect>",
                    base - tall,
                    escape(&label(first + bar * step))
                );
            }
        }
        let _ =
            writeln!(out, "<text class=\"most\" x=\"{WIDTH}\" y=\"{}\">max {most}</text>", base - BAR + 6);
    }
    let _ = writeln!(
        out,
        "<text x=\"{LABEL}\" y=\"{y}\">{}</text><text class=\"most\" x=\"{WIDTH}\" y=\"{y}\">{}</text>\n</svg>",
        escape(&label(first)),
        escape(&label(last)),
        y = height - 4
    );
    out
}

fn counts(times: &[u64], first: u64, step: u64) -> Vec<u64> {
    let mut counts = vec![0; usize::try_from(BARS).unwrap_or(0)];
    for time in times {
        let bar = usize::try_from(time.saturating_sub(first) / step).unwrap_or(usize::MAX);
        if let Some(count) = counts.get_mut(bar) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: &[Row<'_>]) -> String {
        svg(rows, |time| time.to_string(), |text| text.replace('<', "&lt;"))
    }

    #[test]
    fn every_entry_is_in_a_bar_and_every_room_has_a_row() {
        assert_eq!(counts(&[100, 100, 159, 160], 100, 1).iter().sum::<u64>(), 3);
        let times: Vec<u64> = (0..1000).collect();
        assert_eq!(counts(&times, 0, 999 / BARS + 1).iter().sum::<u64>(), 1000);
        let picture = drawn(&[("chamber", &[5, 6, 7]), ("<drc>", &[6])]);
        assert_eq!(picture.matches("<line ").count(), 2);
        assert!(picture.contains("&lt;drc>") && !picture.contains("<drc>"), "{picture}");
        assert_eq!(picture.matches("<title>").count(), 4, "{picture}");
    }

    #[test]
    fn one_moment_is_one_bar_and_nothing_is_no_picture() {
        assert_eq!(drawn(&[("chamber", &[7, 7])]).matches("<title>2 from 7").count(), 1);
        assert_eq!(drawn(&[("chamber", &[])]), "");
    }
}
