use super::error::FinderError;
use super::range_test::{Outcome, Point, RangeTest};

/// A rate to train with, and where the curve suggests it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    /// The rate.
    pub rate: f64,
    /// The point at which it was found. But for [`RangeTest::minimum`], whose rate is a tenth of this point's, it
    /// is this point's.
    pub at: Point,
}

impl Suggestion {
    fn at(point: &Point) -> Self {
        Self {
            rate: point.rate,
            at: *point,
        }
    }
}

/// The last points, where the loss may be about to leave the picture, are not judged by.
const LEFT_OUT_AT_THE_END: usize = 5;
/// The number of points that `slide` looks back over.
const SLIDE: usize = 15;
/// The difference of two slopes, in loss a step, that are about as steep.
const SLIDE_THRESHOLD: f64 = 0.005;

/// fastai's suggestions, which all go by the smoothed loss, without the first tenth of the planned
/// steps and the last 5 that were taken. A step whose loss is infinite counts as taken; NaN does not
/// stop fastai, which takes all planned steps then and does without those from NaN on.
impl RangeTest {
    /// The rate in the middle of the longest valley: fastai's default, and a careful choice, for a constant rate
    /// or a long run.
    ///
    /// The valley is the longest series of points, not all of them neighbours, each with a lower loss
    /// than the one before; with `n` points, of which the last is number `e`, it is point `e - n + ⌊n /
    /// 3⌋ + ⌊n / 6⌋`.
    ///
    /// # Errors
    ///
    /// Fewer than 2 points are left to judge by, and where the loss never falls.
    pub fn valley(&self) -> Result<Suggestion, FinderError> {
        let points = self.judged(2)?;
        let (end, length) = longest_fall(points);
        if length < 2 {
            return Err(self.never_falls(points));
        }
        let found = (end + length / 3 + length / 6).saturating_sub(length);
        Ok(Suggestion::at(&points[found]))
    }

    /// Returns the point where the loss falls steepest over the logarithm of the rate: the first point `i` with the
    /// least `(loss(i + 1) - loss(i)) / (ln rate(i + 1) - ln rate(i))`.
    ///
    /// # Errors
    ///
    /// Fewer than 2 points are left to judge by, and where the loss never falls.
    pub fn steepest(&self) -> Result<Suggestion, FinderError> {
        let points = self.judged(2)?;
        let slope = |pair: &[Point]| {
            (pair[1].smoothed - pair[0].smoothed) / (pair[1].rate.ln() - pair[0].rate.ln())
        };
        let pairs = points.windows(2).map(|pair| (slope(pair), &pair[0]));
        match pairs.min_by(|(a, _), (b, _)| a.total_cmp(b)) {
            Some((slope, point)) if slope < 0.0 => Ok(Suggestion::at(point)),
            _ => Err(self.never_falls(points)),
        }
    }

    /// A tenth of the rate with the lowest loss: a good maximum for a 1cycle, which only touches it.
    ///
    /// # Errors
    ///
    /// Fewer than 2 points are left to judge by, and where the first of them is the lowest.
    pub fn minimum(&self) -> Result<Suggestion, FinderError> {
        let points = self.judged(2)?;
        let lowest = points
            .iter()
            .min_by(|a, b| a.smoothed.total_cmp(&b.smoothed));
        match lowest {
            Some(lowest) if lowest.smoothed < points[0].smoothed => Ok(Suggestion {
                rate: lowest.rate / 10.0,
                at: *lowest,
            }),
            _ => Err(self.never_falls(points)),
        }
    }

    /// A rate before the loss turns: two points, 15 steps apart, slide down from the last rates to the
    /// first until the loss is about as steep (the change of the loss in a step within 0.005) at both;
    /// it is the lower rate of the two, one step before. Ahmed and others' interval slide rule, as
    /// fastai has it.
    ///
    /// # Errors
    ///
    /// Fewer than 16 points are left to judge by. A loss that never falls is no error here: for
    /// a flat one, it is the first pair's.
    pub fn slide(&self) -> Result<Suggestion, FinderError> {
        let points = self.judged(SLIDE + 1)?;
        let last = points.len() - 1;
        // Half the difference of a point's neighbours, and at either end the difference to the only one.
        let slope = |index: usize| {
            let (before, after) = (index.saturating_sub(1), (index + 1).min(last));
            (points[after].smoothed - points[before].smoothed) / (after - before) as f64
        };
        let steeper = |low: &usize| (slope(low + SLIDE) - slope(*low)).abs() > SLIDE_THRESHOLD;
        let highest = last - SLIDE;
        let found = (0..=highest).rev().take_while(steeper).last();
        let found = found.unwrap_or(highest);
        Ok(Suggestion::at(&points[found]))
    }

    /// The points that suggestions go by.
    fn judged(&self, needed: usize) -> Result<&[Point], FinderError> {
        let first = (self.planned / 10) as usize;
        let taken = match self.outcome {
            Outcome::NotFinite { loss, .. } if loss.is_nan() => self.planned as usize,
            Outcome::NotFinite { .. } => self.points.len() + 1,
            _ => self.points.len(),
        };
        let end = taken.saturating_sub(LEFT_OUT_AT_THE_END);
        let end = end.min(self.points.len());
        let points = self.points.get(first..end).unwrap_or_default();
        match points.len() >= needed {
            true => Ok(points),
            false => Err(FinderError::TooFewPoints {
                taken: self.points.len(),
                planned: self.planned,
                left: points.len(),
                needed,
                outcome: self.outcome,
            }),
        }
    }

    fn never_falls(&self, points: &[Point]) -> FinderError {
        FinderError::NeverFalls {
            rate: points[0].rate,
            first: points[0].smoothed,
        }
    }
}

/// The longest series of falling losses: its last point, the first such where there are several, and
/// how many points it has.
fn longest_fall(points: &[Point]) -> (usize, usize) {
    // The highest loss in which a series of each length can end.
    let mut ends: Vec<f64> = vec![];
    let mut longest = 0;
    for (index, point) in points.iter().enumerate() {
        let length = ends.partition_point(|&end| end > point.smoothed);
        match ends.get_mut(length) {
            Some(end) => *end = point.smoothed,
            None => {
                ends.push(point.smoothed);
                longest = index;
            }
        }
    }
    (longest, ends.len())
}
