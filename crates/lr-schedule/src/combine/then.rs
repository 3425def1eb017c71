use alloc::vec::Vec;

use super::named::part;
use crate::data::Data;
use crate::phase::Phase;
use crate::schedule::{Bounded, Schedule};

/// One schedule after another; see [`ScheduleExt::then`](crate::ScheduleExt::then).
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Then<A, B> {
    pub(crate) first: A,
    pub(crate) next: B,
}

impl<A: Bounded, B: Schedule> Schedule for Then<A, B> {
    fn at(&self, step: u64) -> f64 {
        match step.checked_sub(self.first.steps()) {
            None => self.first.at(step),
            Some(step) => self.next.at(step),
        }
    }

    fn advance(&self, step: u64, previous: f64) -> f64 {
        match step.checked_sub(self.first.steps()) {
            None => self.first.advance(step, previous),
            Some(0) => self.next.at(0),
            Some(step) => self.next.advance(step, previous),
        }
    }

    fn length(&self) -> Option<u64> {
        let next = self.next.length()?;
        Some(self.first.steps().saturating_add(next))
    }

    fn phases(&self, span: f64) -> Vec<Phase> {
        let end = self.first.steps() as f64;
        let mut phases = part(&self.first, 0.0, end);
        if end < span {
            phases.extend(part(&self.next, end, span - end));
        }
        phases
    }

    fn span(&self) -> Option<u64> {
        let steps = self.first.steps();
        steps.checked_add(self.next.span().unwrap_or(steps))
    }

    fn description(&self) -> Option<Data> {
        let mut parts = Vec::new();
        for part in [self.first.description()?, self.next.description()?] {
            match part.into_entry("schedule").ok()? {
                (name, Data::List(inner)) if name == "sequence" => parts.extend(inner),
                (name, of) => parts.push(Data::entry(name, of)),
            }
        }
        Some(Data::entry("sequence", Data::List(parts)))
    }
}

impl<A: Bounded, B: Bounded> Bounded for Then<A, B> {
    fn steps(&self) -> u64 {
        self.first.steps().saturating_add(self.next.steps())
    }
}
