//! The dossier as one HTML file: its own style, no script, nothing from elsewhere; the mark at the head and
//! foot of every printed page.

use std::fmt::Write as _;

use super::Dossier;
use crate::{
    matters::Part,
    show::{
        content::{body, safe},
        markup::{self, escaped as text},
        time::{dtg, iso},
    },
};

/// The head and foot of a table are repeated on every page that it is printed on.
const STYLE: &str = r#"<style>
@page { size: A4; margin: 12mm 18mm; }
html { background: #fff; color: #111; }
body { margin: 0 auto; max-width: 48em; font: 11pt/1.4 "Liberation Serif", Georgia, serif; }
table.pages { width: 100%; border-collapse: collapse; }
table.pages > thead { display: table-header-group; }
table.pages > tfoot { display: table-footer-group; }
.mark { padding: 3mm 0; text-align: center; font: bold 11pt/1.2 "Liberation Sans", Arial, sans-serif; }
h1 { margin: 2mm 0; font-size: 16pt; }
h2 { margin: 6mm 0 1mm; padding-top: 2mm; border-top: 1px solid #111; font-size: 12pt; break-after: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; margin: 1mm 0 3mm; font-size: 10pt; break-inside: avoid; }
dt { color: #444; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 9.5pt/1.35 "Liberation Mono", "DejaVu Sans Mono", monospace; }
.hash { font: 8.5pt/1.3 "Liberation Mono", "DejaVu Sans Mono", monospace; }
.recalled { text-decoration: line-through; }
bdi, pre, dd { unicode-bidi: isolate; }
</style>
"#;

/// The whole file.
pub fn html(dossier: &Dossier<'_>) -> String {
    let banner = text(&dossier.banner());
    let title = format!("{} {}", dossier.matter.kind_name().to_uppercase(), dossier.matter.head.entry);
    let mut out = [markup::HEAD, STYLE].concat();
    let _ = writeln!(out, "<title>{} · {}</title>\n</head>\n<body>", banner, text(&title));
    let _ = writeln!(out, "<table class=\"pages\">");
    let _ = writeln!(out, "<thead><tr><td class=\"mark\">{banner}</td></tr></thead>");
    let _ = writeln!(out, "<tfoot><tr><td class=\"mark\">{banner}</td></tr></tfoot>");
    let _ = writeln!(out, "<tbody><tr><td>\n<h1>{}</h1>", text(&title));
    opening(&mut out, dossier);
    for part in &dossier.matter.parts {
        section(&mut out, part);
    }
    out.push_str("</td></tr></tbody>\n</table>\n</body>\n</html>\n");
    out
}

fn opening(out: &mut String, dossier: &Dossier<'_>) {
    let matter = dossier.matter;
    if let Ok(content) = &matter.head.content {
        let _ = writeln!(out, "<p><bdi>{}</bdi></p>", text(&safe(&content.message().subject)));
    }
    out.push_str("<dl>\n");
    fact(out, "State", &matter.state.words());
    for detail in dossier.details {
        fact(out, "", detail);
    }
    fact(out, "Posts", &matter.parts.len().to_string());
    fact(out, "Made by", &format!("{}, {} ({})", dossier.by, dtg(dossier.now), iso(dossier.now)));
    for line in dossier.complete {
        fact(out, "Record", line);
    }
    out.push_str("</dl>\n");
}

fn section(out: &mut String, part: &Part<'_>) {
    let post = part.post;
    let _ = writeln!(out, "<h2>{} · {}</h2>\n<dl>", text(&post.entry.to_string()), text(&part.title()));
    fact(out, "Accepted", &format!("{} ({})", dtg(post.accepted_at), iso(post.accepted_at)));
    for (name, value) in part.facts() {
        fact(out, name, &value);
    }
    hash(out, "Statement", &post.reference.statement.to_string());
    hash(out, "Content", &post.digest.to_string());
    out.push_str("</dl>\n");
    match &post.content {
        Ok(content) => {
            let class = if post.recalled { " class=\"recalled\"" } else { "" };
            let _ = writeln!(out, "<pre{class}>{}</pre>", text(body(content).trim_end()));
        }
        Err(absent) => {
            let _ = writeln!(out, "<p>{}</p>", text(absent.words()));
        }
    }
}

fn fact(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", text(name), text(value));
}

fn hash(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "<dt>{}</dt><dd class=\"hash\">SHA-256 {}</dd>", text(name), text(value));
}
