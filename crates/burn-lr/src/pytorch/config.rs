//! The options of PyTorch's optimizers as configs of Burn's.

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGradConfig, AdafactorConfig, AdamConfig, AdamWConfig, RmsPropConfig, SgdConfig,
};
use lr_torch::{ParamGroup, TorchError, Value};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;
use super::optimizer::TorchOptimizer;
use super::recognise::{check_kind, is_set};

/// The options of one group.
struct Options<'g, 'a>(&'g ParamGroup<'a>);

impl Options<'_, '_> {
    fn place(&self, name: &str) -> String {
        format!("{}.{name}", self.0.place())
    }

    /// A number that is at least 0.
    fn number(&self, name: &str) -> Result<f64, TorchLoadError> {
        let option = self.0.option(name)?;
        let number = option.finite()?;
        match number >= 0.0 {
            true => Ok(number),
            false => Err(TorchError::invalid(option.place(), number, "at least 0").into()),
        }
    }

    /// The same, as Burn has most of them.
    fn number32(&self, name: &str) -> Result<f32, TorchLoadError> {
        let number = self.number(name)?;
        in_32_bits(&self.place(name), number, |_| true, "at most 3.4e38")
    }

    fn flag(&self, name: &str) -> Result<bool, TorchLoadError> {
        Ok(is_set(self.0, name)?)
    }

    /// Two values.
    fn pair(&self, name: &str) -> Result<[Value<'_>; 2], TorchLoadError> {
        let option = self.0.option(name)?;
        Ok(option.items()?.try_into().map_err(|items: Vec<_>| {
            let count = format!("a list of {}", items.len());
            TorchError::invalid(option.place(), count, "a list of 2")
        })?)
    }

    fn weight_decay(&self) -> Result<Option<WeightDecayConfig>, TorchLoadError> {
        let decay = self.number32("weight_decay")?;
        Ok((decay != 0.0).then(|| WeightDecayConfig::new(decay)))
    }

    fn betas(&self) -> Result<[f32; 2], TorchLoadError> {
        let beta = |value: &Value<'_>| {
            let is_beta = |beta| (0.0..1.0).contains(&beta);
            let allowed = "from 0 to below 1, in 32 bits too";
            in_32_bits(value.place(), value.finite()?, is_beta, allowed)
        };
        let [first, second] = self.pair("betas")?;
        Ok([beta(&first)?, beta(&second)?])
    }
}

/// A number as Burn has it, if it still is what it must be.
fn in_32_bits(
    place: &str,
    number: f64,
    is_allowed: impl Fn(f32) -> bool,
    allowed: &str,
) -> Result<f32, TorchLoadError> {
    let rounded = number as f32;
    match rounded.is_finite() && is_allowed(rounded) {
        true => Ok(rounded),
        false => Err(TorchError::invalid(place, number, allowed).into()),
    }
}

impl TorchOptimizer<'_> {
    /// The options of a group, if this is an optimizer of that kind and they are some that Burn's
    /// can have.
    fn options(
        &self,
        kind: TorchOptimizerKind,
        index: usize,
    ) -> Result<Options<'_, '_>, TorchLoadError> {
        let (group, count) = (self.groups().get(index), self.groups().len());
        let group = group.ok_or(TorchLoadError::NoGroup { index, count })?;
        check_kind(group, kind, self.kind())?;
        let options = Options(group);
        if options.flag("maximize")? {
            let why = "is True, and Burn's optimizers minimize: give them the negative loss, and set \
                it to False";
            return Err(TorchError::unsupported(options.place("maximize"), why).into());
        }
        Ok(options)
    }

    /// Burn's config with the options of a group of SGD's.
    ///
    /// A momentum of 0 is none.
    ///
    /// # Errors
    ///
    /// A file of another optimizer, no such group, or options that Burn's optimizer can't have: `maximize`.
    pub fn sgd_config(&self, group: usize) -> Result<SgdConfig, TorchLoadError> {
        let momentum = self.momentum_config(group)?;
        let options = self.options(TorchOptimizerKind::Sgd, group)?;
        Ok(SgdConfig::new()
            .with_momentum((momentum.momentum != 0.0).then_some(momentum))
            .with_weight_decay(options.weight_decay()?))
    }

    /// The momentum of a group of SGD's, which is part of its [config](Self::sgd_config).
    ///
    /// If `OneCycleLR` or `CyclicLR` moves it, this is its value when the file was saved, and
    /// [`GroupSchedule::momentum`](super::GroupSchedule::momentum) its schedule from there on: make a
    /// [`ScheduledOptimizer`](crate::ScheduledOptimizer) of the two.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn momentum_config(&self, group: usize) -> Result<MomentumConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::Sgd, group)?;
        Ok(MomentumConfig {
            momentum: options.number("momentum")?,
            dampening: options.number("dampening")?,
            nesterov: options.flag("nesterov")?,
        })
    }

    /// Burn's config with the options of a group of Adam's.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn adam_config(&self, group: usize) -> Result<AdamConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::Adam, group)?;
        let [beta_1, beta_2] = options.betas()?;
        Ok(AdamConfig::new()
            .with_beta_1(beta_1)
            .with_beta_2(beta_2)
            .with_epsilon(options.number32("eps")?)
            .with_amsgrad(options.flag("amsgrad")?)
            .with_weight_decay(options.weight_decay()?))
    }

    /// Burn's config with the options of a group of AdamW's.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn adamw_config(&self, group: usize) -> Result<AdamWConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::AdamW, group)?;
        let [beta_1, beta_2] = options.betas()?;
        Ok(AdamWConfig::new()
            .with_beta_1(beta_1)
            .with_beta_2(beta_2)
            .with_epsilon(options.number32("eps")?)
            .with_amsgrad(options.flag("amsgrad")?)
            .with_weight_decay(options.number32("weight_decay")?))
    }

    /// Burn's config with the options of a group of RMSprop's.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn rmsprop_config(&self, group: usize) -> Result<RmsPropConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::RmsProp, group)?;
        Ok(RmsPropConfig::new()
            .with_alpha(options.number32("alpha")?)
            .with_momentum(options.number32("momentum")?)
            .with_epsilon(options.number32("eps")?)
            .with_centered(options.flag("centered")?)
            .with_weight_decay(options.weight_decay()?))
    }

    /// Burn's config with the options of a group of Adagrad's.
    ///
    /// The initial accumulator value is no option of Burn's; it is part of the state, which PyTorch
    /// keeps for all parameters from the beginning.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn adagrad_config(&self, group: usize) -> Result<AdaGradConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::Adagrad, group)?;
        Ok(AdaGradConfig::new()
            .with_lr_decay(options.number("lr_decay")?)
            .with_epsilon(options.number32("eps")?)
            .with_weight_decay(options.weight_decay()?))
    }

    /// Burn's config with the options of a group of Adafactor's.
    ///
    /// PyTorch holds the second moment above `eps[0]²`, where `eps[0]` is by default the distance of
    /// 1 to the next 32-bit number; Burn adds its epsilon to each squared gradient. It is set to the
    /// same `eps[0]²`: steps are alike where gradients are much larger than `eps[0]`. PyTorch also
    /// holds the mean of a matrix's second moment above `eps[0]`, which Burn does not: where
    /// gradients are smaller than about 3e-4, PyTorch's steps are the smaller ones.
    ///
    /// # Errors
    ///
    /// As [`sgd_config`](Self::sgd_config).
    pub fn adafactor_config(&self, group: usize) -> Result<AdafactorConfig, TorchLoadError> {
        let options = self.options(TorchOptimizerKind::Adafactor, group)?;
        let [eps_1, eps_2] = options.pair("eps")?;
        let positive = |place: &str, number| {
            let allowed = "above 0, in 32 bits too";
            in_32_bits(place, number, |number| number > 0.0, allowed)
        };
        let eps_1 = match eps_1.is_none() {
            true => f64::from(f32::EPSILON),
            false => eps_1.finite()?,
        };
        // Squares below what 32 bits hold differ in nothing: neither is seen beside a gradient.
        let eps_1 = (eps_1 * eps_1).max(f64::from(f32::MIN_POSITIVE));
        let eps_1 = positive(&options.place("eps"), eps_1)?;
        let option = options.0.option("beta2_decay")?;
        let decay_rate = option.finite()?;
        if decay_rate >= 0.0 {
            return Err(TorchError::invalid(option.place(), decay_rate, "below 0").into());
        }
        Ok(AdafactorConfig::new()
            .with_epsilon_1(eps_1)
            .with_epsilon_2(positive(eps_2.place(), eps_2.finite()?)?)
            .with_clip_threshold(positive(&options.place("d"), options.number("d")?)?)
            .with_decay_rate(decay_rate)
            .with_weight_decay(options.number32("weight_decay")?))
    }
}
