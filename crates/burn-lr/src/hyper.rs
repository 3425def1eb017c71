use std::sync::{Arc, PoisonError, RwLock};

use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// An optimizer that can be replaced by one with other settings between two steps, which is how
/// momentum, betas or weight decay follow a schedule.
///
/// Any of Burn's optimizers goes in, and the result goes wherever one goes; its state is the
/// inner optimizer's, and is saved and loaded as that. Every parameter of a step sees the
/// settings that were there when the step began, as long as nobody
/// [replaces](OptimizerHandle::replace) them from another thread while it is under way.
///
/// The settings themselves are not saved: set them before every step from what is, as here from
/// the scheduler's position, and a resumed run has those of an uninterrupted one.
///
/// ```
/// use burn::optim::momentum::MomentumConfig;
/// use burn::optim::{ModuleOptimizer, Sgd, SgdConfig};
/// use burn_lr::prelude::*;
///
/// fn sgd(momentum: f64) -> Sgd {
///     // PyTorch's SGD dampens nothing; Burn's default does
///     let momentum = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
///     SgdConfig::new().with_momentum(Some(momentum)).build()
/// }
///
/// let cycle = OneCycle::new(0.1, 100);
/// let mut lr = Scheduler::new(cycle);
///
/// let optimizer = TunableOptimizer::new(sgd(0.95));
/// let tuning = optimizer.handle();
/// let mut optimizer: ModuleOptimizer = optimizer.into();
///
/// // in the training loop: the momentum of the step that `lr` is about to take
/// tuning.replace(sgd(cycle.momentum().at(lr.position())));
/// let rate = lr.step();
/// // model = optimizer.step(rate, model, grads);
/// # let _ = (rate, &mut optimizer);
/// ```
#[derive(Debug, Clone)]
pub struct TunableOptimizer<O> {
    current: Arc<RwLock<O>>,
}

impl<O> TunableOptimizer<O> {
    /// At first, the same as `optimizer`.
    pub fn new(optimizer: O) -> Self {
        Self {
            current: Arc::new(RwLock::new(optimizer)),
        }
    }

    /// A handle that changes the settings from outside, wherever Burn has moved the optimizer to.
    pub fn handle(&self) -> OptimizerHandle<O> {
        OptimizerHandle {
            current: self.current.clone(),
        }
    }
}

/// Changes the settings of a [`TunableOptimizer`] and of its clones.
#[derive(Debug, Clone)]
pub struct OptimizerHandle<O> {
    current: Arc<RwLock<O>>,
}

impl<O> OptimizerHandle<O> {
    /// From the next step on, the optimizer is `optimizer`, with the state that there is.
    pub fn replace(&self, optimizer: O) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = optimizer;
    }
}

impl<O: Optimizer> Optimizer for TunableOptimizer<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
