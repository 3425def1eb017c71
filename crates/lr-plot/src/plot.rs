use std::ops::Range;

use lr_schedule::Schedule;

use crate::PlotError;
use crate::axis::{Axis, Scale};
use crate::figure::Figure;
use crate::palette::{self, Pen};
use crate::phases::phases;
use crate::span::span;
use crate::trace::{self, Trace};
use lr_schedule::Phase;

/// A picture of schedules, measured curves, or both over each other.
///
/// ```
/// use lr_plot::Plot;
/// use lr_schedule::prelude::*;
///
/// let cosine = Cosine::new(1e-3, 0.0, 9_500).warmup(500);
/// let linear = Linear::new(1e-3, 0.0, 9_500).warmup(500);
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
/// A schedule is drawn as what it is: the rate of step `n` holds from `n` to `n + 1`, so that
/// steps which are wide enough to be seen are stairs, and a jump is a vertical line. Every step is
/// looked at, up to 2^25 of them (and with more than that, as the x axis says then, only every
/// second, third, ...), so that no spike is missed, however short. Of a recurrence, or a closure, which
/// may be one, at most 2^25 steps are drawn, that begin by step 2^25.
///
/// On a logarithmic y axis, 0 and what is more than twelve decades below the highest rate is drawn
/// at the lower edge, which the axis says. Measured points that aren't finite leave a gap and are
/// counted in the legend.
#[derive(Default)]
pub struct Plot<'a> {
    title: Option<String>,
    curves: Vec<Curve<'a>>,
    marks: Vec<(String, f64)>,
    steps: Option<Range<u64>>,
    steps_per_epoch: Option<u64>,
    x_scale: Scale,
    y_scale: Scale,
    x_label: Option<String>,
    y_label: Option<String>,
    y_range: Option<(f64, f64)>,
    no_phases: bool,
    size: Option<(u32, u32)>,
}

struct Curve<'a> {
    label: String,
    source: Source<'a>,
}

enum Source<'a> {
    Schedule(Box<dyn Schedule + 'a>),
    Points(Vec<(f64, f64)>),
}

/// A curve as it is drawn.
pub(crate) struct Drawn {
    pub label: String,
    pub trace: Trace,
    pub pen: Pen,
}

/// All that a picture shows, in the units of its axes.
pub(crate) struct Panel {
    pub title: Option<String>,
    pub x: Axis,
    pub y: Axis,
    pub x_label: String,
    pub y_label: String,
    pub curves: Vec<Drawn>,
    pub phases: Vec<Phase>,
    pub marks: Vec<(String, f64)>,
}

impl<'a> Plot<'a> {
    /// The size of a picture that isn't told another one, in pixels: as wide as a README is.
    pub const SIZE: (u32, u32) = (720, 360);

    /// A picture of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The line above it. Default: the label of its curve, where it has one.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// A schedule, by reference or not: anything that implements [`Schedule`].
    pub fn schedule(self, label: impl Into<String>, schedule: impl Schedule + 'a) -> Self {
        self.curve(label, Source::Schedule(Box::new(schedule)))
    }

    /// A measured curve: a line from point to point, in the order in which they are given. Beside
    /// a schedule, x is in steps.
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

    /// A dashed vertical line at `x`, with a name above it; neither, where the name has no room beside
    /// those of phases and of marks before it.
    pub fn mark(mut self, label: impl Into<String>, x: f64) -> Self {
        self.marks.push((label.into(), x));
        self
    }

    /// Which steps to draw. Default: as many as the longest of the schedules [takes](span), or as
    /// the points have.
    pub fn steps(mut self, steps: Range<u64>) -> Self {
        self.steps = Some(steps);
        self
    }

    /// The x axis in epochs, of `steps_per_epoch` steps each.
    pub fn epochs(mut self, steps_per_epoch: u64) -> Self {
        self.steps_per_epoch = Some(steps_per_epoch);
        self
    }

    /// A logarithmic x axis, for points or for steps from 1 on.
    pub fn log_x(mut self) -> Self {
        self.x_scale = Scale::Log;
        self
    }

    /// A logarithmic y axis.
    pub fn log_y(mut self) -> Self {
        self.y_scale = Scale::Log;
        self
    }

    /// What the x axis shows. Default: `step` or `epoch`.
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = Some(label.into());
        self
    }

    /// What the y axis shows. Default: `learning rate`.
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = Some(label.into());
        self
    }

    /// What part of the y axis to show; what is outside is cut off. Default: all there is.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Whether to shade and name the [phases](phases()) of a schedule that is alone in its
    /// picture. Default: yes.
    pub fn show_phases(mut self, show: bool) -> Self {
        self.no_phases = !show;
        self
    }

    /// Width and height in pixels, from 200 × 160 to 8,000 × 8,000. Default: [`SIZE`](Self::SIZE).
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// The picture as SVG.
    ///
    /// Its text is text, in the reader's sans-serif font; there is room for one as wide as DejaVu
    /// Sans.
    ///
    /// # Errors
    ///
    /// Where there is nothing that can be drawn; see [`PlotError`].
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Figure::of(self).to_svg()
    }

    /// The picture as PNG, in a font that comes with this crate; `scale` pixels of the file are one
    /// of the [size](Self::size), from 1 to 4.
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Self::to_svg).
    pub fn to_png(&self, scale: u32) -> Result<Vec<u8>, PlotError> {
        Figure::of(self).to_png(scale)
    }

    /// The picture in Braille patterns, for a terminal of `columns` × `rows` characters (at least
    /// 40 × 10), with colours of terminals or without.
    ///
    /// ```
    /// use lr_plot::Plot;
    /// use lr_schedule::prelude::*;
    ///
    /// let plot = Plot::new().schedule("cosine", Cosine::new(1e-3, 0.0, 100));
    /// let text = plot.to_text(80, 24, false)?;
    /// assert_eq!(text.lines().count(), 24);
    /// # Ok::<(), lr_plot::PlotError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`to_svg`](Self::to_svg).
    pub fn to_text(&self, columns: u16, rows: u16, colors: bool) -> Result<String, PlotError> {
        crate::terminal::text(self, columns, rows, colors)
    }

    pub(crate) fn pixels(&self) -> (u32, u32) {
        self.size.unwrap_or(Self::SIZE)
    }

    /// What there is to see in a picture with so many columns.
    pub(crate) fn panel(&self, columns: u64) -> Result<Panel, PlotError> {
        if self.curves.is_empty() {
            return Err(PlotError::Nothing);
        }
        let per_epoch = self.steps_per_epoch.unwrap_or(1);
        PlotError::check(per_epoch > 0, "steps per epoch", per_epoch, "at least 1")?;
        let unit = 1.0 / per_epoch as f64;

        let steps = self.range()?;
        let x = self.x_axis(steps.as_ref())?;
        let curves = self.curves.iter().enumerate().map(|(index, curve)| {
            let trace = match (&curve.source, &steps) {
                (Source::Schedule(schedule), Some(steps)) => {
                    let steps = (steps.start, steps.end);
                    trace::schedule(&curve.label, schedule, steps, columns, self.x_scale)?
                }
                (Source::Points(points), _) => trace::measured(points, columns, &x),
                (Source::Schedule(_), None) => unreachable!("schedules have a range"),
            };
            let mut label = curve.label.clone();
            if trace.left_out > 0 {
                label = format!("{label} ({} not finite)", trace.left_out);
            }
            Ok(Drawn {
                label,
                trace: scaled(trace, unit),
                pen: palette::pen(index),
            })
        });
        let curves = curves.collect::<Result<Vec<_>, PlotError>>()?;
        let points = curves.iter().flat_map(|drawn| drawn.trace.points());
        let values: Vec<f64> = points.map(|point| point.1).collect();
        let y = match self.y_range {
            Some((low, high)) => Axis::exact(self.y_scale, "y", low, high)?,
            None => Axis::around(self.y_scale, "y", values.iter().copied())?,
        };
        let x = Axis {
            low: x.low * unit,
            high: x.high * unit,
            ..x
        };
        let below = self.y_range.is_none() && values.iter().any(|value| *value < y.low);
        let every = curves
            .iter()
            .map(|drawn| drawn.trace.every)
            .max()
            .unwrap_or(1);
        let title = match (&self.title, self.curves.as_slice()) {
            (Some(title), _) => Some(title.clone()),
            (None, [only]) => Some(only.label.clone()),
            (None, _) => None,
        };
        let mark = |(label, x): &(String, f64)| (label.clone(), x * unit);
        Ok(Panel {
            title: title.filter(|title| !title.is_empty()),
            x,
            y,
            x_label: self.x_text(every),
            y_label: self.y_text(below),
            curves,
            phases: self.phases(steps.as_ref(), unit),
            marks: self.marks.iter().map(mark).collect(),
        })
    }

    fn schedules(&self) -> impl Iterator<Item = (&str, &(dyn Schedule + 'a))> {
        self.curves.iter().filter_map(|curve| match &curve.source {
            Source::Schedule(schedule) => Some((curve.label.as_str(), &**schedule)),
            Source::Points(_) => None,
        })
    }

    fn all_points(&self) -> impl Iterator<Item = (&str, &[(f64, f64)])> {
        self.curves.iter().filter_map(|curve| match &curve.source {
            Source::Schedule(_) => None,
            Source::Points(points) => Some((curve.label.as_str(), points.as_slice())),
        })
    }

    /// The steps to draw, where there is a schedule or they are given.
    fn range(&self) -> Result<Option<Range<u64>>, PlotError> {
        if let Some(Range { start, end }) = self.steps.clone() {
            return match start < end {
                true => Ok(Some(start..end)),
                false => Err(PlotError::NoSteps { start, end }),
            };
        }
        let Some((label, _)) = self.schedules().next() else {
            return Ok(None);
        };
        let own = |schedule: &dyn Schedule| match schedule.to_spec() {
            Some(spec) => span(&spec),
            None => schedule.length().filter(|length| *length > 0),
        };
        let longest = self
            .schedules()
            .filter_map(|(_, schedule)| own(schedule))
            .max();
        let points = self.all_points().flat_map(|(_, points)| points);
        let last = points.map(|point| point.0).filter(|x| x.is_finite());
        let last = last.fold(None, |most: Option<f64>, x| {
            Some(most.map_or(x, |most| most.max(x)))
        });
        let end = match (longest, last) {
            (longest, Some(last)) => longest
                .unwrap_or(0)
                .max((last.ceil() as u64).saturating_add(1)),
            (Some(longest), None) => longest,
            (None, None) => {
                return Err(PlotError::NoEnd {
                    label: label.to_string(),
                });
            }
        };
        let start = u64::from(self.x_scale == Scale::Log);
        Ok(Some(start..end.max(start + 1)))
    }

    /// The x axis, in steps.
    fn x_axis(&self, steps: Option<&Range<u64>>) -> Result<Axis, PlotError> {
        for (label, points) in self.all_points() {
            let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
            let mut finite = points.iter().filter(finite).peekable();
            if finite.peek().is_none() {
                return Err(PlotError::NoPoint {
                    label: label.to_string(),
                });
            }
            let low = finite.map(|point| point.0).fold(f64::INFINITY, f64::min);
            if self.x_scale == Scale::Log && low <= 0.0 {
                return Err(PlotError::NotPositive {
                    label: label.to_string(),
                    x: low,
                });
            }
        }
        if let Some(steps) = steps {
            let (start, end) = (steps.start as f64, steps.end as f64);
            if self.x_scale == Scale::Log && steps.start == 0 {
                let label = self.curves[0].label.clone();
                return Err(PlotError::NotPositive { label, x: start });
            }
            return Axis::exact(self.x_scale, "x", start, end);
        }
        let points = self.all_points().flat_map(|(_, points)| points);
        let finite = points.filter(|point| point.0.is_finite() && point.1.is_finite());
        let span = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = finite.fold(span, |(low, high), point| {
            (low.min(point.0), high.max(point.0))
        });
        match (low == high, self.x_scale) {
            (true, Scale::Linear) => {
                let margin = (low.abs() * 0.5).max(0.5);
                Axis::exact(self.x_scale, "x", low - margin, high + margin)
            }
            (true, Scale::Log) => Axis::exact(self.x_scale, "x", low / 2.0, high * 2.0),
            _ => Axis::exact(self.x_scale, "x", low, high),
        }
    }

    fn x_text(&self, every: u64) -> String {
        let own = match self.steps_per_epoch {
            Some(_) => "epoch",
            None => "step",
        };
        let label = self.x_label.as_deref().unwrap_or(own);
        match every {
            1 => label.to_string(),
            every => format!("{label} (one of {every} looked at)"),
        }
    }

    fn y_text(&self, below: bool) -> String {
        let own = match self.schedules().next() {
            Some(_) => "learning rate",
            None => "",
        };
        let label = self.y_label.as_deref().unwrap_or(own);
        let note = match (self.y_scale, below) {
            (Scale::Linear, _) => return label.to_string(),
            (Scale::Log, false) => "log scale",
            (Scale::Log, true) => "log scale; 0 at the lower edge",
        };
        match label {
            "" => note.to_string(),
            label => format!("{label} ({note})"),
        }
    }

    /// Those of the only curve, where it is a schedule.
    fn phases(&self, steps: Option<&Range<u64>>, unit: f64) -> Vec<Phase> {
        let ([Curve { source, .. }], Some(steps), false) =
            (self.curves.as_slice(), steps, self.no_phases)
        else {
            return Vec::new();
        };
        let Source::Schedule(schedule) = source else {
            return Vec::new();
        };
        let Some(spec) = schedule.to_spec() else {
            return Vec::new();
        };
        let start = steps.start as f64;
        let mut phases = phases(&spec, steps.end);
        phases.retain(|phase| phase.end > start);
        for phase in &mut phases {
            phase.start = phase.start.max(start) * unit;
            phase.end *= unit;
        }
        phases
    }
}

fn scaled(mut trace: Trace, unit: f64) -> Trace {
    if unit == 1.0 {
        return trace;
    }
    for point in trace.runs.iter_mut().flatten() {
        point.0 *= unit;
    }
    trace.step = trace.step.map(|step| step * unit);
    trace
}
