//! The line that batches go along: parsed, shown the keys, checked, judged; each step in the bundle's order where the
//! order counts, and on any thread where it does not.

use std::{
    any::Any,
    collections::VecDeque,
    num::NonZero,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use tearline_ledger::{
    audit::{Audit, Batch, Checked, Gather, Parsed, Part, Step, Unchecked},
    bundle::Row,
};

use crate::BundleFault;

/// How many batches are under way at once: enough that no core waits for another.
pub fn in_flight() -> usize {
    cores() * 2 + 2
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

enum Job {
    Parse(Batch),
    Check(Unchecked),
}

enum Done {
    Parsed(Parsed),
    Checked(Checked),
}

/// A part of the bundle that has not been judged yet.
enum Slot {
    Row(Box<Row>),
    Parsing,
    Parsed(Box<Parsed>),
    Checking,
    Checked(Checked),
}

type Outcome = (u64, Result<Done, Box<dyn Any + Send>>);

/// Gives an audit all rows of a bundle; `each` is given what it gets done, and may end it.
///
/// # Errors
///
/// The first thing that is wrong, or what `each` says.
pub fn audit<E: From<BundleFault>, F: Into<E>>(
    judge: &mut Audit,
    rows: impl Iterator<Item = Result<Row, F>>,
    mut each: impl FnMut(Step) -> Result<(), E>,
) -> Result<(), E> {
    let (jobs, waiting) = channel::<(u64, Job)>();
    let (outcome, outcomes) = channel::<Outcome>();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        let most = in_flight();
        for _ in 0..cores() {
            let (outcome, waiting) = (outcome.clone(), &waiting);
            scope.spawn(move || work(waiting, &outcome));
        }
        // Dropped at the end, which ends the threads.
        let mut line = Line { jobs, outcomes, slots: VecDeque::new(), first: 0, shown: 0, held: 0 };
        let (mut gather, mut broken) = (Gather::new(), None);
        for row in rows {
            match row {
                Ok(row) => {
                    let before = line.slots.len();
                    gather.take(row, |part| line.enter(part));
                    if line.slots.len() == before {
                        continue;
                    }
                }
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
            line.advance(judge, &mut each)?;
            while line.held > most {
                line.wait();
                line.advance(judge, &mut each)?;
            }
        }
        // What is before the place where the file breaks off is judged all the same, and first.
        gather.finish(|part| line.enter(part));
        while !line.slots.is_empty() {
            line.advance(judge, &mut each)?;
            line.wait();
        }
        broken.map_or(Ok(()), |error| Err(error.into()))
    })
}

fn work(waiting: &Mutex<Receiver<(u64, Job)>>, outcome: &Sender<Outcome>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = next else { return };
        let done = panic::catch_unwind(AssertUnwindSafe(|| match job {
            Job::Parse(batch) => Done::Parsed(batch.parse()),
            Job::Check(unchecked) => Done::Checked(unchecked.check()),
        }));
        if outcome.send((number, done)).is_err() {
            return;
        }
    }
}

struct Line {
    jobs: Sender<(u64, Job)>,
    outcomes: Receiver<Outcome>,
    slots: VecDeque<Slot>,
    /// The number of the first slot.
    first: u64,
    /// How many slots have been shown the keys, or need none.
    shown: u64,
    /// How many slots hold more than a few bytes.
    held: usize,
}

impl Line {
    fn enter(&mut self, part: Part<Batch>) {
        let slot = match part {
            Part::Row(row) => {
                self.held += usize::from(matches!(row, Row::Piece(_)));
                Slot::Row(Box::new(row))
            }
            Part::Entries(batch) => {
                self.held += 1;
                self.send(self.first + self.slots.len() as u64, Job::Parse(batch));
                Slot::Parsing
            }
        };
        self.slots.push_back(slot);
    }

    fn send(&self, number: u64, job: Job) {
        // The threads end only after this is dropped.
        let _ = self.jobs.send((number, job));
    }

    /// Takes one outcome, waiting for it if one is due.
    fn wait(&mut self) {
        let due = |slot: &Slot| matches!(slot, Slot::Parsing | Slot::Checking);
        if self.slots.iter().any(due)
            && let Ok(outcome) = self.outcomes.recv()
        {
            self.put(outcome);
        }
    }

    fn put(&mut self, (number, done): Outcome) {
        let done = done.unwrap_or_else(|panic| panic::resume_unwind(panic));
        if let Some(slot) = self.slot(number) {
            *slot = match done {
                Done::Parsed(parsed) => Slot::Parsed(Box::new(parsed)),
                Done::Checked(checked) => Slot::Checked(checked),
            };
        }
    }

    fn slot(&mut self, number: u64) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Does all that can be done in order with what has come.
    fn advance<E: From<BundleFault>>(
        &mut self,
        judge: &mut Audit,
        each: &mut impl FnMut(Step) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Ok(outcome) = self.outcomes.try_recv() {
            self.put(outcome);
        }
        self.show_keys(judge);
        while let Some(part) = self.ready() {
            let mut refused = Ok(());
            let judged = judge.take(part, |step| {
                if refused.is_ok() {
                    refused = each(step);
                }
            });
            refused?;
            judged.map_err(BundleFault::from)?;
        }
        Ok(())
    }

    fn show_keys(&mut self, judge: &mut Audit) {
        while let Some(slot) = self.slot(self.shown) {
            match std::mem::replace(slot, Slot::Checking) {
                Slot::Parsed(parsed) => {
                    let unchecked = judge.show_keys(*parsed);
                    self.send(self.shown, Job::Check(unchecked));
                }
                Slot::Parsing => {
                    *slot = Slot::Parsing;
                    return;
                }
                other => *slot = other,
            }
            self.shown += 1;
        }
    }

    /// The next part, if it may be judged.
    fn ready(&mut self) -> Option<Part<Checked>> {
        if !matches!(self.slots.front(), Some(Slot::Row(_) | Slot::Checked(_))) {
            return None;
        }
        let slot = self.slots.pop_front()?;
        self.first += 1;
        self.shown = self.shown.max(self.first);
        match slot {
            Slot::Row(row) => {
                self.held -= usize::from(matches!(*row, Row::Piece(_)));
                Some(Part::Row(*row))
            }
            Slot::Checked(checked) => {
                self.held -= 1;
                Some(Part::Entries(checked))
            }
            Slot::Parsing | Slot::Parsed(_) | Slot::Checking => None,
        }
    }
}
