//! The mark of a whole document: the highest of its portions', and no wider than any of them.

use super::{Audience, Classification, Dissemination, Mark};

impl Mark {
    /// The mark that a document with portions of these marks bears on every page; `None` without portions.
    ///
    /// Its classification is the highest. It is ORCON if any portion is. It goes only to those to whom every
    /// portion may go: if there is nobody, it is NF.
    pub fn over<'a>(marks: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut marks = marks.into_iter();
        let first = marks.next()?.clone();
        Some(marks.fold(first, |over, mark| Self {
            classification: over.classification.max(mark.classification),
            originator_controlled: over.originator_controlled || mark.originator_controlled,
            dissemination: narrower(&over, mark),
        }))
    }
}

fn narrower(one: &Mark, other: &Mark) -> Dissemination {
    use Dissemination::{NotReleasable, ReleasableTo, Unstated};
    let open = |mark: &Mark| mark.classification == Classification::Unclassified;
    match (&one.dissemination, &other.dissemination) {
        (Unstated, Unstated) => Unstated,
        (Unstated, wanted) if open(one) => wanted.clone(),
        (wanted, Unstated) if open(other) => wanted.clone(),
        (ReleasableTo(one), ReleasableTo(other)) => {
            let both: Vec<_> = one.0.iter().filter(|code| other.0.contains(code)).cloned().collect();
            if both.is_empty() { NotReleasable } else { ReleasableTo(Audience(both)) }
        }
        // Classified and said for nobody, beside what is said for somebody.
        _ => NotReleasable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(marks: &[&str]) -> Option<String> {
        let marks: Vec<Mark> = marks.iter().map(|mark| mark.parse().unwrap()).collect();
        Mark::over(&marks).map(|mark| mark.to_string())
    }

    #[test]
    fn a_document_bears_the_highest_mark_of_its_portions() {
        assert_eq!(over(&[]), None);
        assert_eq!(over(&["U", "U"]).as_deref(), Some("U"));
        assert_eq!(over(&["U", "C//REL TO DRC"]).as_deref(), Some("C//REL TO DRC"));
        assert_eq!(over(&["S//ORCON", "C"]).as_deref(), Some("S//ORCON"));
    }

    #[test]
    fn a_document_goes_to_nobody_to_whom_one_of_its_portions_may_not_go() {
        assert_eq!(over(&["C//REL TO DRC, RWA", "S//REL TO RWA"]).as_deref(), Some("S//REL TO RWA"));
        assert_eq!(over(&["C//REL TO DRC", "C//REL TO RWA", "U"]).as_deref(), Some("C//NF"));
        assert_eq!(over(&["C//REL TO DRC", "S//NF"]).as_deref(), Some("S//NF"));
        assert_eq!(over(&["C//REL TO DRC", "S"]).as_deref(), Some("S//NF"));
        assert_eq!(over(&["C", "U//REL TO DRC"]).as_deref(), Some("C//NF"));
    }
}
