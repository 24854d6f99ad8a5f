//! The texts of the Kivu scenario, taken from press reports of 2024. Organisations and desks only.

/// An offer to one side.
const OFFER_DRC: &str = "---
subject: Offer of intelligence on the armed group
precedence: PRIORITY
source: B2
---

(C//REL TO DRC)  We offer what we know of the armed group's movements, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

/// The like offer to the other.
const OFFER_RWANDA: &str = "---
subject: Offer of intelligence on movements across the border
precedence: PRIORITY
source: B2
---

(C//REL TO RWA)  We offer what we know of movements near the border, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

/// What both sides are told in the same words.
const CEASE_FIRE: &str = "---
subject: Cease-fire until the elections
precedence: IMMEDIATE
source: A1
---

(C//REL TO DRC, RWA)  Both sides have told us that they will hold to a cease-fire from now until the elections in December. This text is the same for both.
";

/// The briefing of January, five portions.
const SAKE: &str = "---
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
const CONCERN: &str = "---
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
const NOTE: &str = "---
subject: Weekly call
---
Who speaks first on Thursday, and what we do not raise.
";

const AGENDA: &str = "---
subject: Session of Thursday: agenda
---
1. The cease-fire. 2. The road from Sake to Goma. 3. Dates.
";

const MINUTES: &str = "---
subject: Session of Thursday: minutes
---
Both sides hold to the cease-fire. The next session is in a week.
";

/// The other party's concern, of February.
const DRONES: &str = "---
subject: Armed drones near the border
precedence: PRIORITY
activity: offensive
seen-from: 2024-02-17T02:00:00Z
---
Armed drones of foreign make strike near the border, and the airport of Goma was hit.
";

/// The answer to it, without released portions; `CONCERN` is where it stands.
pub(super) const ASSESSMENT: &str = "---
subject: Armed drones near the border
precedence: PRIORITY
answers: CONCERN
finding: corroborated
activity: offensive
likelihood: very-likely
confidence: high
---
Drones of the make that you name have flown near the border since January. We raise it with their owner.
";

const REFRAIN: &str = "---
subject: Drones near the border
precedence: PRIORITY
---
We ask you to refrain from the use of armed drones near the border.
";

const PROMISE: &str = "---
subject: Drones near the border
---
The drones stay on the ground from today.
";

/// The concern of April.
const MASSING: &str = "---
subject: Troops massing near Goma
precedence: IMMEDIATE
activity: offensive
place: Goma
position: 29.2205, -1.6792
precision: 5000 m
seen-from: 2024-04-08T04:00:00Z
force: two battalions
---
Troops of the other side mass near Goma. We ask what they are there for.
";

const ROTATION: &str = "---
subject: Troops near Goma
precedence: IMMEDIATE
source: A2
---

(C//REL TO RWA)  The battalions that you saw relieved two others, which left on the same day. Their number has not grown, and they have dug in.

(S//NF)  The order of relief was seen by an officer of ours.
";

const RENEWAL: &str = "---
subject: The cease-fire is renewed
precedence: IMMEDIATE
source: A1
---

(C//REL TO DRC, RWA)  The cease-fire goes on from 4 August. Incidents are to be told to us within a day.
";

/// Each paper and the file that holds it.
pub(super) const ALL: [(&str, &str); 14] = [
    ("offer-drc.md", OFFER_DRC),
    ("offer-rwanda.md", OFFER_RWANDA),
    ("cease-fire.md", CEASE_FIRE),
    ("note.md", NOTE),
    ("agenda.md", AGENDA),
    ("minutes.md", MINUTES),
    ("concern.md", CONCERN),
    ("sake.md", SAKE),
    ("drones.md", DRONES),
    ("refrain.md", REFRAIN),
    ("promise.md", PROMISE),
    ("massing.md", MASSING),
    ("rotation.md", ROTATION),
    ("renewal.md", RENEWAL),
];
