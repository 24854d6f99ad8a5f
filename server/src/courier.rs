//! A desk's letter, taken as if the desk had called: its units entered, and its rooms served, with the same
//! checks, limits and access records as over the network.
//!
//! It refuses to know who carried the letter. Specification: `docs/spec.md`, section 15.

use std::{collections::BTreeSet, io::Write, sync::Arc};

use tearline_ledger::{
    courier::{
        CourierError,
        answer::{Begin, Outcome, Refusal, Room, Writer},
        letter::{Letter, Unit},
    },
    id::RoomId,
    name::{Domain, MemberName},
};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::{
    cut::{self, CutError},
    gate::Caller,
    registry::RoomView,
    sequencer::{Serve, now},
    service::{self, rooms::House},
    store::Store,
    tls::NotLetIn,
};

/// Rows that are read together.
const ROWS: u64 = 256;
/// Bytes that are read together, at the most.
const BYTES: usize = 1 << 20;

/// Why a letter is not taken. Nothing of it was entered, unless an earlier unit was before the server failed or the
/// desk was revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No letter.
    #[error(transparent)]
    Letter(#[from] CourierError),
    /// Of another instance.
    #[error("the letter is for {}, and this server is {}'s: take it there", letter.as_str(), here.as_str())]
    OtherInstance {
        /// The letter's.
        letter: Domain,
        /// The server's.
        here: Domain,
    },
    /// The network would not let the desk in either.
    #[error("{desk} is not let in: {why}")]
    NotLetIn {
        /// The letter's desk.
        desk: String,
        /// What a handshake with its certificate would say.
        why: NotLetIn,
    },
    /// The certificate is another desk's.
    #[error(
        "the letter says that it is of {letter}, and its certificate is {certificate}'s: whoever wrote it is not {letter}"
    )]
    OtherCertificate {
        /// The letter's desk.
        letter: String,
        /// Whom the certificate names.
        certificate: String,
    },
    /// Signed by nobody who may.
    #[error(
        "no room here has {0} as a member with the key that signed the letter and that of its certificate: the desk was removed, has other keys since, or somebody else wrote it"
    )]
    NotAMember(String),
    /// The letter knows other rooms.
    #[error(
        "none of the rooms that the letter tells of are {0}'s here: it is for another server of this name"
    )]
    OtherRooms(String),
    /// The store or the sequencer.
    #[error("the server failed: see its log, mend it, and take the same letter in again")]
    Server,
}

/// What goes back to a desk: recorded, and not written yet.
pub struct Reply {
    begin: Begin,
    outcomes: Vec<Outcome>,
    rooms: Vec<Served>,
}

/// A room at the moment of the cut.
struct Served {
    room: Room,
    id: RoomId,
    content: bool,
}

/// Takes a letter: when this returns, what it wanted entered is, or why not is known, and the access records of
/// what goes back are durable.
pub async fn take<S: Store>(house: &Arc<House<S>>, letter: &[u8]) -> Result<Reply, Refused> {
    let letter = Letter::parse(letter)?;
    let desk = letter.sender.member.desk();
    if letter.sender.domain != house.domain {
        let (letter, here) = (letter.sender.domain.clone(), house.domain.clone());
        return Err(Refused::OtherInstance { letter, here });
    }
    let (caller, known) = admit(house, &letter).await?;
    if known.is_empty() {
        return Err(Refused::NotAMember(desk.to_owned()));
    }
    if !letter.rooms.is_empty() && !letter.rooms.iter().any(|held| known.contains(&held.room)) {
        return Err(Refused::OtherRooms(desk.to_owned()));
    }
    let mut outcomes = Vec::with_capacity(letter.units.len());
    for unit in &letter.units {
        outcomes.push(Outcome { unit: unit.digest(), result: enter(house, &caller, unit).await });
    }
    // What was entered may have changed who is in which room, even to none; and while it waited, the desk may have
    // been revoked.
    let (caller, known) = admit(house, &letter).await?;
    let rooms = serve(house, &letter, known).await?;
    let begin = Begin {
        domain: house.domain.clone(),
        member: caller.name,
        written_at: now(),
        letter: letter.digest(),
    };
    Ok(Reply { begin, outcomes, rooms })
}

/// The desk, if the network would let it in now, and the rooms whose charters name it with the key that signed its
/// letter and with that of its certificate.
async fn admit<S: Store>(house: &House<S>, letter: &Letter) -> Result<(Caller, BTreeSet<RoomId>), Refused> {
    let (registry, member) = (&house.registry, &letter.sender.member);
    let peer = house.tls.judge(&letter.sender.certificates);
    let peer = peer.map_err(|why| Refused::NotLetIn { desk: member.desk().to_owned(), why })?;
    if peer.name != *member {
        let (letter, certificate) = (member.desk().to_owned(), peer.name.desk().to_owned());
        return Err(Refused::OtherCertificate { letter, certificate });
    }
    let rooms = registry.rooms_of(member).await.map_err(|error| failed(&error))?;
    let mut known = BTreeSet::new();
    for room in rooms.keys() {
        let view = registry.view(*room).await.map_err(|error| failed(&error))?;
        let state = view.as_ref().and_then(|view| view.state.as_ref());
        let named = state.and_then(|state| state.charter().member(member));
        if named.is_some_and(|named| letter.is_of(named, peer.tls_key_sha256)) {
            known.insert(*room);
        }
    }
    Ok((Caller::by_letter(peer), known))
}

/// Enters a unit as an Append does; where an organisation's share of statements is used up, it waits its turn.
async fn enter<S: Store>(
    house: &Arc<House<S>>,
    caller: &Caller,
    unit: &Unit,
) -> Result<Vec<tearline_proto::v1::Receipt>, Refusal> {
    let count = u32::try_from(unit.submissions().len()).unwrap_or(u32::MAX);
    while let Err(wait) = house.quotas.statements(caller.name.org(), count) {
        tokio::time::sleep(wait).await;
    }
    let entered = service::entered(house, caller, unit.submissions().to_vec()).await;
    entered.map_err(|status| refusal(&status))
}

fn refusal(status: &Status) -> Refusal {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str()).unwrap_or_default();
    Refusal::new(reason, status.message())
}

/// The desk's rooms as they stand at one moment, each from where the desk wants it. The record of what goes back is
/// durable when this returns.
async fn serve<S: Store>(
    house: &Arc<House<S>>,
    letter: &Letter,
    known: BTreeSet<RoomId>,
) -> Result<Vec<Served>, Refused> {
    let ids: Vec<RoomId> = known.into_iter().collect();
    let cut = house.registry.cut(&ids).await.map_err(|error| failed(&error))?;
    let member = &letter.sender.member;
    let content = member.role().reads_content();
    let mut out = Vec::with_capacity(cut.len());
    for (id, view) in cut {
        let wanted = letter.rooms.iter().find(|held| held.room == id).map_or(0, |held| held.from);
        let first = wanted.min(view.size().0);
        let limit = view.size().0 - first;
        if content && limit > 0 {
            let serve = Serve { room: id, member: member.clone(), first, limit, follow: false };
            house.sequencer.serve(serve).await.map_err(|error| failed(&error))?;
        }
        let room = room(house, id, &view, (first, limit)).await.map_err(|error| failed(&error))?;
        out.push(Served { room, id, content });
    }
    Ok(out)
}

async fn room<S: Store>(
    house: &House<S>,
    id: RoomId,
    view: &RoomView,
    (first, size): (u64, u64),
) -> Result<Room, Status> {
    Ok(Room {
        room: id,
        name: view.name.parse().map_err(|_| crate::error::fault())?,
        first,
        size,
        checkpoint: house.cosigned(id, view).await?,
        cosigned: house.cosigned_before(id, view).await?,
    })
}

fn failed(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(%error, "a letter cannot be answered");
    Refused::Server
}

impl Reply {
    /// Whom it is for.
    pub fn member(&self) -> &MemberName {
        &self.begin.member
    }

    /// How many units it answers.
    pub fn units(&self) -> usize {
        self.outcomes.len()
    }

    /// Writes it.
    pub async fn write<S: Store>(self, store: &S, out: &mut impl Write) -> Result<(), CutError> {
        let (mut writer, first) = Writer::begin(&self.begin);
        out.write_all(&first)?;
        for outcome in self.outcomes {
            out.write_all(&writer.outcome(outcome))?;
        }
        for Served { room, id, content } in self.rooms {
            out.write_all(&writer.room(&room))?;
            let (mut next, end) = (room.first, room.first + room.size);
            while next < end {
                let rows = store.rows(&id.0, next, ROWS.min(end - next), BYTES, content).await?;
                if rows.is_empty() {
                    return Err(CutError::Short(room.name.as_str().to_owned()));
                }
                next += rows.len() as u64;
                for row in rows {
                    out.write_all(&writer.entry(cut::kept(row).entry))?;
                }
            }
        }
        out.write_all(&writer.end())?;
        Ok(out.flush()?)
    }
}
