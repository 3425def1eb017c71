//! Curves: one rule each for how a rate moves, and those of several parts that people call by a name.

#[macro_use]
mod define;
mod from_fn;
mod powers;

pub use crate::field::{Bound, FieldType};
pub use define::{CurveKind, FieldKind};
pub use from_fn::{FromFn, from_fn};
pub(crate) use powers::Powers;

use crate::data::Data;
use crate::error::ScheduleError;
use crate::place::Place;
use crate::schedule::{DynSchedule, Schedule};

curves! {
    anneal: Anneal(AnnealSpec),
    constant: Constant(ConstantSpec),
    cosine: Cosine(CosineSpec),
    cosine_annealing: CosineAnnealing(CosineAnnealingSpec),
    cosine_wave: CosineWave(CosineWaveSpec),
    cyclic: Cyclic(CyclicConfig),
    exponential: Exponential(ExponentialSpec),
    exponential_decay: ExponentialDecay(ExponentialDecaySpec),
    geometric: Geometric(GeometricSpec),
    hard_restarts: HardRestarts(HardRestartsSpec),
    inverse_sqrt: InverseSqrt(InverseSqrtSpec),
    inverse_time: InverseTime(InverseTimeConfig),
    linear: LinearRamp(LinearRampSpec),
    multi_step: MultiStep(MultiStepSpec),
    noam: Noam(NoamSpec),
    one_cycle: OneCycle(OneCycleConfig),
    piecewise_constant: PiecewiseConstant(PiecewiseConstantSpec),
    polynomial: Polynomial(PolynomialSpec),
    polynomial_cycle: PolynomialCycle(PolynomialCycleSpec),
    power: Power(PowerSpec),
    restarts: Restarts(RestartsConfig),
    sigmoid: Sigmoid(SigmoidSpec),
    step: Step(StepSpec),
    tri_stage: TriStage(TriStageConfig),
    warm_restarts: WarmRestarts(WarmRestartsSpec),
    warmup_stable_decay: WarmupStableDecay(WarmupStableDecayConfig),
    wsd_s: WsdS(WsdSSpec),
}
