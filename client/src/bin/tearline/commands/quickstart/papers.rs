//! The texts of the Kivu scenario, taken from press reports of 2024. Organisations and desks only.

/// An offer to one side.
pub(super) const OFFER_DRC: &str = "---
subject: Offer of intelligence on the armed group
precedence: PRIORITY
source: B2
---

(C//REL TO DRC)  We offer what we know of the armed group's movements, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

/// The like offer to the other.
pub(super) const OFFER_RWANDA: &str = "---
subject: Offer of intelligence on movements across the border
precedence: PRIORITY
source: B2
---

(C//REL TO RWA)  We offer what we know of movements near the border, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

/// What both sides are told in the same words.
pub(super) const CEASE_FIRE: &str = "---
subject: Cease-fire until the elections
precedence: IMMEDIATE
source: A1
---

(C//REL TO DRC, RWA)  Both sides have told us that they will hold to a cease-fire from now until the elections in December. This text is the same for both.
";

/// The briefing of January, five portions.
pub(super) const SAKE: &str = "---
subject: Column towards Sake
precedence: IMMEDIATE
source: B2
source-description: a source with first-hand access
information-until: 2024-01-14T12:00:00Z
originator: us/kinshasa
---

(C//REL TO DRC)  A column of about 40 vehicles left its positions north of Sake on the morning of 14 January and moves south.

(C//REL TO RWA)  Elements of the armed group move on Sake; Goma would be next.

(U)  The road from Sake to Goma was open to civilian traffic at noon.

(S//ORCON)  Fuel for the column was taken on at a depot whose place is known.

(S//NF)  The report comes from a single source, whose access would be plain from its words.
";

/// A party's concern.
pub(super) const CONCERN: &str = "---
subject: Column moving towards Sake
precedence: IMMEDIATE
activity: offensive
place: Sake
position: 29.0453, -1.5736
precision: 2000 m
seen-from: 2024-01-13T05:00:00Z
force: about 40 vehicles, with support across the border
answer-use: paraphrased
---
A column of the armed group moves from the north towards Sake. We ask whether you can confirm it, and whether it comes to attack.
";

/// What a note says to the other officers.
pub(super) const NOTE: &str = "---
subject: Weekly call
---
Agenda for Thursday: Sake, the road to Goma, and who speaks first.
";
