//! Curves: one rule each for how a rate moves.

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
use crate::schedule::DynSchedule;

curves! {
    anneal: Anneal(AnnealSpec),
    constant: Constant(ConstantSpec),
    cosine: Cosine(CosineSpec),
    cosine_annealing: CosineAnnealing(CosineAnnealingSpec),
    cosine_wave: CosineWave(CosineWaveSpec),
    cyclic: Cyclic(CyclicSpec),
    exponential: Exponential(ExponentialSpec),
    exponential_decay: ExponentialDecay(ExponentialDecaySpec),
    geometric: Geometric(GeometricSpec),
    inverse_sqrt: InverseSqrt(InverseSqrtSpec),
    inverse_time: InverseTime(InverseTimeSpec),
    linear: LinearRamp(LinearRampSpec),
    multi_step: MultiStep(MultiStepSpec),
    piecewise_constant: PiecewiseConstant(PiecewiseConstantSpec),
    polynomial: Polynomial(PolynomialSpec),
    polynomial_cycle: PolynomialCycle(PolynomialCycleSpec),
    power: Power(PowerSpec),
    sigmoid: Sigmoid(SigmoidSpec),
    step: Step(StepSpec),
    wsd_s: WsdS(WsdSSpec),
}
