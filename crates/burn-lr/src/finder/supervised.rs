use burn::data::dataloader::{DataLoader, Progress};
use burn::data::dataset::DatasetError;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::TensorReadError;
use burn::train::TrainStep;
use burn::train::metric::{Adaptor, LossInput, LossMetric, Metric, MetricMetadata, Numeric};

use super::lr_finder::LrFinder;
use super::range_test::RangeTest;

/// Why a range test could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinderRunError {
    /// A pass over the data has no batch.
    #[error("the data loader has no batches")]
    NoData,
    /// A batch could not be had.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// A loss could not be read from the device.
    #[error(transparent)]
    Loss(#[from] TensorReadError),
}

impl LrFinder {
    /// Takes all the steps by burn-train's [`TrainStep`], on copies of `model` and `optimizer`: both
    /// are afterwards what they were, and no scheduler is stepped.
    ///
    /// The loss is the one that burn-train's `LossMetric` sees. `loader` is used as training would:
    /// a pass from its beginning, and where that ends before the test does, another one. (An
    /// [`EpochDataLoader`](crate::train::EpochDataLoader) counts passes; give a clone of it to leave it
    /// at its epoch.) The copies start with the optimizer's state, so that a run can also be asked
    /// about in its middle. Random numbers, of dropout say, are drawn from the device's generator.
    ///
    /// All parameters have the same rate; where groups have rates of their own, step a loop of your own
    /// at the group's share.
    ///
    /// # Errors
    ///
    /// A loader that fails or has no data, and a loss that can't be read.
    pub fn run<M>(
        self,
        model: &M,
        optimizer: &ModuleOptimizer,
        loader: &dyn DataLoader<M::Input>,
    ) -> Result<RangeTest, FinderRunError>
    where
        M: Module + TrainStep,
        M::Output: Adaptor<LossInput>,
    {
        // A clone would share its running state, such as batch norm's, with the original.
        let mut model = model.valid().train();
        let mut optimizer = optimizer.clone();
        let mut batches = loader.iter();
        self.sweep(|rate| {
            let batch = match batches.next() {
                Some(batch) => batch?,
                None => {
                    batches = loader.iter();
                    batches.next().ok_or(FinderRunError::NoData)??
                }
            };
            let output = TrainStep::step(&model, batch);
            let loss = read(&output.item.adapt())?;
            let trained = model.clone();
            model = trained.optimize(&mut optimizer, rate.into(), output.grads);
            Ok(loss)
        })
    }
}

/// The number, which Burn gives to its own metric alone.
fn read(loss: &LossInput) -> Result<f64, TensorReadError> {
    let metadata = MetricMetadata {
        progress: Progress::new(0, 0, None),
        iteration: None,
        lr: None,
    };
    let mut metric = LossMetric::new();
    metric.update(loss, &metadata)?;
    // A metric has no value for NaN.
    Ok(metric.value().map_or(f64::NAN, |value| value.current()))
}
