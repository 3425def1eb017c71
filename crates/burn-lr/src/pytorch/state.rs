//! The state of a parameter in PyTorch's optimizers, as that of Burn's.

use std::collections::BTreeSet;

use burn::tensor::{DType, TensorData};
use lr_torch::{ParamGroup, ParamState};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;
use super::parameters::Parameter;
use crate::optimizer_state::MAX_STEPS;

/// The state of one parameter by the names that Burn's records have.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub tensors: Vec<(&'static str, TensorData)>,
    pub counts: Vec<(&'static str, u64)>,
}

/// The state of `parameter`, which is in `group`; `None` where it has none yet.
pub(super) fn convert(
    kind: TorchOptimizerKind,
    group: &ParamGroup<'_>,
    state: &ParamState<'_>,
    parameter: &Parameter,
) -> Result<Option<Stored>, TorchLoadError> {
    let mut fields = StateReader {
        kind,
        state,
        parameter,
        known: BTreeSet::new(),
        stored: Stored::default(),
    };
    let is_set = |option: &str| match group.options.get(option) {
        Some(value) => value.bool(),
        None => Ok(false),
    };
    match kind {
        TorchOptimizerKind::Sgd => {
            if !fields.optional("momentum_buffer", "momentum.velocity")? {
                fields.finish()?;
                return Ok(None);
            }
        }
        TorchOptimizerKind::Adam | TorchOptimizerKind::AdamW => {
            fields.steps(Some("momentum.time"))?;
            fields.tensor("exp_avg", "momentum.moment_1")?;
            fields.tensor("exp_avg_sq", "momentum.moment_2")?;
            let (field, largest) = ("max_exp_avg_sq", "momentum.max_moment_2");
            match is_set("amsgrad")? {
                true => fields.tensor(field, largest)?,
                false => fields.optional(field, largest).map(|_| ())?,
            }
        }
        TorchOptimizerKind::RmsProp => {
            fields.steps(None)?; // which Burn's does not count
            fields.tensor("square_avg", "square_avg.square_avg")?;
            if is_set("centered")? {
                fields.tensor("grad_avg", "centered.grad_avg")?;
            }
            fields
                .stored
                .tensors
                .push(("centered.avg", fields.variance()));
            fields.optional("momentum_buffer", "momentum.buf")?;
        }
        TorchOptimizerKind::Adagrad => {
            fields.steps(Some("lr_decay.time"))?;
            fields.tensor("sum", "lr_decay.sum")?;
        }
        TorchOptimizerKind::Adafactor => {
            fields.steps(Some("time"))?;
            let (rows, columns) = ("second_moment", "column_second_moment");
            match (parameter.shape.len(), parameter.is_transposed()) {
                (0 | 1, _) => fields.tensor("variance", rows)?,
                (_, false) => {
                    fields.reduced("row_var", 1, rows)?;
                    fields.reduced("col_var", 2, columns)?;
                }
                // PyTorch's rows are Burn's columns.
                (_, true) => {
                    fields.reduced("col_var", 2, rows)?;
                    fields.reduced("row_var", 1, columns)?;
                }
            }
        }
    }
    fields.finish().map(Some)
}

/// The fields of one parameter's state, of which each has to go somewhere.
struct StateReader<'s, 'a> {
    kind: TorchOptimizerKind,
    state: &'s ParamState<'a>,
    parameter: &'s Parameter,
    known: BTreeSet<&'static str>,
    stored: Stored,
}

impl StateReader<'_, '_> {
    /// A tensor like the parameter, which becomes `into`.
    fn tensor(&mut self, field: &'static str, into: &'static str) -> Result<(), TorchLoadError> {
        self.shaped(field, into, &self.parameter.torch_shape())
    }

    /// The same where there is one, which is returned: no field, and one that is `None`, is none.
    fn optional(
        &mut self,
        field: &'static str,
        into: &'static str,
    ) -> Result<bool, TorchLoadError> {
        self.known.insert(field);
        let there = self
            .state
            .fields
            .get(field)
            .is_some_and(|value| !value.is_none());
        if there {
            self.tensor(field, into)?;
        }
        Ok(there)
    }

    /// A tensor like the parameter, but with a single element along the dimension that is the
    /// `axis`-th from the last.
    fn reduced(
        &mut self,
        field: &'static str,
        axis: usize,
        into: &'static str,
    ) -> Result<(), TorchLoadError> {
        let mut shape = self.parameter.torch_shape();
        let rank = shape.len();
        shape[rank - axis] = 1;
        self.shaped(field, into, &shape)
    }

    fn shaped(
        &mut self,
        field: &'static str,
        into: &'static str,
        shape: &[usize],
    ) -> Result<(), TorchLoadError> {
        self.known.insert(field);
        let tensor = self.state.field(field)?.tensor()?;
        let data = self.parameter.adapt(&tensor, shape)?;
        self.stored.tensors.push((into, data));
        Ok(())
    }

    /// How many steps the parameter has had.
    fn steps(&mut self, into: Option<&'static str>) -> Result<(), TorchLoadError> {
        self.known.insert("step");
        let steps = self.state.step()?;
        if steps > MAX_STEPS {
            return Err(TorchLoadError::Steps {
                place: format!("{}.step", self.state.place()),
                steps,
                limit: MAX_STEPS,
            });
        }
        self.stored.counts.extend(into.map(|into| (into, steps)));
        Ok(())
    }

    /// The variance, by whose root a centered RMSprop divides: the mean square, less the square of the mean
    /// where that is kept.
    fn variance(&self) -> TensorData {
        let stored = |name| {
            let mut tensors = self.stored.tensors.iter();
            let found = tensors.find(|(field, _)| *field == name);
            found.map(|(_, data)| data.clone())
        };
        let squares = stored("square_avg.square_avg").expect("which is there by now");
        let Some(means) = stored("centered.grad_avg") else {
            return squares;
        };
        let (dtype, shape) = (squares.dtype(), squares.shape().clone());
        let numbers = |data: TensorData| data.convert_dtype(DType::F64);
        let (squares, means) = (numbers(squares), numbers(means));
        let pairs = squares.iter::<f64>().zip(means.iter::<f64>());
        let variances: Vec<f64> = pairs.map(|(square, mean)| square - mean * mean).collect();
        TensorData::new(variances, shape).convert_dtype(dtype)
    }

    /// All of it, if that is all there is.
    fn finish(self) -> Result<Stored, TorchLoadError> {
        let mut fields = self.state.fields.keys();
        match fields.find(|name| !self.known.contains(**name)) {
            None => Ok(self.stored),
            Some(name) => Err(TorchLoadError::Unexpected {
                place: format!("{}.{name}", self.state.place()),
                kind: self.kind,
            }),
        }
    }
}
