//! The last step that each scheduler has taken on this thread, for what follows it there: the views
//! of a parameter group, and an optimizer whose momentum is scheduled. Burn tells an optimizer
//! neither the step nor the worker that it runs for; but a worker steps its scheduler and its
//! optimizer on the same thread.

use std::cell::Cell;

/// The number of schedulers for which a thread remembers the last step.
const REMEMBERED: usize = 64;

/// A step that a scheduler has taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Taken {
    family: u64,
    pub step: u64,
    pub rate: f64,
}

thread_local! {
    /// The scheduler that stepped last comes first.
    static LAST: [Cell<Option<Taken>>; REMEMBERED] = const { [const { Cell::new(None) }; REMEMBERED] };
}

/// A number that tells this thread from the others.
#[inline]
pub(crate) fn id() -> u64 {
    LAST.with(|last| std::ptr::from_ref(last).addr() as u64)
}

/// Keeps that the scheduler `family` has taken `step`, with `rate`.
#[inline]
pub(crate) fn announce(family: u64, step: u64, rate: f64) {
    let taken = Taken { family, step, rate };
    LAST.with(|last| {
        let mut moved = last[0].replace(Some(taken));
        for place in &last[1..] {
            if moved.is_none_or(|moved| moved.family == family) {
                break;
            }
            moved = place.replace(moved);
        }
    });
}

/// The last step that the scheduler `family` took on this thread.
#[inline]
pub(crate) fn last(family: u64) -> Option<Taken> {
    LAST.with(|last| {
        let mut taken = last.iter().map_while(Cell::get);
        taken.find(|taken| taken.family == family)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_have_other_numbers() {
        let here = id();
        assert!(here == id() && here != 0);
        let there = std::thread::spawn(id).join().unwrap();
        assert_ne!(here, there);
    }

    #[test]
    fn a_thread_remembers_the_last_step_of_each_scheduler() {
        let step = |family| last(family).map(|taken| taken.step);
        for n in 0..3 {
            for family in 1..=5 {
                announce(family, 10 * family + n, 0.1);
            }
        }
        assert_eq!([step(1), step(5), step(6)], [Some(12), Some(52), None]);
        std::thread::spawn(move || assert_eq!(last(1), None))
            .join()
            .unwrap();

        for family in 100..100 + REMEMBERED as u64 {
            announce(family, 0, 0.1);
        }
        assert_eq!([step(1), step(100)], [None, Some(0)]);
    }
}
