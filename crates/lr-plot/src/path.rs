//! A trace in the pixels of a picture: rates that are held and jumps, within the frame, and with no
//! more points than can be seen.

use crate::axis::Axis;
use crate::canvas::Point;
use crate::trace::Trace;

/// Steps of at least so many pixels are drawn as stairs.
const VISIBLE_STEP: f64 = 2.0;
/// The least change in pixels, with narrower steps, that is a jump where it is so many times as steep as those
/// beside it is a jump, and is drawn straight up or down.
const JUMP: f64 = 1.5;
const STEEPER: f64 = 4.0;
/// The largest distance of a point that is left out from the path that is drawn.
const TOLERANCE: f64 = 0.08;

/// The place of the axes in a picture, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    /// The place of a value, within some heights of the frame, so that differences stay finite.
    pub fn y(&self, value: f64) -> f64 {
        let place = self.y.place(value).clamp(-100.0, 100.0);
        self.bottom - place * (self.bottom - self.top)
    }

    /// The paths of `trace` in this frame.
    pub fn paths(&self, trace: &Trace) -> Vec<Vec<Point>> {
        let runs = trace.runs.iter();
        let paths: Vec<_> = match trace.held {
            true => runs.map(|run| self.stairs(run)).collect(),
            false => runs.flat_map(|run| self.lines(run)).collect(),
        };
        paths.iter().map(|path| simplified(path)).collect()
    }

    fn points(&self, run: &[(f64, f64)]) -> Vec<Point> {
        run.iter().map(|(x, y)| (self.x(*x), self.y(*y))).collect()
    }

    /// The path of rates, held at the edges.
    fn stairs(&self, run: &[(f64, f64)]) -> Vec<Point> {
        let points = self.points(run);
        // How far it is, up or down, from the point before, and that for each step.
        let rise = |i: usize| (points[i].1 - points[i - 1].1).abs();
        let slope = |i: usize| match (1..run.len()).contains(&i) {
            true => rise(i) / (run[i].0 - run[i - 1].0),
            false => 0.0,
        };
        let jumps =
            |i: usize| rise(i) >= JUMP && slope(i) > STEEPER * slope(i - 1).max(slope(i + 1));
        let mut path: Vec<Point> = Vec::with_capacity(points.len() * 2);
        for (i, (point, value)) in points.iter().zip(run).enumerate() {
            if let Some(before) = path.last().copied() {
                let wide = point.0 - self.x(value.0 - 1.0) >= VISIBLE_STEP;
                if wide || jumps(i) {
                    path.push((point.0, before.1));
                }
            }
            path.push(*point);
        }
        if let (Some(last), Some(at)) = (run.last(), path.last().copied()) {
            path.push((self.x(last.0 + 1.0), at.1));
        }
        for (x, y) in &mut path {
            *x = x.clamp(self.left, self.right);
            *y = y.clamp(self.top, self.bottom);
        }
        path
    }

    /// The parts of a measured line that are inside; one point is a line to itself.
    fn lines(&self, run: &[(f64, f64)]) -> Vec<Vec<Point>> {
        let mut path = self.points(run);
        if let [only] = path[..] {
            path.push(only);
        }
        let mut parts: Vec<Vec<Point>> = Vec::new();
        let mut open = false;
        for pair in path.windows(2) {
            let Some((from, to)) = self.segment(pair[0], pair[1]) else {
                open = false;
                continue;
            };
            match parts.last_mut() {
                Some(part) if open && part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
            open = to == pair[1];
        }
        parts
    }

    /// The part of a line that is inside (Liang and Barsky).
    fn segment(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0f64, 1.0f64);
        let edges = [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ];
        for (direction, distance) in edges {
            if direction == 0.0 {
                if distance < 0.0 {
                    return None;
                }
                continue;
            }
            let at = distance / direction;
            match direction < 0.0 {
                true => enter = enter.max(at),
                false => leave = leave.min(at),
            }
        }
        if enter > leave {
            return None;
        }
        let at = |share: f64| match share {
            0.0 => from,
            1.0 => to,
            share => (from.0 + dx * share, from.1 + dy * share),
        };
        Some((at(enter), at(leave)))
    }
}

/// The path without points that are within [`TOLERANCE`] of a line between others (Ramer, Douglas and
/// Peucker).
fn simplified(path: &[Point]) -> Vec<Point> {
    if path.len() < 3 {
        return path.to_vec();
    }
    let mut keep = vec![false; path.len()];
    keep[0] = true;
    keep[path.len() - 1] = true;
    let mut open = vec![(0, path.len() - 1)];
    while let Some((from, to)) = open.pop() {
        let inner = from + 1..to;
        let distances = inner.map(|i| (i, distance(path[i], path[from], path[to])));
        let farthest = distances.max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((i, distance)) = farthest
            && distance > TOLERANCE
        {
            keep[i] = true;
            open.push((from, i));
            open.push((i, to));
        }
    }
    let kept = path.iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|(point, _)| *point).collect()
}

/// The distance of a point from a line between two others.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let share = match length {
        0.0 => 0.0,
        length => ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length,
    };
    let share = share.clamp(0.0, 1.0);
    (point.0 - from.0 - share * dx).hypot(point.1 - from.1 - share * dy)
}

#[cfg(test)]
mod tests {
    use lr_schedule::prelude::*;

    use super::*;
    use crate::axis::Scale;
    use crate::trace;

    fn frame(steps: f64) -> Frame {
        Frame {
            left: 0.0,
            top: 0.0,
            right: 600.0,
            bottom: 200.0,
            x: Axis::exact(Scale::Linear, "x", 0.0, steps).unwrap(),
            y: Axis::exact(Scale::Linear, "y", 0.0, 1.0).unwrap(),
        }
    }

    fn paths(schedule: &dyn Schedule, steps: u64) -> Vec<Vec<Point>> {
        let trace = trace::schedule("it", schedule, (0, steps), 1_200, Scale::Linear).unwrap();
        frame(steps as f64).paths(&trace)
    }

    #[test]
    fn jumps_are_vertical_at_any_number_of_steps() {
        for steps in [4u64, 100, 1_000, 100_000] {
            let schedule = MultiStep::new(1.0, [steps / 2], 0.1);
            let path = &paths(&schedule, steps)[0];
            let expected = [(0.0, 0.0), (300.0, 0.0), (300.0, 180.0), (600.0, 180.0)];
            assert_eq!(path.len(), 4, "{path:?}");
            for (point, expected) in path.iter().zip(expected) {
                assert!((point.0 - expected.0).abs() <= 0.5, "{steps}: {path:?}");
                assert!((point.1 - expected.1).abs() < 1e-9, "{steps}: {path:?}");
            }
            assert_eq!(path[1].0, path[2].0);
        }
    }

    #[test]
    fn what_is_smooth_is_drawn_with_few_points_and_no_stairs() {
        let path = &paths(&Cosine::new(1.0, 0.0, 10_000), 10_000)[0];
        assert!(path.len() < 80, "{}", path.len());
        let cosine = |x: f64| 100.0 - 100.0 * (std::f64::consts::PI * x / 600.0).cos();
        for point in path {
            assert!((cosine(point.0) - point.1).abs() < 0.5, "{point:?}");
        }
        assert_eq!(
            paths(&LinearRamp::new(1.0, 0.0, 10_000), 10_000)[0].len(),
            2
        );
        let steep = LinearRamp::new(1.0, 0.0, 10_000).warmup(100);
        assert!(paths(&steep, 10_100)[0].len() <= 4);
    }

    #[test]
    fn measured_lines_are_cut_at_the_frame_and_go_on_inside() {
        let frame = frame(3.0);
        let points = [(0.0, 0.5), (1.0, 1.5), (2.0, 0.5), (3.0, 0.5)];
        let trace = trace::measured(&points, 1_200, &frame.x);
        let paths = frame.paths(&trace);
        assert_eq!(paths.len(), 2);
        assert_eq!(paths[0], [(0.0, 100.0), (100.0, 0.0)]);
        assert_eq!(paths[1], [(300.0, 0.0), (400.0, 100.0), (600.0, 100.0)]);
    }
}
