//! One commit: calls tried one after the other, what stands of them made durable, published, answered.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    sync::Arc,
};

use bytes::Bytes;
use tearline_ledger::{
    charter::Charter,
    entry::AccessRecord,
    id::RoomId,
    instance::mediators_agree,
    name::MemberName,
    rules::{self, CheckedEntry, CheckedStatement, Refusal, RoomState, Unit, VerifiedEntry},
    statement::Act,
};
use tokio::sync::MutexGuard;

use super::{
    Accepted, AppendAnswer, Call, Refused, SequencerError, Serve, ServeAnswer, Submission, Task,
    history::{self, Histories},
    now,
    working::{Before, Working},
};
use crate::{
    registry::{Registry, RegistryError, RoomView},
    store::{Commit, Store},
};

/// Where each statement of a call was put.
type Placed = Vec<(RoomId, u64, Bytes)>;

enum Tried {
    Placed(Placed),
    /// All of it stands already.
    Stands(Vec<Accepted>),
    /// It is the same as another call of this very commit.
    Later(Vec<Submission<CheckedStatement>>),
    Refused(Refused),
}

enum Stop {
    Refused(Refused),
    Fatal(SequencerError),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Self {
        Self::Fatal(error.into())
    }
}

#[derive(Default)]
struct Batch {
    rooms: HashMap<RoomId, Working>,
    placed: Vec<(AppendAnswer, Placed)>,
    served: Vec<(ServeAnswer, Arc<RoomView>)>,
}

impl<S: Store> Task<S> {
    pub(super) async fn batch(
        &mut self,
        history: &mut Histories,
        calls: &mut Vec<Call>,
    ) -> Result<(), SequencerError> {
        let registry = Arc::clone(&self.registry);
        let held = registry.hold().await;
        let mut batch = Batch::default();
        let mut later = Vec::new();
        for call in calls.drain(..) {
            match call {
                Call::Append(call, answer) => {
                    match self.try_append(&held, history, &mut batch, call).await? {
                        Tried::Placed(placed) => batch.placed.push((answer, placed)),
                        // Whoever asked may have gone, here and below.
                        Tried::Stands(accepted) => drop(answer.send(Ok(accepted))),
                        Tried::Later(call) => later.push(Call::Append(call, answer)),
                        Tried::Refused(refused) => drop(answer.send(Err(refused))),
                    }
                }
                Call::Serve(serve, answer) => self.serve(&held, &mut batch, serve, answer).await?,
                Call::Unfollow(room, member) => self.unfollow(room, &member),
            }
        }
        calls.extend(later);
        self.record_followers(&held, &mut batch).await?;
        self.commit(history, batch).await
    }

    /// Puts all statements of a call into their rooms, or leaves every room as it was.
    async fn try_append(
        &self,
        held: &MutexGuard<'_, ()>,
        history: &Histories,
        batch: &mut Batch,
        call: Vec<Submission<CheckedStatement>>,
    ) -> Result<Tried, SequencerError> {
        let mut marks = HashMap::new();
        let outcome = self.place(held, history, batch, &mut marks, &call).await;
        let refused = match outcome {
            Ok(placed) => return Ok(Tried::Placed(placed)),
            Err(Stop::Fatal(error)) => return Err(error),
            Err(Stop::Refused(refused)) => refused,
        };
        for (room, before) in marks {
            if let Some(working) = batch.rooms.get_mut(&room) {
                working.undo(before);
            }
        }
        batch.rooms.retain(|_, working| !working.is_empty() || working.base() > 0);
        if matches!(refused, Refused::Rule { refusal: Refusal::Repeated { .. }, .. }) {
            return self.repeat(batch, call, refused).await;
        }
        Ok(Tried::Refused(refused))
    }

    async fn place(
        &self,
        held: &MutexGuard<'_, ()>,
        history: &Histories,
        batch: &mut Batch,
        marks: &mut HashMap<RoomId, Before>,
        call: &[Submission<CheckedStatement>],
    ) -> Result<Placed, Stop> {
        let mut unit = Unit::new();
        let mut placed = Vec::with_capacity(call.len());
        let mut chartered = Vec::new();
        for (at, submission) in call.iter().enumerate() {
            let room = submission.room;
            let rule = |refusal| Stop::Refused(Refused::Rule { at, refusal });
            self.enter(held, batch, at, submission).await?;
            let Some(working) = batch.rooms.get_mut(&room) else { continue };
            let before = marks.entry(room).or_insert_with(|| working.mark());
            let verified = self.verify(history, working, &submission.statement).await?.map_err(rule)?;
            if let Act::Charter(charter) = &verified.signed().statement.act {
                self.check_log_key(at, charter)?;
                chartered.push(room);
            }
            unit.step(&verified).map_err(rule)?;
            let entry = working.push(before, &verified, submission.content.clone());
            placed.push((room, verified.index(), entry));
        }
        let last = call.len().saturating_sub(1);
        unit.finish().map_err(|refusal| Stop::Refused(Refused::Rule { at: last, refusal }))?;
        self.check_mediators(held, batch, &chartered).await?;
        Ok(placed)
    }

    /// Takes up the room of a statement, or makes room for one that it founds.
    async fn enter(
        &self,
        held: &MutexGuard<'_, ()>,
        batch: &mut Batch,
        at: usize,
        submission: &Submission<CheckedStatement>,
    ) -> Result<(), Stop> {
        let room = submission.room;
        if batch.rooms.contains_key(&room) {
            return Ok(());
        }
        if let Some(view) = self.registry.view_held(held, room).await? {
            if view.state.is_none() {
                return Err(Refused::NoSuchRoom { at }.into());
            }
            batch.rooms.insert(room, Working::of(room, &view));
            return Ok(());
        }
        let Act::Charter(charter) = &submission.statement.signed().statement.act else {
            return Err(Refused::NoSuchRoom { at }.into());
        };
        let Some(founding) = &charter.founding else { return Err(Refused::NoSuchRoom { at }.into()) };
        if founding.name.is_chamber() != (room == self.registry.chamber()) {
            return Err(Refused::OtherChamber { at }.into());
        }
        let name: Arc<str> = founding.name.as_str().into();
        let taken = |working: &Working| working.name == name;
        if self.registry.named(&name).is_some() || batch.rooms.values().any(taken) {
            return Err(Refused::NameTaken { at }.into());
        }
        batch.rooms.insert(room, Working::new(room, name));
        Ok(())
    }

    async fn verify(
        &self,
        history: &Histories,
        working: &mut Working,
        statement: &CheckedStatement,
    ) -> Result<Result<VerifiedEntry, Refusal>, Stop> {
        let signed = statement.signed();
        let accepted_at = working.accepted_at(now());
        let entry = CheckedEntry { accepted_at, checked: statement.clone() };
        let store = self.registry.store().as_ref();
        let mut facts = history.facts(store, working.room, working.base(), signed).await?;
        if signed.statement.basis.size.0 == working.base()
            && let Some(first) = working.first_accepted_at()
        {
            facts.uncovered_by_pending(first);
        }
        let asked = match &signed.statement.act {
            Act::Recall { id, .. } => vec![signed.statement.id, *id],
            _ => vec![signed.statement.id],
        };
        facts.overlay(&working.ids, &working.recalled, asked.into_iter());
        Ok(match &mut working.state {
            // The room's founding, sent once more: its identity is the room's id.
            Some(_) if signed.statement.room.is_none() => Err(Refusal::Repeated { index: 0 }),
            Some(state) => rules::apply(state, &entry, &facts),
            None => rules::found(&entry).map(|(state, verified)| {
                working.state = Some(state);
                verified
            }),
        })
    }

    fn check_log_key(&self, at: usize, charter: &Charter) -> Result<(), Refused> {
        let key = self.log_key.verifier_key();
        if charter.log_vkey.to_string() == key { Ok(()) } else { Err(Refused::LogKey { at, key }) }
    }

    /// Every room names the chamber's mediators, also right after a call that changes charters.
    async fn check_mediators(
        &self,
        held: &MutexGuard<'_, ()>,
        batch: &Batch,
        chartered: &[RoomId],
    ) -> Result<(), Stop> {
        let chamber_id = self.registry.chamber();
        let rooms: Vec<RoomId> = if chartered.contains(&chamber_id) {
            let known = self.registry.all().into_iter().map(|(_, room)| room);
            known.chain(chartered.iter().copied()).collect()
        } else {
            chartered.to_vec()
        };
        if rooms.is_empty() {
            return Ok(());
        }
        let chamber = state_of(&self.registry, held, batch, chamber_id).await?;
        let chamber = chamber.ok_or(Refused::OtherChamber { at: 0 })?;
        for room in rooms {
            if let Some(state) = state_of(&self.registry, held, batch, room).await? {
                mediators_agree(&chamber, &state)
                    .map_err(|_| Refused::MediatorsDiffer(state.name().as_str().to_owned()))?;
            }
        }
        Ok(())
    }

    /// A call that came before is answered as it was then.
    async fn repeat(
        &self,
        batch: &Batch,
        call: Vec<Submission<CheckedStatement>>,
        refused: Refused,
    ) -> Result<Tried, SequencerError> {
        let mut accepted = Vec::with_capacity(call.len());
        let mut later = false;
        for submission in &call {
            let signed = submission.statement.signed();
            let (room, id) = (submission.room, signed.statement.id);
            let pending = batch.rooms.get(&room).and_then(|working| working.ids.get(&id));
            if pending.is_some_and(|found| found.identity == signed.identity()) {
                later = true;
                continue;
            }
            let store = self.registry.store().as_ref();
            let found = history::find(store, room, &id).await?;
            let found = found.filter(|found| found.identity == signed.identity());
            let (Some(found), Some(view)) = (found, self.registry.cached(room)) else {
                return Ok(Tried::Refused(refused));
            };
            let rows = store.rows(&room.0, found.index, 1, usize::MAX, false).await?;
            accepted.extend(rows.into_iter().next().map(|row| Accepted {
                room,
                index: found.index,
                entry: row.entry,
                view,
            }));
        }
        Ok(if later { Tried::Later(call) } else { Tried::Stands(accepted) })
    }

    async fn serve(
        &mut self,
        held: &MutexGuard<'_, ()>,
        batch: &mut Batch,
        serve: Serve,
        answer: ServeAnswer,
    ) -> Result<(), SequencerError> {
        let Some(view) = self.registry.view_held(held, serve.room).await? else {
            drop(answer.send(Err(Refused::NoSuchRoom { at: 0 })));
            return Ok(());
        };
        let end = view.size().0.min(serve.first.saturating_add(serve.limit));
        if serve.follow {
            *self.followers.entry(serve.room).or_default().entry(serve.member.clone()).or_default() += 1;
        }
        if let Some(count) = end.checked_sub(serve.first).filter(|count| *count > 0) {
            let record = AccessRecord { member: serve.member, room: serve.room, first: serve.first, count };
            self.record(held, batch, record).await?;
        }
        batch.served.push((answer, view));
        Ok(())
    }

    fn unfollow(&mut self, room: RoomId, member: &MemberName) {
        if let Some(members) = self.followers.get_mut(&room) {
            if let Some(count) = members.get_mut(member) {
                *count -= 1;
                if *count == 0 {
                    members.remove(member);
                }
            }
            if members.is_empty() {
                self.followers.remove(&room);
            }
        }
    }

    /// What comes new to those who follow a room is recorded in the commit that brings it.
    async fn record_followers(
        &self,
        held: &MutexGuard<'_, ()>,
        batch: &mut Batch,
    ) -> Result<(), SequencerError> {
        let with_content = batch.rooms.values().filter(|working| working.has_content());
        let new: Vec<_> =
            with_content.map(|working| (working.room, working.base(), working.added())).collect();
        for (room, first, count) in new {
            let Some(members) = self.followers.get(&room) else { continue };
            let mut members: Vec<MemberName> = members.keys().cloned().collect();
            members.sort();
            for member in members {
                self.record(held, batch, AccessRecord { member, room, first, count }).await?;
            }
        }
        Ok(())
    }

    async fn record(
        &self,
        held: &MutexGuard<'_, ()>,
        batch: &mut Batch,
        record: AccessRecord,
    ) -> Result<(), SequencerError> {
        let (log, name) = self.registry.access_log(&record.member);
        let working = match batch.rooms.entry(log) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(match self.registry.view_held(held, log).await? {
                Some(view) => Working::of(log, &view),
                None => Working::new(log, name.into()),
            }),
        };
        working.record(now(), record);
        Ok(())
    }

    async fn commit(&self, history: &mut Histories, batch: Batch) -> Result<(), SequencerError> {
        let domain = self.log_key.domain();
        let mut commit = Commit::default();
        let mut views = Vec::new();
        let mut added = Vec::new();
        for (room, mut working) in batch.rooms {
            if working.is_empty() {
                continue;
            }
            let history = mem::take(&mut working.history);
            added.extend((!history.is_empty()).then_some((room, history)));
            let (room_commit, view) = working.finish(domain, self.log_key.as_ref())?;
            commit.rooms.push(room_commit);
            views.push((room, view));
        }
        if !commit.rooms.is_empty() {
            self.registry.store().commit(commit).await?;
        }
        for (room, rows) in added {
            history.note(room, rows.into_iter());
        }
        let published: HashMap<RoomId, Arc<RoomView>> = views.iter().cloned().collect();
        self.registry.publish(views);
        for (answer, placed) in batch.placed {
            let accepted = placed.into_iter().filter_map(|(room, index, entry)| {
                let view = Arc::clone(published.get(&room)?);
                Some(Accepted { room, index, entry, view })
            });
            drop(answer.send(Ok(accepted.collect())));
        }
        for (answer, view) in batch.served {
            drop(answer.send(Ok(view)));
        }
        Ok(())
    }
}

async fn state_of<S: Store>(
    registry: &Registry<S>,
    held: &MutexGuard<'_, ()>,
    batch: &Batch,
    room: RoomId,
) -> Result<Option<RoomState>, RegistryError> {
    match batch.rooms.get(&room) {
        Some(working) => Ok(working.state.clone()),
        None => Ok(registry.view_held(held, room).await?.and_then(|view| view.state.clone())),
    }
}
