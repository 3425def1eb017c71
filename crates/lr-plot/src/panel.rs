//! The contents of a picture, in steps and rates.

use std::ops::Range;

use lr_schedule::{Phase, Schedule};

use crate::axis::{Axis, Scale, bounds};
use crate::error::PlotError;
use crate::palette::{self, Pen};
use crate::phases::phases;
use crate::plot::{Plot, Source};
use crate::trace::{self, Trace};

/// A curve as it is drawn.
pub(crate) struct Drawn {
    pub label: String,
    pub trace: Trace,
    pub pen: Pen,
}

/// All that a picture shows.
pub(crate) struct Panel<'p> {
    pub title: Option<&'p str>,
    pub x: Axis,
    pub y: Axis,
    pub x_label: String,
    pub y_label: String,
    pub curves: Vec<Drawn>,
    pub phases: Vec<Phase>,
    pub marks: &'p [(String, f64)],
}

impl Panel<'_> {
    /// Whether there is a legend: one curve is named by the title and the axis, unless points are left
    /// out, which its label says.
    pub fn has_legend(&self) -> bool {
        match self.curves.as_slice() {
            [only] => only.trace.left_out > 0,
            _ => true,
        }
    }

    /// Whether there is a line of names.
    pub fn has_names(&self) -> bool {
        !self.phases.is_empty() || !self.marks.is_empty()
    }
}

impl<'a> Plot<'a> {
    /// Everything that a picture with so many columns shows.
    pub(crate) fn panel(&self, columns: u64) -> Result<Panel<'_>, PlotError> {
        if self.curves.is_empty() {
            return Err(PlotError::Nothing);
        }
        let per_epoch = self.steps_per_epoch.unwrap_or(1);
        PlotError::check(per_epoch > 0, "steps per epoch", per_epoch, "at least 1")?;

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
                trace,
                pen: palette::pen(index),
            })
        });
        let curves = curves.collect::<Result<Vec<_>, PlotError>>()?;
        let points = curves.iter().flat_map(|drawn| &drawn.trace.runs).flatten();
        let values: Vec<f64> = points.map(|point| point.1).collect();
        let y = match self.y_range {
            Some((low, high)) => Axis::exact(self.y_scale, "y", low, high)?,
            None => Axis::around(self.y_scale, values.iter().copied())?,
        };
        let below = self.y_range.is_none() && values.iter().any(|value| *value < y.low);
        let every = curves.iter().map(|drawn| drawn.trace.every);
        let every = every.fold(1, u64::max);
        let title: &str = match (&self.title, self.curves.as_slice()) {
            (Some(title), _) => title,
            (None, [only]) => &only.label,
            (None, _) => "",
        };
        Ok(Panel {
            title: Some(title).filter(|title| !title.is_empty()),
            x: Axis {
                unit: per_epoch as f64,
                ..x
            },
            y,
            x_label: self.x_text(every),
            y_label: self.y_text(below),
            curves,
            phases: self.phases(steps.as_ref()),
            marks: &self.marks,
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
        let spans = self.schedules().filter_map(|(_, schedule)| schedule.span());
        let points = self.all_points().flat_map(|(_, points)| points);
        let last = points.map(|point| point.0).filter(|x| x.is_finite());
        let after_last = last
            .reduce(f64::max)
            .map(|x| (x.ceil() as u64).saturating_add(1));
        let end = spans.chain(after_last).filter(|end| *end > 0).max();
        let end = end.ok_or_else(|| PlotError::NoEnd {
            label: label.to_string(),
        })?;
        let start = u64::from(self.x_scale == Scale::Log);
        Ok(Some(start..end.max(start + 1)))
    }

    /// The x axis, in steps.
    fn x_axis(&self, steps: Option<&Range<u64>>) -> Result<Axis, PlotError> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (label, points) in self.all_points() {
            let finite = points.iter().filter(|point| trace::is_finite(point));
            let (first, last) = bounds(finite.map(|point| point.0));
            let label = label.to_string();
            if first > last {
                return Err(PlotError::NoPoint { label });
            }
            if self.x_scale == Scale::Log && first <= 0.0 {
                return Err(PlotError::NotPositive { label, x: first });
            }
            (low, high) = (low.min(first), high.max(last));
        }
        if let Some(steps) = steps {
            let (start, end) = (steps.start as f64, steps.end as f64);
            if self.x_scale == Scale::Log && steps.start == 0 {
                let label = self.curves[0].label.clone();
                return Err(PlotError::NotPositive { label, x: start });
            }
            return Axis::exact(self.x_scale, "x", start, end);
        }
        // Points at one place get an axis around it.
        let (low, high) = match (low == high, self.x_scale) {
            (true, Scale::Linear) => {
                let margin = (low.abs() * 0.5).max(0.5);
                (low - margin, high + margin)
            }
            (true, Scale::Log) => (low / 2.0, high * 2.0),
            (false, _) => (low, high),
        };
        Axis::exact(self.x_scale, "x", low, high)
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

    /// The phases of the only curve, where it is a schedule.
    fn phases(&self, steps: Option<&Range<u64>>) -> Vec<Phase> {
        let (Some((_, schedule)), Some(steps)) = (self.schedules().next(), steps) else {
            return Vec::new();
        };
        if self.curves.len() > 1 || self.no_phases {
            return Vec::new();
        }
        let mut phases = phases(schedule, steps.end);
        phases.retain(|phase| phase.end > steps.start as f64);
        phases
    }
}
