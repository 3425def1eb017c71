//! The output of a run where there is no terminal: a line for each epoch. (burn-train's own renderer
//! for that has a line for each step.)

use std::collections::BTreeMap;
use std::mem;

use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};

/// Prints what each epoch came to.
#[derive(Default)]
pub struct Lines {
    names: Vec<(MetricId, String)>,
    epochs: usize,
    /// The figures of the epoch under way, by split and metric.
    figures: BTreeMap<String, f64>,
}

impl Lines {
    fn note(&mut self, split: &str, state: MetricState) {
        let MetricState::Numeric(entry, Some(NumericEntry::Final(value))) = state else {
            return; // of a step
        };
        let name = self.names.iter().find(|(id, _)| *id == entry.metric_id);
        if let Some((_, name)) = name {
            self.figures.insert(format!("{split} {name}"), value);
        }
    }
}

impl MetricsRendererTraining for Lines {
    fn update_train(&mut self, state: MetricState) {
        self.note("train", state);
    }

    fn update_valid(&mut self, state: MetricState) {
        self.note("valid", state);
    }
}

impl TrainingProgressLogger for Lines {
    fn start(
        &mut self,
        total_epochs: usize,
        _starting_epoch: usize,
        _total_items: Option<usize>,
        _label: Option<&str>,
    ) {
        self.epochs = total_epochs;
    }

    fn update_epoch(&mut self, epoch: usize) {
        let figures = mem::take(&mut self.figures).into_iter();
        let figures: Vec<String> = figures
            .map(|(name, value)| match value.abs() < 0.01 {
                true => format!("{name} {value:.2e}"),
                false => format!("{name} {value:.4}"),
            })
            .collect();
        println!("epoch {epoch}/{} {}", self.epochs, figures.join(", "));
    }

    fn start_split(&mut self, _split: &str, _total_items: usize) {}

    fn update_split(&mut self, _items_processed: usize) {}

    fn end_split(&mut self) {}

    fn end(&mut self) {}

    fn log_event_training(&mut self, _event: String) {} // one for each step
}

impl MetricsRenderer for Lines {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        let name = definition.name.to_string();
        self.names.push((definition.metric_id, name));
    }
}

// A renderer can also show an evaluation, of which there is none here.

impl MetricsRendererEvaluation for Lines {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}
}

impl EvaluationProgressLogger for Lines {
    fn start_global_progress(&mut self, _total_tests: usize) {}

    fn start_test(&mut self, _name: &str, _total_items: usize) {}

    fn update_test_progress(&mut self, _items_processed: usize) {}

    fn end_test(&mut self) {}

    fn end_global_progress(&mut self) {}

    fn log_event_evaluation(&mut self, _event: String) {}
}
