use std::fmt;

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor};
use burn::tensor::Device;

use super::weight_average::WeightAverage;

/// A model and the average of its weights as one module, so that what takes a module takes both:
/// a [`Checkpoint`](crate::Checkpoint), saved in the background or not, and with the feature `train` burn-train.
///
/// The model's parameters keep their paths. Those of the average stand below `weight-average`, with its counts
/// and with a name for its rule: a checkpoint of another rule, of another average or of none is refused as one of another
/// model, and [`accept_partial_model`](crate::Restore::accept_partial_model) takes what both have. Of
/// rules with a closure, any is like another. Without an average, all is as with the model alone.
///
/// In burn-train, training goes by the model, and validation, with the metrics, by
/// [`evaluated`](Self::evaluated). The optimizer, parameter groups and gradients are of the model alone:
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::{GradientsParams, SgdConfig};
/// use burn::tensor::{Device, Tensor};
/// use burn_lr::Averaged;
/// use burn_lr::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.bpk");
/// let device = Device::flex().autodiff();
/// let begun = || {
///     let model = LinearConfig::new(10, 1).init(&device);
///     let average = WeightAverage::ema(&model, Constant::new(0.9));
///     Averaged { model, average: Some(average) }
/// };
/// let (mut run, config, mut lr) = (begun(), SgdConfig::new(), Scheduler::new(Constant::new(0.1)));
/// let mut optimizer = config.init();
/// for _ in 0..3 {
///     let loss = run.model.forward(Tensor::<2>::ones([4, 10], &device)).mean();
///     let grads = GradientsParams::from_grads(loss.backward(), &run.model);
///     run.model = optimizer.step(lr.step(), run.model, grads);
///     run.update();
/// }
/// Checkpoint::capture(&run, &optimizer, &config, &lr, Progress::default())?.save(&path)?;
///
/// let mut lr = Scheduler::new(Constant::new(0.1));
/// let (run, optimizer) =
///     Checkpoint::load(&path)?.restore(begun(), config.init(), &config, &mut lr)?;
/// assert_eq!(run.average.as_ref().map(|average| average.samples()), Some(3));
/// let evaluated = run.evaluated();
/// # let _ = (evaluated, optimizer);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Averaged<M: Module> {
    /// The model that is trained.
    pub model: M,
    /// The average of its weights, if one is taken.
    pub average: Option<WeightAverage<M>>,
}

impl<M: Module> Averaged<M> {
    /// Updates the average, if there is one: call it after the optimizer's step.
    ///
    /// # Panics
    ///
    /// As [`WeightAverage::update`].
    #[track_caller]
    pub fn update(&mut self) {
        if let Some(average) = &mut self.average {
            average.update(&self.model);
        }
    }

    /// The averaged model once there is a sample in it, and the trained one before that, and without an average.
    pub fn evaluated(&self) -> &M {
        match &self.average {
            Some(average) if average.samples() > 0 => average.module(),
            _ => &self.model,
        }
    }

    /// Both, changed.
    fn change(self, change: impl Fn(M) -> M) -> Self {
        Self {
            model: change(self.model),
            average: self.average.map(|average| average.with_module(change)),
        }
    }
}

impl<M: Module> Module for Averaged<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.model.collect_devices(devices) // the average is beside it
    }

    fn fork(self, device: &Device) -> Self {
        // The average has no graph.
        let plain = device.clone().inner();
        Self {
            model: self.model.fork(device),
            average: self
                .average
                .map(|average| average.with_module(|module| module.fork(&plain))),
        }
    }

    fn to_device(self, device: &Device) -> Self {
        self.change(|module| module.to_device(device))
    }

    fn train(self) -> Self {
        Self {
            model: self.model.train(),
            ..self
        }
    }

    fn valid(&self) -> Self {
        Self {
            model: self.model.valid(),
            average: self.average.clone(),
        }
    }

    fn materialize(self) -> Self {
        self.change(M::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.model.visit(visitor);
        if let Some(average) = &self.average {
            average.visit(visitor);
        }
    }

    fn map<F: ModuleMapper>(self, mapper: &mut F) -> Self {
        Self {
            model: self.model.map(mapper),
            average: self.average.map(|average| average.map(mapper)),
        }
    }
}

impl<M: Module + fmt::Display> fmt::Display for Averaged<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(&self.model, f)
    }
}
