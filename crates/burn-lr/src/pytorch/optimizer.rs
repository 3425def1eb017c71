use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, ParamGroup as BurnGroup};
use burn::optim::{ModuleOptimizer, Optimizer};
use lr_torch::{OptimizerState, ParamGroup, TorchError, Value};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;
use super::names::TorchNames;
use super::parameters::Parameters;
use super::recognise::{check_kind, of_group};
use super::state;
use crate::groups::{Group, GroupScheduler, Groups};
use crate::optimizer_state::State;
use crate::scheduler::DynScheduler;

/// The state of one of PyTorch's optimizers, to go on from in Burn.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use burn_lr::pytorch::{TorchFile, TorchNames, TorchOptimizer, TorchOptimizerKind};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torch/runs/linear-adamw_plateau/optimizer.pt");
/// let file = TorchFile::open(path)?; // torch.save(optimizer.state_dict(), path)
/// let saved = TorchOptimizer::read(&file.root())?;
/// assert_eq!(saved.kind(), TorchOptimizerKind::AdamW);
///
/// // Burn's optimizer with the options and the state of the file
/// let model = LinearConfig::new(10, 1).init(&Device::flex().autodiff());
/// let optimizer = saved.init(&model, &TorchNames::new())?;
/// # let _ = optimizer;
/// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
/// ```
///
/// # What Burn has otherwise
///
/// The rules are PyTorch's: epsilons are where PyTorch has them, and steps, first steps and
/// dampening count alike. But Burn keeps momentum, betas, epsilon and weight decay as 32-bit numbers,
/// also for 64-bit parameters, and takes powers of the betas in 32 bits, so that weights come to
/// differ by about 1e-6 of the largest in a hundred steps. About Adafactor's epsilon see
/// [`adafactor_config`](Self::adafactor_config). A state is of its parameter's number type, as it is
/// where PyTorch loads it; but Burn loads any state in the number type of `Device::default()`, and where
/// that is another one, it is an error.
///
/// `foreach`, `fused`, `capturable` and `differentiable` say how PyTorch computes, and make no
/// difference here. What Burn's optimizers can't do (`maximize`, an optimizer that Burn hasn't) is
/// an error that names it.
#[derive(Debug, Clone)]
pub struct TorchOptimizer<'a> {
    kind: TorchOptimizerKind,
    state: OptimizerState<'a>,
    clipping: Option<GradientClippingConfig>,
}

impl<'a> TorchOptimizer<'a> {
    /// Reads the result of `optimizer.state_dict()`, whose kind shows in its options.
    ///
    /// # Errors
    ///
    /// A value that is no optimizer's state; the state of an optimizer that Burn has none of; and of Adam
    /// or AdamW with a weight decay, from before PyTorch 2.7, which does not say which of the two it
    /// is: see [`read_as`](Self::read_as).
    pub fn read(value: &Value<'a>) -> Result<Self, TorchLoadError> {
        let state = state_of(value)?;
        let kind = of_group(&state.groups[0])?;
        for group in &state.groups {
            check_kind(group, kind, of_group(group)?)?;
        }
        Ok(Self {
            kind,
            state,
            clipping: None,
        })
    }

    /// The same of an optimizer whose kind is known, where the file does not tell.
    ///
    /// # Errors
    ///
    /// A file that does tell, and is of another kind; and those of [`read`](Self::read).
    pub fn read_as(kind: TorchOptimizerKind, value: &Value<'a>) -> Result<Self, TorchLoadError> {
        use TorchOptimizerKind::{Adam, AdamW};
        let state = state_of(value)?;
        for group in &state.groups {
            let untold = !group.options.contains_key("decoupled_weight_decay");
            match of_group(group) {
                // Before PyTorch 2.7 they are the same.
                Ok(Adam) | Err(TorchLoadError::AdamOrAdamW { .. })
                    if [Adam, AdamW].contains(&kind) && untold => {}
                Ok(found) => check_kind(group, kind, found)?,
                Err(TorchLoadError::UnknownOptimizer { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            kind,
            state,
            clipping: None,
        })
    }

    /// Clipping of the gradients of all groups by the optimizer that [`init`](Self::init)
    /// makes. Default: not at all. PyTorch clips apart from its optimizers, so that a file does not
    /// say.
    ///
    /// `ModuleOptimizer::with_grad_clipping` would come too late: Burn's optimizer clips a parameter
    /// as it did when the parameter's state was loaded.
    pub fn with_grad_clipping(mut self, clipping: GradientClippingConfig) -> Self {
        self.clipping = Some(clipping);
        self
    }

    /// The kind of its optimizer.
    pub fn kind(&self) -> TorchOptimizerKind {
        self.kind
    }

    /// The parameter groups, with their options as they are in the file.
    pub fn groups(&self) -> &[ParamGroup<'a>] {
        &self.state.groups
    }

    /// The rate of each group, which is that of the next step.
    ///
    /// # Errors
    ///
    /// A group without a rate, and one that is not finite.
    pub fn rates(&self) -> Result<Vec<f64>, TorchLoadError> {
        let groups = self.groups().iter();
        let rates = groups.map(|group| Ok(group.option("lr")?.finite()?));
        rates.collect()
    }

    /// The paths of each group's parameters in a module.
    ///
    /// # Errors
    ///
    /// Parameters that the module hasn't, that nothing tells the order of, or that it has besides.
    pub fn paths(
        &self,
        module: &impl Module,
        names: &TorchNames,
    ) -> Result<Vec<Vec<String>>, TorchLoadError> {
        let module = Parameters::of(module);
        let groups = names.assign(&self.state, &module)?.into_iter();
        Ok(groups.map(|indices| module.paths(indices)).collect())
    }

    /// A scheduler with the rates of the file's parameter groups, from one scheduler for each.
    ///
    /// The first group's is the base, whose rate everything has that is in no other group. The
    /// others are called by the `name` that they have among their options, or `group 1`, `group 2`.
    ///
    /// ```
    /// use burn_lr::prelude::*;
    /// use burn_lr::pytorch::{SchedulerState, TorchFile, TorchNames, TorchOptimizer};
    /// # use burn::module::Module;
    /// # use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
    /// # #[derive(Module, Debug)]
    /// # struct Model { hidden: Linear, norm: LayerNorm, head: Linear }
    /// # let device = burn::tensor::Device::flex().autodiff();
    /// # let model = Model {
    /// #     hidden: LinearConfig::new(64, 10).init(&device),
    /// #     norm: LayerNormConfig::new(10).init(&device),
    /// #     head: LinearConfig::new(10, 10).init(&device),
    /// # };
    ///
    /// # let run = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torch/runs/two_layer-sgd_groups");
    /// let file = TorchFile::open(format!("{run}/optimizer.pt"))?;
    /// let saved = TorchOptimizer::read(&file.root())?;
    /// let file = TorchFile::open(format!("{run}/scheduler.pt"))?;
    /// let state = SchedulerState::read(&file.root())?;
    ///
    /// let groups = 0..saved.groups().len();
    /// let schedulers = groups.map(|group| Scheduler::from_torch(&state, group));
    /// let schedulers = schedulers.collect::<Result<Vec<_>, _>>()?;
    /// let mut lr = saved.schedule(schedulers, &model, &TorchNames::new())?;
    /// let rates = lr.step(); // model = optimizer.step(rates, model, grads)
    /// assert_eq!((rates.base(), lr.rate("group 1", &rates)), (0.01, Some(0.05)));
    /// # Ok::<(), burn_lr::pytorch::TorchLoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Another number of schedulers than of groups, and as [`load`](Self::load).
    ///
    /// Schedulers of one's own come in as `Scheduler::new(schedule.into_dyn())`.
    pub fn schedule(
        &self,
        schedulers: Vec<DynScheduler>,
        module: &impl Module,
        names: &TorchNames,
    ) -> Result<GroupScheduler, TorchLoadError> {
        let (groups, given) = (self.groups(), schedulers.len());
        let mut schedulers = schedulers.into_iter();
        let (Some(base), true) = (schedulers.next(), given == groups.len()) else {
            let groups = groups.len();
            return Err(TorchLoadError::Schedulers { groups, given });
        };
        let paths = self.paths(module, names)?;
        let others = groups.iter().zip(paths).enumerate().skip(1).zip(schedulers);
        let mut built = Groups::new();
        for ((index, (group, paths)), scheduler) in others {
            let name = match group.options.get("name") {
                Some(name) => name.text()?.to_string(),
                None => format!("group {index}"),
            };
            if !paths.is_empty() {
                let group = Group::of_paths(&name, move |path| paths.iter().any(|own| own == path));
                built = built.with(group.scheduled(scheduler));
            }
        }
        Ok(built.build(base, module)?)
    }

    /// Burn's optimizer for a module, with the options of the file's groups and its state.
    ///
    /// Of several groups, the first one's options are those of every parameter that is in no other one.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and options that Burn's optimizer can't have.
    pub fn init(
        &self,
        module: &impl Module,
        names: &TorchNames,
    ) -> Result<ModuleOptimizer, TorchLoadError> {
        let paths = self.paths(module, names)?;
        use TorchOptimizerKind as Kind;
        let optimizer = match self.kind {
            Kind::Sgd => self.grouped(paths, |group| Ok(self.sgd_config(group)?.build())),
            Kind::Adam => self.grouped(paths, |group| Ok(self.adam_config(group)?.build())),
            Kind::AdamW => self.grouped(paths, |group| Ok(self.adamw_config(group)?.build())),
            Kind::RmsProp => self.grouped(paths, |group| Ok(self.rmsprop_config(group)?.build())),
            Kind::Adagrad => self.grouped(paths, |group| Ok(self.adagrad_config(group)?.build())),
            Kind::Adafactor => {
                self.grouped(paths, |group| Ok(self.adafactor_config(group)?.build()))
            }
        };
        self.load(optimizer?, module, names)
    }

    /// An optimizer of Burn's with the file's state: one that is made otherwise than
    /// [`init`](Self::init) makes it, as a [`ScheduledOptimizer`](crate::ScheduledOptimizer) is.
    ///
    /// The optimizer's options are its own, and its clipping of gradients has to be set by now.
    /// Parameters that have had no steps in the file have none here.
    ///
    /// # Errors
    ///
    /// A parameter that is missing on one side or has another shape, parameters that nothing tells apart, a
    /// state of another kind, and an `optimizer` of another kind than the file's: it must take over all of the
    /// state, and nothing else. (Adam and AdamW keep the same, so that this shows only in [`kind`](Self::kind).)
    pub fn load(
        &self,
        optimizer: ModuleOptimizer,
        module: &impl Module,
        names: &TorchNames,
    ) -> Result<ModuleOptimizer, TorchLoadError> {
        let module = Parameters::of(module);
        let assigned = names.assign(&self.state, &module)?;

        let mut stored = State::default();
        for (group, indices) in self.groups().iter().zip(assigned) {
            for (number, index) in group.params.iter().zip(indices) {
                // There is none before the first step.
                if let Some(state) = self.state.state.get(number) {
                    state::convert(self.kind, group, state, &module.all[index], &mut stored)?;
                }
            }
        }
        match stored.refusal(&optimizer)? {
            None => Ok(optimizer.from_bytes(stored.into_bytes()?)?),
            Some(reason) => Err(TorchLoadError::NotTaken {
                kind: self.kind,
                reason,
            }),
        }
    }

    /// An optimizer for each group, that of the first one for all that is in no other.
    fn grouped<O: Optimizer>(
        &self,
        paths: Vec<Vec<String>>,
        build: impl Fn(usize) -> Result<O, TorchLoadError>,
    ) -> Result<ModuleOptimizer, TorchLoadError> {
        let clipping = || self.clipping.as_ref().map(GradientClippingConfig::init);
        let mut optimizer: ModuleOptimizer = build(0)?.into();
        if let Some(clipping) = clipping() {
            optimizer = optimizer.with_grad_clipping(clipping);
        }
        for (group, paths) in paths.into_iter().enumerate().skip(1) {
            let group_of = BurnGroup::from_paths(paths);
            optimizer = optimizer.with_group(group_of, build(group)?, clipping());
        }
        Ok(optimizer)
    }
}

/// The state that `value` is, of one group or more.
fn state_of<'a>(value: &Value<'a>) -> Result<OptimizerState<'a>, TorchError> {
    let state = OptimizerState::read(value)?;
    match state.groups.is_empty() {
        false => Ok(state),
        true => Err(TorchError::invalid(
            value.place(),
            "an optimizer without param_groups",
            "of one group or more",
        )),
    }
}
