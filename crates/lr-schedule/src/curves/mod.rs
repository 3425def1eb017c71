//! Curves: one rule each for how a rate moves.

mod anneal;
mod constant;
mod cosine;
mod cosine_annealing;
mod exponential;
mod from_fn;
mod linear;
mod multi_step;
mod polynomial;
mod powers;
mod step;

pub use anneal::Anneal;
pub use constant::Constant;
pub use cosine::Cosine;
pub use cosine_annealing::CosineAnnealing;
pub use exponential::Exponential;
pub use from_fn::{FromFn, from_fn};
pub use linear::Linear;
pub use multi_step::MultiStep;
pub use polynomial::Polynomial;
pub use step::Step;
