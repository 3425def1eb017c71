use std::ops::Range;

use lr_schedule::Schedule;

use crate::axis::Scale;

/// A picture of schedules, measured curves, or both over each other.
///
/// ```
/// use lr_plot::Plot;
/// use lr_schedule::prelude::*;
///
/// let cosine = Cosine::new(1e-3, 0.0, 9_500).warmup(500);
/// let linear = LinearRamp::new(1e-3, 0.0, 9_500).warmup(500);
/// let plot = Plot::new()
///     .title("Two ways down")
///     .schedule("cosine", &cosine)
///     .schedule("linear", &linear);
/// let svg: String = plot.to_svg()?;
/// let png: Vec<u8> = plot.to_png(2)?;
/// assert!(svg.starts_with("<svg") && png.starts_with(b"\x89PNG"));
/// # Ok::<(), lr_plot::PlotError>(())
/// ```
///
/// The rate of step `n` is drawn from `n` to `n + 1`: steps that are wide enough to be seen are stairs,
/// and a jump is a vertical line. Up to 2^25 steps are all looked at, so that no spike is missed; of
/// more, only every second, third, ..., which the x axis says. Of a recurrence, or a closure, which may
/// be one, at most 2^25 steps are drawn, that begin by step 2^25.
///
/// On a logarithmic y axis, 0 and what is more than twelve decades below the highest rate is drawn
/// at the lower edge, which the axis says. Measured points that aren't finite leave a gap and are
/// counted in the legend.
#[derive(Default)]
#[must_use = "a plot draws nothing until `to_svg`, `to_png` or `to_text`"]
pub struct Plot<'a> {
    pub(crate) title: Option<String>,
    pub(crate) curves: Vec<Curve<'a>>,
    pub(crate) marks: Vec<(String, f64)>,
    pub(crate) steps: Option<Range<u64>>,
    pub(crate) steps_per_epoch: Option<u64>,
    pub(crate) x_scale: Scale,
    pub(crate) y_scale: Scale,
    pub(crate) x_label: Option<String>,
    pub(crate) y_label: Option<String>,
    pub(crate) y_range: Option<(f64, f64)>,
    pub(crate) no_phases: bool,
    pub(crate) size: Option<(u32, u32)>,
}

pub(crate) struct Curve<'a> {
    pub(crate) label: String,
    pub(crate) source: Source<'a>,
}

pub(crate) enum Source<'a> {
    Schedule(Box<dyn Schedule + 'a>),
    Points(Vec<(f64, f64)>),
}

impl<'a> Plot<'a> {
    /// The default width and height in pixels: as wide as a README is.
    pub const SIZE: (u32, u32) = (720, 360);

    /// Creates a plot without a curve.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the line above the picture. Default: the label of its only curve.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds a schedule, by reference or not: anything that implements [`Schedule`].
    pub fn schedule(self, label: impl Into<String>, schedule: impl Schedule + 'a) -> Self {
        self.curve(label, Source::Schedule(Box::new(schedule)))
    }

    /// Adds a measured curve: a line from point to point, in the order in which they are given.
    /// Beside a schedule, x is in steps.
    pub fn points(
        self,
        label: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.curve(label, Source::Points(points.into_iter().collect()))
    }

    fn curve(mut self, label: impl Into<String>, source: Source<'a>) -> Self {
        self.curves.push(Curve {
            label: label.into(),
            source,
        });
        self
    }

    /// Adds a dashed vertical line at `x`, with a name above it; neither is drawn if the name has no room
    /// beside those of phases and of marks before it.
    pub fn mark(mut self, label: impl Into<String>, x: f64) -> Self {
        self.marks.push((label.into(), x));
        self
    }

    /// Sets the steps to draw. Default: as many as the longest of the schedules [takes](Schedule::span), or as
    /// the points have.
    pub fn steps(mut self, steps: Range<u64>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Counts the x axis in epochs of `steps_per_epoch` steps.
    pub fn epochs(mut self, steps_per_epoch: u64) -> Self {
        self.steps_per_epoch = Some(steps_per_epoch);
        self
    }

    /// Makes the x axis logarithmic, for points or for steps from 1 on.
    pub fn log_x(mut self) -> Self {
        self.x_scale = Scale::Log;
        self
    }

    /// Makes the y axis logarithmic.
    pub fn log_y(mut self) -> Self {
        self.y_scale = Scale::Log;
        self
    }

    /// Sets the name of the x axis. Default: `step` or `epoch`.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = Some(label.into());
        self
    }

    /// Sets the name of the y axis. Default: `learning rate`.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = Some(label.into());
        self
    }

    /// Sets the part of the y axis to show; curves are cut off outside of it. Default: all there is.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Shades and names the [phases](crate::phases()) of a schedule that is alone in its picture, or
    /// doesn't. Default: it does.
    pub fn show_phases(mut self, show: bool) -> Self {
        self.no_phases = !show;
        self
    }

    /// Sets width and height in pixels, from 200 × 160 to 8,000 × 8,000. Default: [`SIZE`](Self::SIZE).
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }
}
