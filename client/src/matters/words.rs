//! A matter and its posts in words: what stands above each, and how a commitment was kept. Safe to show.

use tearline_proto::v1::Compliance;

use super::{CommitmentState, Compliant, Part, Said, Side, State};
use crate::show::{
    content::{precedence, safe},
    time::dtg,
    words::Scale as _,
};

impl Part<'_> {
    /// `ASSESSMENT, IMMEDIATE`; what can be said of a post whose content is not here.
    pub fn title(&self) -> String {
        match &self.post.content {
            Ok(content) => format!("{}, {}", content.kind_name().to_uppercase(), precedence(content)),
            Err(absent) => format!("POST {}", absent.words()),
        }
    }

    /// Everything that is said about the post beside its own words, by name.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let post = self.post;
        let signers: Vec<&str> = post.signers.iter().map(tearline_ledger::name::MemberName::desk).collect();
        let required = match post.required {
            0 => String::new(),
            required => format!(" ({} of {required} required)", signers.len()),
        };
        let mut facts = vec![("Signed by", format!("{}{required}", signers.join(", ")))];
        if let Some(link) = &self.answers {
            let name = if post.manifests.is_empty() || self.names_its_answer() {
                "Answers"
            } else {
                "Released from"
            };
            facts.push((name, link.to_string()));
        }
        if !self.refers.is_empty() {
            let refers: Vec<String> = self.refers.iter().map(ToString::to_string).collect();
            facts.push(("Refers to", refers.join(", ")));
        }
        if !self.corrected_by.is_empty() {
            let by: Vec<String> = self.corrected_by.iter().map(ToString::to_string).collect();
            facts.push(("Corrected by", by.join(", ")));
        }
        let bearing = self.bearing.to_string();
        if !bearing.is_empty() {
            facts.push(("Standing", bearing));
        }
        if let Some(until) = post.content_until {
            facts.push(("Content until", dtg(until)));
        }
        facts
    }

    fn names_its_answer(&self) -> bool {
        self.post.content.as_ref().is_ok_and(|content| content.message().answers.is_some())
    }
}

impl State {
    /// More on where a matter stands than its state says in one line.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Commitment(commitment) => commitment.details(),
            Self::Incident(incident) => incident
                .out_of_order
                .iter()
                .map(|it| format!("{} is out of order and not applied", it.entry))
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl CommitmentState {
    fn details(&self) -> Vec<String> {
        let mut out: Vec<String> = self.compliance.iter().map(Compliant::words).collect();
        out.extend(
            self.incidents.iter().map(|(entry, state)| format!("incident {entry}: {}", state.words())),
        );
        if !self.restated_by.is_empty() {
            let by: Vec<String> = self.restated_by.iter().map(ToString::to_string).collect();
            out.push(format!("restated by the mediators as {}", by.join(", ")));
        }
        out.extend(
            self.rests_on
                .iter()
                .map(|it| format!("{} undertook it in {}", safe(&it.organisation), it.commitment)),
        );
        out
    }
}

impl Compliant {
    /// `drc, 010000Z SEP 24 to 302359Z SEP 24: PARTIAL (drc#19); DISPUTED by drc (drc#20)`.
    pub fn words(&self) -> String {
        let period = match (self.from, self.to) {
            (0, 0) => String::new(),
            (0, to) => format!(", until {}", dtg(to)),
            (from, 0) => format!(", from {}", dtg(from)),
            (from, to) => format!(", {} to {}", dtg(from), dtg(to)),
        };
        let said = |said: &Said| {
            let by = match &said.side {
                Side::Mediators => String::new(),
                Side::Party(org) => format!(" by {}", org.as_str()),
            };
            format!("{}{by} ({})", Compliance::word(said.state.into()), said.entry)
        };
        let all: Vec<String> = self.said.iter().chain(&self.disputed).map(said).collect();
        format!("{}{period}: {}", safe(&self.obligor), all.join("; "))
    }
}
