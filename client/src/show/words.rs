//! The standard scales in words, and words back into the scales.

use tearline_proto::v1::{
    Activity, Agreement, AnswerUse, CommitmentKind, Compliance, Confidence, Finding, IncidentStage,
    Likelihood, Precedence, Reliability, SessionPhase, Stance,
};

/// Every step of a scale, with the word for it.
pub trait Scale: Copy + PartialEq + TryFrom<i32> + Into<i32> + 'static {
    /// What the scale is called.
    const NAME: &'static str;
    /// Its steps and their words.
    const STEPS: &'static [(Self, &'static str)];

    /// The word for a step; `?` if there is no such step.
    fn word(value: i32) -> &'static str {
        let step = Self::try_from(value).ok();
        Self::STEPS.iter().find(|(other, _)| Some(*other) == step).map_or("?", |(_, word)| word)
    }

    /// The step that a word stands for, whatever its case; spaces, hyphens and underscores are one.
    fn parse(text: &str) -> Result<Self, String> {
        let found = Self::STEPS.iter().find(|(_, word)| plain(word) == plain(text));
        found.map(|(step, _)| *step).ok_or_else(|| {
            let words = Self::words().join(", ");
            format!("`{}` is no {}: use one of {words}", text.escape_debug(), Self::NAME)
        })
    }

    /// Every word, as it is written in a file.
    fn words() -> Vec<String> {
        Self::STEPS.iter().map(|(_, word)| plain(word)).collect()
    }
}

/// A word as it is written in a file, whatever its case.
fn plain(text: &str) -> String {
    text.to_lowercase().replace([' ', '_'], "-")
}

impl Scale for Precedence {
    const NAME: &'static str = "precedence";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::Routine, "ROUTINE"),
        (Self::Priority, "PRIORITY"),
        (Self::Immediate, "IMMEDIATE"),
        (Self::Flash, "FLASH"),
    ];
}

impl Scale for Activity {
    const NAME: &'static str = "activity";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::Offensive, "OFFENSIVE"),
        (Self::Defensive, "DEFENSIVE"),
        (Self::Rotation, "ROTATION"),
        (Self::Logistics, "LOGISTICS"),
        (Self::Withdrawal, "WITHDRAWAL"),
        (Self::Exercise, "EXERCISE"),
        (Self::Undetermined, "UNDETERMINED"),
    ];
}

impl Scale for Finding {
    const NAME: &'static str = "finding";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::Corroborated, "CORROBORATED"),
        (Self::PartlyCorroborated, "PARTLY CORROBORATED"),
        (Self::NotCorroborated, "NOT CORROBORATED"),
        (Self::Dispelled, "DISPELLED"),
        (Self::Inconclusive, "INCONCLUSIVE"),
    ];
}

impl Scale for Likelihood {
    const NAME: &'static str = "likelihood";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::AlmostNoChance, "almost no chance"),
        (Self::VeryUnlikely, "very unlikely"),
        (Self::Unlikely, "unlikely"),
        (Self::RoughlyEvenChance, "roughly even chance"),
        (Self::Likely, "likely"),
        (Self::VeryLikely, "very likely"),
        (Self::AlmostCertain, "almost certain"),
    ];
}

impl Scale for Confidence {
    const NAME: &'static str = "confidence";
    const STEPS: &'static [(Self, &'static str)] =
        &[(Self::Low, "low"), (Self::Moderate, "moderate"), (Self::High, "high")];
}

impl Scale for AnswerUse {
    const NAME: &'static str = "use of the answer";
    const STEPS: &'static [(Self, &'static str)] =
        &[(Self::NotAtAll, "not at all"), (Self::Paraphrased, "paraphrased"), (Self::Verbatim, "verbatim")];
}

impl Scale for Reliability {
    const NAME: &'static str = "reliability";
    const STEPS: &'static [(Self, &'static str)] =
        &[(Self::A, "A"), (Self::B, "B"), (Self::C, "C"), (Self::D, "D"), (Self::E, "E"), (Self::F, "F")];
}

impl Scale for Stance {
    const NAME: &'static str = "stance";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::Accepted, "ACCEPTED"),
        (Self::PartlyAccepted, "PARTLY ACCEPTED"),
        (Self::Declined, "DECLINED"),
        (Self::TakenNote, "TAKEN NOTE"),
    ];
}

impl Scale for CommitmentKind {
    const NAME: &'static str = "kind of commitment";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::CeaseFire, "CEASE-FIRE"),
        (Self::Restraint, "RESTRAINT"),
        (Self::PullBack, "PULL-BACK"),
        (Self::Influence, "INFLUENCE"),
        (Self::Access, "ACCESS"),
        (Self::Information, "INFORMATION"),
        (Self::Other, "OTHER"),
    ];
}

impl Scale for Compliance {
    const NAME: &'static str = "state of compliance";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::NotDue, "NOT DUE"),
        (Self::Compliant, "COMPLIANT"),
        (Self::Partial, "PARTIAL"),
        (Self::NonCompliant, "NON-COMPLIANT"),
        (Self::NotVerifiable, "NOT VERIFIABLE"),
        (Self::Disputed, "DISPUTED"),
    ];
}

impl Scale for IncidentStage {
    const NAME: &'static str = "stage of an incident";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::Alleged, "ALLEGED"),
        (Self::Registered, "REGISTERED"),
        (Self::Verified, "VERIFIED"),
        (Self::NotVerified, "NOT VERIFIED"),
        (Self::Attributed, "ATTRIBUTED"),
        (Self::NotAttributed, "NOT ATTRIBUTED"),
        (Self::Answered, "ANSWERED"),
        (Self::Closed, "CLOSED"),
    ];
}

impl Scale for SessionPhase {
    const NAME: &'static str = "phase of a session";
    const STEPS: &'static [(Self, &'static str)] = &[(Self::Agenda, "AGENDA"), (Self::Minutes, "MINUTES")];
}

impl Scale for Agreement {
    const NAME: &'static str = "step of agreement";
    const STEPS: &'static [(Self, &'static str)] = &[
        (Self::StronglyDisagree, "strongly disagree"),
        (Self::Disagree, "disagree"),
        (Self::Neutral, "neutral"),
        (Self::Agree, "agree"),
        (Self::StronglyAgree, "strongly agree"),
    ];
}

/// The probabilities that ICD 203 gives a band of likelihood.
pub fn likelihood_range(value: i32) -> &'static str {
    match Likelihood::try_from(value) {
        Ok(Likelihood::AlmostNoChance) => "1–5 %",
        Ok(Likelihood::VeryUnlikely) => "5–20 %",
        Ok(Likelihood::Unlikely) => "20–45 %",
        Ok(Likelihood::RoughlyEvenChance) => "45–55 %",
        Ok(Likelihood::Likely) => "55–80 %",
        Ok(Likelihood::VeryLikely) => "80–95 %",
        Ok(Likelihood::AlmostCertain) => "95–99 %",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_steps_are_one() {
        assert_eq!(Finding::parse("partly-corroborated"), Ok(Finding::PartlyCorroborated));
        assert_eq!(Finding::word(Finding::Dispelled.into()), "DISPELLED");
        assert_eq!(Likelihood::word(99), "?");
        assert!(Confidence::parse("fair").unwrap_err().contains("low, moderate, high"));
    }

    #[test]
    fn not_corroborated_is_never_shown_as_dispelled() {
        assert_ne!(Finding::word(Finding::NotCorroborated.into()), Finding::word(Finding::Dispelled.into()));
    }
}
