//! The report as one HTML file: its own style, no script, nothing from elsewhere; it prints well.

use std::fmt::Write as _;

use super::{Event, EventKind, Report, RoomReport, Whole, chart};
use crate::show::{
    markup::{self, escaped as text},
    time::{dtg, iso},
};

const STYLE: &str = r#"<style>
@page { size: A4; margin: 15mm; }
html { background: #fff; color: #111; }
body { margin: 0 auto; max-width: 56em; padding: 0 1em; font: 10.5pt/1.4 "Liberation Serif", Georgia, serif; }
h1 { margin: 4mm 0 2mm; font-size: 17pt; }
h2 { margin: 8mm 0 2mm; border-bottom: 1px solid #111; font-size: 13pt; break-after: avoid; }
table { width: 100%; border-collapse: collapse; font-size: 9.5pt; }
thead { display: table-header-group; }
th { text-align: left; border-bottom: 1px solid #111; }
td, th { padding: 0.6mm 2mm 0.6mm 0; vertical-align: top; overflow-wrap: anywhere; }
th:not(.hash), td.whole { overflow-wrap: normal; }
td.whole { white-space: nowrap; }
tr { break-inside: avoid; }
td.number, th.number { text-align: right; }
.hash { font: 8pt/1.3 "Liberation Mono", "DejaVu Sans Mono", monospace; }
.wrong { border: 3px solid #b00020; background: #fdecef; color: #7a0016; padding: 3mm; font-weight: bold; }
.good { border: 1px solid #1b5e20; padding: 3mm; }
svg text { font: 10px "Liberation Sans", Arial, sans-serif; }
svg .most { text-anchor: end; fill: #555; }
svg rect { fill: #2a4b7c; }
svg line { stroke: #999; }
bdi, td { unicode-bidi: isolate; }
</style>
"#;

/// The whole file. `name` is the bundle's, `now` this machine's clock in seconds since 1970.
pub fn html(report: &Report, name: &str, now: u64) -> String {
    let domain = report.begin.as_ref().map_or("unknown", |begin| begin.domain.as_str());
    let mut out = [markup::HEAD, STYLE].concat();
    let _ = writeln!(out, "<title>Audit of {}</title>\n</head>\n<body>", text(domain));
    let _ = writeln!(out, "<h1>Audit of {}</h1>", text(domain));
    verdict(&mut out, report);
    let written = report.begin.as_ref().map_or(0, |begin| begin.written_at);
    let _ = writeln!(
        out,
        "<p>From the bundle <bdi>{}</bdi>, written {} ({}). Report made {} ({}).</p>",
        text(name),
        dtg(written),
        iso(written),
        dtg(now),
        iso(now)
    );
    out.push_str(
        "<p>Every entry was decoded, its signatures verified, and judged by the rules of its room; every \
         statement's basis was compared with the tree; every checkpoint with its entries and its log key. Then \
         the rules across rooms were judged. No content was opened: who signed, and when, is what is shown.</p>\n",
    );
    rooms(&mut out, report);
    activity(&mut out, report);
    keys(&mut out, report);
    for (title, kinds) in [
        ("Releases", &[EventKind::Release][..]),
        ("Rejections", &[EventKind::Rejection]),
        ("Recalls", &[EventKind::Recall]),
        ("Charters", &[EventKind::Founding, EventKind::Charter]),
        ("Enacted proposals", &[EventKind::Enactment]),
    ] {
        events(&mut out, title, report.events.iter().filter(|event| kinds.contains(&event.kind)));
    }
    served(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

fn verdict(out: &mut String, report: &Report) {
    let _ = match &report.fault {
        Some(fault) => writeln!(
            out,
            "<p class=\"wrong\">WRONG: {}.<br>What follows it in the bundle was not looked at. Do not act on it. Keep \
             the bundle as evidence, and call another desk.</p>",
            text(fault)
        ),
        None => writeln!(
            out,
            "<p class=\"good\">Nothing is wrong: {} rooms and access logs verify, each by itself and all together.</p>",
            report.rooms.len()
        ),
    };
}

fn rooms(out: &mut String, report: &Report) {
    out.push_str("<h2>What was verified</h2>\n<table><thead><tr><th>room</th><th class=\"number\">entries</th><th class=\"number\">signatures</th><th>root of the tree</th><th>cosigned by</th></tr></thead>\n<tbody>\n");
    for room in sorted(report) {
        let _ = match &room.whole {
            Some(whole) => writeln!(
                out,
                "<tr><td class=\"whole\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"hash\">{}</td><td>{}</td></tr>",
                text(&room.name),
                whole.audited.entries,
                whole.audited.signatures,
                whole.audited.root,
                text(&confirmed(whole))
            ),
            None => writeln!(
                out,
                "<tr><td class=\"whole\">{}</td><td class=\"number\">{}</td><td></td><td><strong>not verified to its end</strong></td><td></td></tr>",
                text(&room.name),
                room.accepted.len()
            ),
        };
    }
    out.push_str("</tbody></table>\n");
}

fn confirmed(whole: &Whole) -> String {
    let Some(witnesses) = &whole.witnesses else {
        return "not checked: its home room was not verified".to_owned();
    };
    if witnesses.is_empty() {
        return "nobody in this bundle".to_owned();
    }
    let one = |witness: &crate::witness::Witness| format!("{}, {}", witness.member.desk(), dtg(witness.at));
    witnesses.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn activity(out: &mut String, report: &Report) {
    let rows: Vec<chart::Row<'_>> =
        sorted(report).into_iter().map(|room| (room.name.as_str(), room.accepted.as_slice())).collect();
    let _ = writeln!(out, "<h2>Activity over time</h2>\n{}", chart::svg(&rows, dtg, text));
}

fn keys(out: &mut String, report: &Report) {
    out.push_str("<h2>By what keys</h2>\n");
    for room in sorted(report) {
        let Some(Whole { log_key: Some(key), members, .. }) = &room.whole else { continue };
        let _ = writeln!(
            out,
            "<table><thead><tr><th>{}</th><th>log key</th><th class=\"hash\">{}</th></tr></thead>\n<tbody>",
            text(&room.name),
            text(key)
        );
        for (desk, role, key) in members {
            let _ = writeln!(
                out,
                "<tr><td class=\"whole\">{}</td><td>{role}</td><td class=\"hash\">{}</td></tr>",
                text(desk),
                text(key)
            );
        }
        out.push_str("</tbody></table>\n");
    }
}

fn events<'a>(out: &mut String, title: &str, events: impl Iterator<Item = &'a Event>) {
    let mut rows = String::new();
    for event in events {
        let _ = writeln!(
            rows,
            "<tr><td class=\"whole\">{}</td><td class=\"whole\">{}</td><td class=\"whole\">{}</td><td>{}</td><td>{} {}</td></tr>",
            dtg(event.accepted_at),
            text(&event.entry),
            text(&event.author),
            text(&event.signers.join(", ")),
            event.kind.word(),
            text(&event.detail)
        );
    }
    let _ = if rows.is_empty() {
        writeln!(out, "<h2>{title}</h2>\n<p>None.</p>")
    } else {
        writeln!(
            out,
            "<h2>{title}</h2>\n<table><thead><tr><th>accepted</th><th>entry</th><th>author</th><th>signed by</th><th></th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
        )
    };
}

fn served(out: &mut String, report: &Report) {
    let name_of =
        |id| report.rooms.iter().find(|room| room.room == id).map_or("?", |room| room.name.as_str());
    let mut rows = String::new();
    for room in sorted(report) {
        for ((desk, id), count) in &room.served {
            let _ = writeln!(
                rows,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{count}</td></tr>",
                text(&room.name),
                text(desk),
                text(name_of(*id))
            );
        }
    }
    let _ = writeln!(
        out,
        "<h2>Served</h2>\n<p>What the server says that it was about to send, with content; an entry may have been sent several times.</p>\n<table><thead><tr><th>access log</th><th>desk</th><th>room</th><th class=\"number\">entries</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
    );
}

/// Rooms first, then access logs, each by name.
fn sorted(report: &Report) -> Vec<&RoomReport> {
    let mut rooms: Vec<&RoomReport> = report.rooms.iter().collect();
    rooms.sort_by_key(|room| (room.name.contains('/'), room.name.clone()));
    rooms
}
