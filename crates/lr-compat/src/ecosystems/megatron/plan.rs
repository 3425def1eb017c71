//! Rates by what Megatron-LM counts, in steps that each count several.

use lr_schedule::curves::InverseSqrtSpec;
use lr_schedule::{ScheduleError, Shape, Spec};

use super::super::ramp::ramp;
use crate::build::{clamp, constant, sequence, then};

#[derive(Clone, Copy)]
pub enum Style {
    Constant,
    Down(Shape),
    InverseSqrt,
    StableDecay,
}

/// The count from a step of the run on: before it, and at it and each later step.
#[derive(Clone, Copy)]
pub struct Clock {
    pub step: u64,
    pub count: u64,
    pub each: u64,
}

impl Clock {
    /// The place of a count in the run, in steps.
    fn place(&self, count: f64) -> f64 {
        self.step as f64 + (count - self.count as f64) / self.each as f64
    }
}

/// The rates, at counts of iterations or samples.
pub struct Plan {
    pub max: f64,
    pub min: f64,
    pub init: f64,
    pub style: Style,
    pub shape: Shape,
    /// The end of the warm-up.
    pub from: f64,
    /// The end of the decay.
    pub to: f64,
    /// The length of the decay of `WSD`.
    pub wsd: f64,
    /// The count of one sample.
    pub one: f64,
}

impl Plan {
    /// The rates of a run that was always counted as it is since the clock's step.
    pub fn spec(&self, clock: Clock) -> Result<Spec, ScheduleError> {
        let Self { max, min, init, .. } = *self;
        let place = |count| clock.place(count);
        // A step that is at a place's end is still before it.
        let after = |place: f64| (place.floor() as u64).saturating_add(1);
        let begin = place(0.0).ceil() as u64;
        let first = match self.from > 0.0 {
            true => after(place(self.from)),
            false => begin,
        };
        let end = after(place(self.to)).max(first);
        let up = match self.from > 0.0 {
            true => {
                let way = [place(0.0), place(self.from)];
                ramp(way, [init, max], Shape::Linear, begin, "lr_warmup")?
            }
            false => constant(max),
        };
        let down = |from, shape, first, name| {
            let way = [place(from), place(self.to)];
            ramp(way, [max, min], shape, first, name)
        };
        let rest = match self.style {
            Style::Constant => constant(max),
            Style::Down(shape) => down(self.from, shape, first, "lr_decay_style")?,
            Style::StableDecay => {
                let from = self.to - self.wsd;
                let held = first.max(after(place(from)));
                let down = down(from, self.shape, held, "lr_wsd_decay_iters")?;
                then(held - first, constant(max), down)
            }
            Style::InverseSqrt => {
                // In steps, from the place of the count 0 on.
                let scale = self.from.max(self.one) / clock.each as f64;
                let gone = first as f64 - place(0.0);
                let spec = |gone: f64| {
                    let start = max * (scale / gone).sqrt();
                    Spec::from(InverseSqrtSpec::new(start, gone))
                };
                let down = match gone > 0.0 {
                    true => spec(gone),
                    false => then(1, constant(max), spec(1.0)),
                };
                clamp(Some(min), None, down)
            }
        };
        let before = vec![(begin, constant(init)), (first - begin, up)];
        if let Style::Constant = self.style {
            return Ok(sequence(before, rest));
        }
        let parts = before.into_iter().chain([(end - first, rest)]);
        Ok(sequence(parts.collect(), constant(min)))
    }
}

/// The clocks of a batch that grows, each with its steps, and the one after it has grown to `last`.
pub fn growing(
    [first, by, length]: [u64; 3],
    last: u64,
) -> Result<(Vec<(u64, Clock)>, Clock), ScheduleError> {
    const MOST: u64 = 1000;
    let grown = last.checked_sub(first).filter(|_| by > 0 && first > 0);
    let parts = grown.filter(|grown| grown % by == 0 && *grown > 0);
    let parts = parts.map(|grown| grown / by).filter(|parts| *parts <= MOST);
    let Some(parts) = parts else {
        let given = format!("{first} {by} {length}");
        let allowed = "a batch that comes to `global_batch_size` in at most 1000 equal parts";
        return Err(ScheduleError::invalid("rampup_batch_size", given, allowed));
    };
    let part = length as f64 / parts as f64;
    let (mut clocks, mut step, mut count) = (Vec::new(), 0_u64, 0_u64);
    while count <= length && length > 0 {
        let grown = (count as f64 / part) as u64;
        let each = first + grown.min(parts) * by;
        // The steps until it has grown, of which there is one at least.
        let until = match grown < parts {
            true => (part * (grown + 1) as f64).ceil() as u64,
            false => length + 1,
        };
        let left = until.min(length + 1).saturating_sub(count);
        let mut steps = left.div_ceil(each).max(1);
        // The quotient may be rounded another way than the product.
        while steps > 1 && ((count + (steps - 1) * each) as f64 / part) as u64 > grown {
            steps -= 1;
        }
        clocks.push((steps, Clock { step, count, each }));
        step += steps;
        count = count.saturating_add(steps.saturating_mul(each));
    }
    let each = last;
    Ok((clocks, Clock { step, count, each }))
}
