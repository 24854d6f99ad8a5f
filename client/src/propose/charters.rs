//! Proposals of charters: who comes, whose keys are replaced, who goes, and rooms to be founded.
//!
//! Specification: `docs/spec.md`, sections 4, 6.2 and 7.1. All keys of one proposal follow from one seed.
//! Whether a party's custodian vouches is for the rules; what can be told early is told here.

use std::collections::{BTreeMap, BTreeSet};

use tearline_ledger::{
    card::SignedCard,
    charter::{Charter, Founding, Member},
    digest::Digest,
    keys::fresh,
    name::{MemberName, Org, Role, RoomName},
    release::complete_charter,
    roomkey::RoomKeys,
    statement::{Act, Basis, Statement},
    wrap::fresh_seed,
};
use tearline_proto::v1;
use zeroize::Zeroizing;

use super::{
    Mediator, OpenRoom, ProposeError,
    draft::{ProposalTerms, Proposed},
};
use crate::compose::{Draft, Grain, new_id};

/// Charters that share a seed, before they are proposed.
struct Bench {
    seed: Zeroizing<[u8; 32]>,
    drafts: Vec<Draft>,
    sealed: v1::Proposed,
}

impl Mediator<'_> {
    /// Proposes to admit the desk of this card to these rooms. `history` gives it each room's earlier
    /// keys from this epoch on; without, it reads nothing from before.
    pub fn propose_admission(
        &self,
        card: &SignedCard,
        rooms: &[RoomName],
        history: Option<u64>,
        terms: &ProposalTerms,
    ) -> Result<Proposed, ProposeError> {
        let mut bench = Bench::new()?;
        for name in rooms.iter().collect::<BTreeSet<_>>() {
            let room = self.room(name.as_str())?;
            let before = room.replica.state()?.charter().member(&card.card().name);
            if before.is_some_and(|member| member.card() == *card.card()) {
                continue;
            }
            self.put(&mut bench, &room, card, history)?;
        }
        if bench.drafts.is_empty() {
            return Err(ProposeError::MemberAlready(card.card().name.desk().to_owned()));
        }
        bench.sealed.tls_keys = vec![card.tls_key().clone()];
        self.propose_charters(bench, terms)
    }

    /// Proposes to remove a desk from every room that it is in, or to replace its keys by those of a
    /// new card. A new epoch begins in each: the lost device reads nothing that is posted from then on.
    pub fn propose_loss(
        &self,
        member: &MemberName,
        replacement: Option<&SignedCard>,
        history: Option<u64>,
        terms: &ProposalTerms,
    ) -> Result<Proposed, ProposeError> {
        if let Some(card) = replacement.filter(|card| card.card().name != *member) {
            return Err(ProposeError::OtherCard {
                card: card.card().name.desk().to_owned(),
                member: member.desk().to_owned(),
            });
        }
        let mut bench = Bench::new()?;
        for room in self.rooms.values() {
            let charter = room.replica.state()?.charter();
            if charter.member(member).is_none() {
                continue;
            }
            if let Some(card) = replacement {
                self.put(&mut bench, room, card, history)?;
            } else {
                let mut next = successor(charter)?;
                next.members.retain(|other| other.name != *member);
                self.add(&mut bench, room, next, None)?;
            }
        }
        if bench.drafts.is_empty() {
            return Err(ProposeError::NotAMember(member.desk().to_owned()));
        }
        bench.sealed.tls_keys = replacement.map(|card| card.tls_key().clone()).into_iter().collect();
        self.propose_charters(bench, terms)
    }

    /// Proposes to found a room of all mediators, all auditors and these desks, on the chamber's terms.
    pub fn propose_founding(
        &self,
        name: &RoomName,
        cards: &[SignedCard],
        terms: &ProposalTerms,
    ) -> Result<Proposed, ProposeError> {
        let chamber = self.chamber()?;
        let model = chamber.replica.state()?.charter();
        let custodians: Vec<&SignedCard> = cards.iter().filter(|card| card.card().custodian).collect();
        let mut members: Vec<Member> =
            model.members.iter().filter(|member| member.name.role() != Role::Party).cloned().collect();
        for card in cards {
            let own = custodians.iter().filter(|other| other.card().name.org() == card.card().name.org());
            let endorsement = card.endorsement(own.map(|other| &other.card().sign_key));
            members.push(card.card().clone().into_member(endorsement, None));
        }
        members.sort_by(|one, two| one.name.cmp(&two.name));
        let nonce = *fresh::<32>()?;
        let domain = self.name.domain().clone();
        let mut charter = Charter {
            founding: Some(Founding { domain, name: name.clone(), nonce }),
            epoch: 1,
            succession: false,
            members,
            ..model.clone()
        };
        let mut bench = Bench::new()?;
        complete_charter(&mut charter, None, &bench.seed, &RoomKeys::new(), &BTreeMap::new())?;
        let statement = Statement {
            id: new_id(self.now, Grain::Hour)?,
            room: None,
            author: self.name.clone(),
            basis: Basis::NOTHING,
            not_after: None,
            act: Act::Charter(Box::new(charter)),
        };
        bench.drafts.push(Draft::new(&statement, None)?);
        let known: BTreeSet<Digest> = self.known_tls_keys()?;
        let new = cards.iter().filter(|card| !known.contains(&card.card().tls_key));
        bench.sealed.tls_keys = new.map(|card| card.tls_key().clone()).collect();
        self.propose_charters(bench, terms)
    }

    /// The next charter of a room with this card's desk in it, new or in the place of its old keys.
    fn put(
        &self,
        bench: &mut Bench,
        room: &OpenRoom<'_>,
        card: &SignedCard,
        history: Option<u64>,
    ) -> Result<(), ProposeError> {
        let charter = room.replica.state()?.charter();
        let name = &card.card().name;
        if name.role() == Role::Party && room.replica.name() == RoomName::CHAMBER {
            return Err(ProposeError::PartyInChamber(name.desk().to_owned()));
        }
        let owner = room.replica.state()?.constitution().own_room_of();
        if let Some(owner) = owner.filter(|owner| name.role() == Role::Party && *owner != name.org()) {
            return Err(ProposeError::OthersRoom {
                room: room.replica.name().to_owned(),
                party: owner.as_str().to_owned(),
                desk: name.desk().to_owned(),
            });
        }
        let mut next = successor(charter)?;
        let mut endorsement = None;
        if name.role() == Role::Party && had_custodian(room, name.org())? {
            let custodians = charter.custodians(name.org());
            endorsement = card.endorsement(custodians.map(|member| &member.sign_key));
            let orphaned = charter.custodians(name.org()).next().is_none();
            if endorsement.is_none() && !orphaned {
                return Err(ProposeError::NotEndorsed(name.desk().to_owned()));
            }
            next.succession = orphaned;
        }
        next.members.retain(|member| member.name != *name);
        next.members.push(card.card().clone().into_member(endorsement, None));
        next.members.sort_by(|one, two| one.name.cmp(&two.name));
        let grant = history.filter(|from| *from < next.epoch && name.role().reads_content());
        self.add(bench, room, next, grant.map(|from| (name.clone(), from)))
    }

    fn add(
        &self,
        bench: &mut Bench,
        room: &OpenRoom<'_>,
        mut charter: Charter,
        grant: Option<(MemberName, u64)>,
    ) -> Result<(), ProposeError> {
        let id = room.replica.room();
        bench.sealed.grants.extend(grant.iter().map(|(member, from_epoch)| v1::Grant {
            room: id.as_bytes().to_vec().into(),
            member: member.as_str().to_owned(),
            from_epoch: *from_epoch,
        }));
        complete_charter(&mut charter, Some(id), &bench.seed, room.keys, &grant.into_iter().collect())?;
        let writer = self.writer(room)?;
        let act = Act::Charter(Box::new(charter));
        bench.drafts.push(writer.draft(new_id(self.now, Grain::Hour)?, None, act, None)?);
        Ok(())
    }

    fn propose_charters(&self, mut bench: Bench, terms: &ProposalTerms) -> Result<Proposed, ProposeError> {
        bench.sealed.seed = bench.seed.to_vec().into();
        self.propose(&bench.drafts, bench.sealed, None, terms)
    }

    fn known_tls_keys(&self) -> Result<BTreeSet<Digest>, ProposeError> {
        let mut out = BTreeSet::new();
        for room in self.rooms.values() {
            out.extend(room.replica.state()?.charter().members.iter().map(|member| member.tls_key));
        }
        Ok(out)
    }
}

impl Bench {
    fn new() -> Result<Self, ProposeError> {
        Ok(Self { seed: fresh_seed()?, drafts: Vec::new(), sealed: v1::Proposed::default() })
    }
}

/// The charter in force, as the next begins.
fn successor(charter: &Charter) -> Result<Charter, ProposeError> {
    let epoch = charter.epoch.checked_add(1).ok_or(crate::compose::ComposeError::LastEpoch)?;
    Ok(Charter { founding: None, epoch, succession: false, ..charter.clone() })
}

/// Whether any charter of the room named a custodian of this party.
fn had_custodian(room: &OpenRoom<'_>, org: &Org) -> Result<bool, ProposeError> {
    for index in room.replica.charter_indices() {
        if room.replica.charter_at(index)?.custodians(org).next().is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
