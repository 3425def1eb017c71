use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Spec;
use super::data::Data;
use super::described::{count, joined};
use super::field::{Field, Place, Position, Resolve, each};
use super::length::{Length, TrainingLength};
use super::text::{Text, field, table};
use crate::error::ScheduleError;
use crate::recurrence::Part;
use crate::shape::Shape;

described! {
    /// The change that a [`Recurrence`](crate::Recurrence) makes to the rate at every step, its own `n` counted from 1.
    enum Link: "link" => Part;

    wraps {}
    each {
    /// The rate times `of(n) / of(n - 1)`, so that it follows another schedule by its factors, or
    /// stays where that was 0. For `exponential`, `step` and `multi_step`, whose factors have a
    /// name, it is multiplied with those.
    Multiply multiply { of: Box<Spec> } => Part::multiply(of);
    /// The part over `floor` follows half a cosine by its factors, and from each lowest point on,
    /// where nothing is left of it, what `start` has over `floor` is added: the recursion of
    /// PyTorch's `CosineAnnealingLR`.
    Anneal anneal { start: f64, floor: f64 = 0.0, t_max: Length }
        => Part::anneal(start, floor, t_max);
    /// The way to `target` that is left becomes shorter as a decay in `shape` over `steps` steps
    /// does, and after it the rate is `target`: the recursion of PyTorch's `SWALR`.
    Settle settle { target: f64, steps: Length, shape: Shape = Shape::Cosine }
        => Part::settle(target, steps, shape);
    /// The rate is `of(n)`, whatever it was.
    Set set { of: Box<Spec> } => Part::set(of);
    /// `first` for `steps` steps, then `start` where it is given, then `next`, counting from there.
    Then then { first: Box<Link>, steps: Length, start: Option<f64> = None, next: Box<Link> }
        => Part::then(first, steps, start, next);
    /// `of` as it goes on after its first `steps` steps: its `n` is counted from `steps + 1`.
    Skip skip { steps: Length, of: Box<Link> } => Ok(Part::Skip { steps, of });

    }
    lists {
        /// All of them in turn, at every step.
        Chain chain => |parts| Ok(Part::Chain(parts));
    }
}

impl Resolve for Link {}
