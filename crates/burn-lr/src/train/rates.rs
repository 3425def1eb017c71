use std::sync::Arc;

use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::tensor::TensorReadError;
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};
use burn::train::{LearnerModel, SupervisedTraining};

use crate::groups::{GroupScheduler, rate_at};

/// The learning rate of a parameter group, as a metric of the training split, so that it shows on
/// the dashboard and in all logs. (Burn's own `LearningRateMetric` is the base rate.)
///
/// The value of an epoch is the rate of its last step.
#[derive(Debug, Clone)]
pub struct GroupRateMetric {
    name: MetricName,
    path: String,
    last: f64,
}

impl GroupRateMetric {
    fn entry(&self, numeric: NumericEntry) -> SerializedEntry {
        SerializedEntry::new(format!("{:.3e}", self.last), numeric.serialize())
    }
}

impl GroupScheduler {
    /// The rate of each group as a metric, called `Learning Rate` and the group's name.
    pub fn metrics(&self) -> Vec<GroupRateMetric> {
        let groups = self.names().iter().zip(self.paths());
        let metrics = groups.map(|(name, path)| GroupRateMetric {
            name: Arc::new(format!("Learning Rate {name}")),
            path: path.clone(),
            last: f64::NAN,
        });
        metrics.collect()
    }

    /// Registers the rate of each group with `training`.
    pub fn register_metrics<M: LearnerModel>(
        &self,
        training: SupervisedTraining<M>,
    ) -> SupervisedTraining<M> {
        let metrics = self.metrics().into_iter();
        metrics.fold(training, SupervisedTraining::metric_train_numeric)
    }
}

impl Metric for GroupRateMetric {
    type Input = ();

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: false,
        }
        .into()
    }

    fn update(
        &mut self,
        _item: &(),
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let rate = |rates: &ModuleLearningRate| rate_at(&self.path, rates);
        self.last = metadata.lr.as_ref().map_or(f64::NAN, rate);
        Ok(self.entry(NumericEntry::Value(self.last)))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.entry(self.final_value()))
    }

    fn clear(&mut self) {
        self.last = f64::NAN;
    }
}

impl Numeric for GroupRateMetric {
    fn value(&self) -> Option<NumericEntry> {
        Some(NumericEntry::Value(self.last))
    }

    fn running_value(&self) -> Option<NumericEntry> {
        self.value()
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.last)
    }
}
