//! Papers that several tests release from.

/// Portions for each of two parties, one that ORCON binds to `us/kinshasa`, two for nobody.
pub const FERRIES: &str = "---
subject: Ferries on the lake
precedence: PRIORITY
source: B2
originator: us/kinshasa
---

(C//REL TO DRC)  Two ferries crossed to Minova before sunrise.

(C//REL TO RWA)  A third lay at anchor off Idjwi until noon.

(S//ORCON//REL TO DRC)  The pilot sailed under two flags last autumn.

(S//NF)  A harbour master told us so himself.

(S//NF)  He keeps a list of every hull.
";
