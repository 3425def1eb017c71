use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Int, Tensor};

use lr_schedule::curves::Constant;
use lr_schedule::{DynSchedule, Schedule, ScheduleExt};

use super::pass;
use crate::record::to_json;

/// An average of a model's weights: exponential (EMA) or of equal weights (SWA).
///
/// Sample `n` (counted from 0) is taken in as PyTorch's `AveragedModel.update_parameters` does: the first
/// one is copied, and each later one moves the average by `average += (weights - average) * (1 - decay(n))`.
/// Buffers, which are the running statistics of a batch norm and all integers and booleans, are copied from
/// the model; [`with_averaged_buffers`](Self::with_averaged_buffers) averages those of them that have fractions.
///
/// | average | `decay` |
/// | --- | --- |
/// | PyTorch's `get_ema_multi_avg_fn(0.999)` | `Constant::new(0.999)` |
/// | timm's `ModelEmaV3(use_warmup=True)`, diffusers' `EMAModel(use_ema_warmup=True)`: `1 - (1 + n / gamma)^-power` | `sum([Constant::new(1.0).into_dyn(), InverseTimeConfig::new(-1.0, 1.0, gamma).with_power(power).build()?.into_dyn()]).clamp(Some(0.0), Some(0.9999))` |
/// | TensorFlow's `num_updates`, diffusers' default: `(1 + n) / (10 + n)` | `sum([Constant::new(1.0).into_dyn(), InverseTime::new(-0.9, 1.0, 10.0).into_dyn()]).clamp(Some(0.0), Some(0.9999))` |
///
/// [`delay`](lr_schedule::ScheduleExt::delay) makes such a ramp begin later (`update_after_step`). timm averages buffers too.
/// Where another library counts the weights before the first step as a sample, call
/// [`update`](Self::update) once before it.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::{GradientsParams, SgdConfig};
/// use burn::tensor::{Device, Tensor};
/// use burn_lr::WeightAverage;
/// use burn_lr::prelude::*;
///
/// let device = Device::flex().autodiff();
/// let mut model = LinearConfig::new(10, 1).init(&device);
/// let mut optimizer = SgdConfig::new().init();
/// let mut average = WeightAverage::ema(&model, Constant::new(0.9));
/// for _ in 0..3 {
///     let loss = model.forward(Tensor::<2>::ones([4, 10], &device)).mean();
///     let grads = GradientsParams::from_grads(loss.backward(), &model);
///     model = optimizer.step(0.1, model, grads);
///     average.update(&model);
/// }
/// assert_eq!(average.samples(), 3);
/// let evaluated = average.model();
/// # let _ = evaluated;
/// ```
#[derive(Debug)]
pub struct WeightAverage<M> {
    /// Always there, but while an update changes it in place.
    module: Option<M>,
    /// `None` for equal weights.
    decay: Option<DynSchedule>,
    from: u64,
    every: u64,
    averages_buffers: bool,
    updates: u64,
    samples: u64,
    /// Whether each tensor of the module that has fractions is a buffer, in the order of a visit.
    are_buffers: Vec<bool>,
}

impl<M: Module> WeightAverage<M> {
    /// An exponential moving average, with a sample at every step. Before the first one it is `model`.
    pub fn ema(model: &M, decay: impl Schedule + Send + Sync + 'static) -> Self {
        Self {
            module: Some(model.valid()),
            decay: Some(decay.into_dyn()),
            from: 0,
            every: 1,
            averages_buffers: false,
            updates: 0,
            samples: 0,
            are_buffers: pass::are_buffers(model),
        }
    }

    /// The mean of samples (stochastic weight averaging): one at the end of every `every` steps from step
    /// `from` (counted from 0) on. Before the first one it is `model`.
    ///
    /// With `from = epoch * n` and `every = n`, for epochs of `n` steps, it is what PyTorch's tutorial takes at
    /// the end of each epoch from `epoch` on.
    ///
    /// # Panics
    ///
    /// If `every` is 0.
    #[track_caller]
    pub fn swa(model: &M, from: u64, every: u64) -> Self {
        assert!(every > 0, "`every` must be at least 1, got 0");
        Self {
            from,
            every,
            decay: None,
            ..Self::ema(model, Constant::new(1.0))
        }
    }

    /// Averages buffers that have fractions like weights: PyTorch's `use_buffers=True`. Default: copied.
    pub fn with_averaged_buffers(mut self) -> Self {
        self.averages_buffers = true;
        self
    }

    /// Continues an average that was taken elsewhere: `averaged`, of `samples` samples in `updates` steps.
    ///
    /// With the feature `pytorch`, those of PyTorch's, timm's and Lightning's files: the chapter `pytorch` of the
    /// [guide](crate::guide).
    pub fn resume_from(self, averaged: &M, updates: u64, samples: u64) -> Self {
        Self {
            module: Some(averaged.valid()),
            updates,
            samples,
            ..self
        }
    }

    /// Counts a step, and takes in `model`'s weights where the step has a sample. Call it after the
    /// optimizer's step; no graph is kept, and besides the average there is only one tensor of new values at a time.
    ///
    /// # Panics
    ///
    /// If `model` has other parameters than the one that the average was made of, or of other shapes.
    #[track_caller]
    pub fn update(&mut self, model: &M) {
        self.updates += 1;
        let since = self.updates.saturating_sub(self.from);
        if since == 0 || !since.is_multiple_of(self.every) {
            return;
        }
        let decay = match (self.samples, &self.decay) {
            (0, _) => 0.0,
            (sample, Some(decay)) => decay.at(sample),
            (sample, None) => sample as f64 / (sample as f64 + 1.0),
        };
        let weight = |is_buffer: &bool| match *is_buffer && !self.averages_buffers {
            true => 1.0,
            false => 1.0 - decay,
        };
        let weights = self.are_buffers.iter().map(weight).collect();
        let average = self.module.take().expect("the average is there");
        let (average, difference) = pass::mix(average, model, weights);
        self.module = Some(average);
        if let Some(difference) = difference {
            panic!("the model {difference}");
        }
        self.samples += 1;
    }

    /// The averaged model, without autodiff: for validation, or to be saved. It doesn't change with the average.
    pub fn model(&self) -> M {
        self.module().valid() // a plain clone would share running statistics
    }

    pub(super) fn module(&self) -> &M {
        self.module.as_ref().expect("the average is there")
    }

    /// The number of samples that are in the average; PyTorch's `n_averaged`.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The number of steps that were counted, with a sample or without.
    pub fn updates(&self) -> u64 {
        self.updates
    }
}

/// A part of the module that is saved ([`Averaged`](super::Averaged)): the averaged weights, the counts, and
/// a number whose name is the rule, so that an average of another rule is another module.
impl<M: Module> WeightAverage<M> {
    pub(super) fn visit(&self, visitor: &mut impl ModuleVisitor) {
        visitor.enter_module(PART, CONTAINER);
        self.module().visit(visitor);
        for (name, count) in self.counts() {
            visitor.enter_module(&name, CONTAINER);
            visitor.visit_int(&self.number(count));
            visitor.exit_module(&name, CONTAINER);
        }
        visitor.exit_module(PART, CONTAINER);
    }

    pub(super) fn map(mut self, mapper: &mut impl ModuleMapper) -> Self {
        mapper.enter_module(PART, CONTAINER);
        self.module = self.module.map(|module| module.map(mapper));
        let [updates, samples, _] = self.counts().map(|(name, count)| {
            mapper.enter_module(&name, CONTAINER);
            let halves = mapper.map_int(self.number(count)).val().into_data();
            mapper.exit_module(&name, CONTAINER);
            let halves: Vec<i64> = halves.iter().collect();
            let halves = halves.iter().map(|half| *half as u64 & HALF);
            halves.fold(0, |count, half| count << BITS | half)
        });
        mapper.exit_module(PART, CONTAINER);
        Self {
            updates,
            samples,
            ..self
        }
    }

    /// The same average, whose module is on another device, say.
    pub(super) fn with_module(mut self, change: impl FnOnce(M) -> M) -> Self {
        self.module = self.module.map(change);
        self
    }

    /// The counts by name, and of no meaning the one of the rule.
    fn counts(&self) -> [(String, u64); 3] {
        let rule = match &self.decay {
            Some(decay) => format!(r#"{{"ema":{}}}"#, to_json(&decay.to_spec())),
            None => {
                let (from, every) = (self.from, self.every);
                format!(r#"{{"swa":{{"from":{from},"every":{every}}}}}"#)
            }
        };
        let buffers = match self.averages_buffers {
            true => " with buffers",
            false => "",
        };
        [
            ("updates".into(), self.updates),
            ("samples".into(), self.samples),
            (format!("rule {rule}{buffers}"), 0),
        ]
    }

    /// A count in halves, each of which an integer of any backend can hold.
    fn number(&self, count: u64) -> Param<Tensor<1, Int>> {
        let halves = [count >> BITS & HALF, count & HALF].map(|half| half as i32);
        let device = self.module().devices().into_iter().next();
        let halves = Tensor::from_data(halves, &device.unwrap_or_default());
        Param::initialized(ParamId::from(0), halves)
    }
}

/// A name that no field has.
const PART: &str = "weight-average";
const CONTAINER: &str = "Struct:WeightAverage";
const BITS: u32 = 31;
const HALF: u64 = (1 << BITS) - 1;

impl<M: Module> Clone for WeightAverage<M> {
    fn clone(&self) -> Self {
        Self {
            module: Some(self.model()),
            decay: self.decay.clone(),
            are_buffers: self.are_buffers.clone(),
            ..*self
        }
    }
}
