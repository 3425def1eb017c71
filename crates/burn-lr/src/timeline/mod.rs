//! The timeline of a run: events in order, each at a step, for all clones of a scheduler.
//!
//! Clones that step are of one run, from their first step until they are dropped or loaded anew; the
//! run is over when none of them is left. An event of a run is at the first step that no clone of
//! the run has begun, and each clone applies it before that step. Clones that have not stepped get
//! it too, since they may be workers that come late; if they have not stepped when the run is over,
//! they lose it again. Without a run, an event is for the next step of every clone.
//!
//! Steps are told apart by how many were taken, skipped ones included.
//!
//! All of this is behind one lock. A clone without others has nobody to agree with, so that it looks
//! at a counter of events instead, and locks when there is a new one. With several clones, a step is
//! begun and its events are found under one lock, the one under which events are appended: an event
//! is before a step for all clones, or for none.

mod cursor;
pub(crate) mod event;
pub(crate) mod member;
mod runs;

pub(crate) use cursor::Cursor;
pub(crate) use runs::Timeline;
