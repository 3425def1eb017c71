//! The points that are drawn of a curve: few enough to draw, and all that can be seen.

use lr_schedule::{Schedule, ScheduleExt};

use crate::axis::{Axis, Scale};
use crate::error::PlotError;

/// The most rates that are looked at; of more, only every so many.
pub(crate) const MOST_STEPS: u64 = 1 << 25;

/// A curve as runs of points, between which nothing is drawn.
#[derive(Debug)]
pub(crate) struct Trace {
    pub runs: Vec<Vec<(f64, f64)>>,
    /// Whether each holds for a step, as a schedule's rates do.
    pub held: bool,
    /// The number of points that were not finite.
    pub left_out: usize,
    /// The distance of the steps that were looked at.
    pub every: u64,
}

/// Adds the first, lowest, highest and last point of a column, which look as all of its points do.
fn add_column(column: &[(f64, f64)], points: &mut Vec<(f64, f64)>) {
    let lowest = column.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let highest = column.iter().min_by(|a, b| b.1.total_cmp(&a.1));
    let shown = [column.first(), lowest, highest, column.last()];
    let mut shown: Vec<_> = shown.into_iter().flatten().collect();
    shown.sort_by(|a, b| a.0.total_cmp(&b.0));
    for point in shown {
        if points.last() != Some(point) {
            points.push(*point);
        }
    }
}

/// The rates of the steps from `start` to `end`: of all of them, up to [`MOST_STEPS`]. Where the axis of steps is
/// logarithmic, `start` is above 0.
pub(crate) fn schedule(
    label: &str,
    schedule: &dyn Schedule,
    (start, end): (u64, u64),
    columns: u64,
    scale: Scale,
) -> Result<Trace, PlotError> {
    let count = end - start;
    let every = count.div_ceil(MOST_STEPS);
    // A schedule without a spec may be a recurrence of a closure.
    let recurs = schedule.to_spec().is_none_or(|spec| spec.recurs());
    if recurs && (every > 1 || start > MOST_STEPS) {
        return Err(PlotError::TooLong {
            label: label.to_string(),
            steps: end,
            most: MOST_STEPS,
        });
    }
    let bound = |column: u64| match scale {
        Scale::Linear => {
            start + (u128::from(count) * u128::from(column) / u128::from(columns)) as u64
        }
        Scale::Log if column == columns => end,
        Scale::Log => {
            let share = column as f64 / columns as f64;
            let step = (start as f64) * (end as f64 / start as f64).powf(share);
            (step.ceil() as u64).clamp(start, end)
        }
    };
    let (mut points, mut points_of_column) = (Vec::new(), Vec::new());
    let mut previous = None;
    let mut step = start;
    for column in 1..=columns {
        let until = bound(column);
        points_of_column.clear();
        while step < until {
            let rate = match previous {
                Some(previous) if every == 1 => schedule.advance(step, previous),
                _ => schedule.at(step),
            };
            if !rate.is_finite() {
                return Err(PlotError::NotFinite {
                    label: label.to_string(),
                    step,
                    rate,
                });
            }
            previous = Some(rate);
            points_of_column.push((step as f64, rate));
            step = step.saturating_add(every);
        }
        add_column(&points_of_column, &mut points);
    }
    Ok(Trace {
        runs: vec![points],
        held: true,
        left_out: 0,
        every,
    })
}

pub(crate) fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// Measured points, those that aren't finite left out and counted.
pub(crate) fn measured(points: &[(f64, f64)], columns: u64, x: &Axis) -> Trace {
    let runs = points.split(|point| !is_finite(point));
    let runs = runs.filter(|run| !run.is_empty());
    Trace {
        runs: runs.map(|run| thinned(run, columns, x)).collect(),
        held: false,
        left_out: points.iter().filter(|point| !is_finite(point)).count(),
        every: 1,
    }
}

fn thinned(run: &[(f64, f64)], columns: u64, x: &Axis) -> Vec<(f64, f64)> {
    let few = run.len() as u64 <= 4 * columns;
    if few || !run.is_sorted_by(|a, b| a.0 <= b.0) {
        return run.to_vec();
    }
    let column = |point: &(f64, f64)| (x.place(point.0) * columns as f64).floor();
    let mut points = Vec::new();
    for together in run.chunk_by(|a, b| column(a) == column(b)) {
        add_column(together, &mut points);
    }
    points
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;

    #[test]
    fn few_steps_are_all_there() {
        let linear = LinearRamp::new(1.0, 0.0, 10);
        let trace = schedule("linear", &linear, (0, 10), 1_000, Scale::Linear).unwrap();
        let expected: Vec<_> = (0..10).map(|n| (n as f64, linear.at(n))).collect();
        assert_eq!(trace.runs, [expected]);
    }

    #[test]
    fn a_spike_of_one_step_is_never_missed() {
        for at in [0u64, 1, 123_456, 500_000, 999_998, 999_999] {
            let spike = from_fn(move |step| if step == at { 0.9 } else { 0.1 });
            for scale in [Scale::Linear, Scale::Log] {
                let start = u64::from(scale == Scale::Log);
                if at < start {
                    continue;
                }
                let trace = schedule("spike", &spike, (start, 1_000_000), 700, scale).unwrap();
                assert!(trace.runs[0].len() < 4 * 701);
                assert!(trace.runs[0].contains(&(at as f64, 0.9)), "{at} {scale:?}");
                assert!(trace.runs[0].is_sorted_by(|a, b| a.0 < b.0));
            }
        }
    }

    #[test]
    fn a_recurrence_is_gone_through_once() {
        let product = Recurrence::new(1.0, |_, rate| rate * 0.999);
        let trace = schedule("product", &product, (0, 2_000), 700, Scale::Linear).unwrap();
        let last = *trace.runs[0].last().unwrap();
        assert!((last.1 - 0.999f64.powi(1_999)).abs() < 1e-12, "{last:?}");
        let error = schedule("product", &product, (0, MOST_STEPS + 1), 700, Scale::Linear);
        assert!(matches!(error, Err(PlotError::TooLong { .. })));
    }

    #[test]
    fn more_steps_than_can_be_looked_at_are_looked_at_in_equal_distances() {
        let cosine = Cosine::new(1.0, 0.0, 10 * MOST_STEPS);
        let trace = schedule("cosine", &cosine, (0, 3 * MOST_STEPS), 100, Scale::Linear).unwrap();
        assert_eq!(trace.every, 3);
        assert_eq!(trace.runs[0][0], (0.0, 1.0));
    }

    #[test]
    fn what_is_no_number_is_an_error_in_a_schedule_and_a_gap_in_points() {
        let bad = from_fn(|step| if step == 7 { f64::NAN } else { 0.1 });
        let error = schedule("bad", &bad, (0, 10), 5, Scale::Linear).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`bad` gives NaN at step 7, which can't be drawn"
        );

        let points = [(0.0, 1.0), (1.0, f64::INFINITY), (2.0, 3.0), (3.0, 2.0)];
        let axis = Axis::exact(Scale::Linear, "x", 0.0, 3.0).unwrap();
        let trace = measured(&points, 100, &axis);
        assert_eq!(trace.runs, [vec![(0.0, 1.0)], vec![(2.0, 3.0), (3.0, 2.0)]]);
        assert_eq!(trace.left_out, 1);
    }

    #[test]
    fn many_points_are_thinned_without_losing_one_that_stands_out() {
        let mut points: Vec<_> = (0..100_000).map(|n| (f64::from(n), 1.0)).collect();
        points[77_777].1 = 5.0;
        let axis = Axis::exact(Scale::Linear, "x", 0.0, 100_000.0).unwrap();
        let trace = measured(&points, 100, &axis);
        assert!(trace.runs[0].len() <= 400);
        assert!(trace.runs[0].contains(&(77_777.0, 5.0)));
    }
}
