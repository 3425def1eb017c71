//! The state of a parameter in PyTorch's optimizers, as that of Burn's.

use std::collections::BTreeSet;

use burn::tensor::{DType, TensorData};
use burn_pack::Tensor;
use lr_torch::{ParamGroup, ParamState, TorchError};

use super::error::TorchLoadError;
use super::kind::TorchOptimizerKind;
use super::parameters::Parameter;
use super::recognise::is_set;
use crate::optimizer_state::{MAX_STEPS, RANK, State};

/// Adds the state of `parameter`, which is in `group`, to `stored`; nothing where it has none yet.
pub(super) fn convert(
    kind: TorchOptimizerKind,
    group: &ParamGroup<'_>,
    state: &ParamState<'_>,
    parameter: &Parameter,
    stored: &mut State,
) -> Result<(), TorchLoadError> {
    let mut fields = StateReader {
        state,
        parameter,
        known: BTreeSet::new(),
        stored,
    };
    match kind {
        TorchOptimizerKind::Sgd => {
            fields.optional("momentum_buffer", "momentum.velocity")?;
        }
        TorchOptimizerKind::Adam | TorchOptimizerKind::AdamW => {
            fields.steps(Some("momentum.time"))?;
            fields.tensor("exp_avg", "momentum.moment_1")?;
            fields.tensor("exp_avg_sq", "momentum.moment_2")?;
            let (field, largest) = ("max_exp_avg_sq", "momentum.max_moment_2");
            match is_set(group, "amsgrad")? {
                true => fields.tensor(field, largest)?,
                false => fields.optional(field, largest)?,
            }
        }
        TorchOptimizerKind::RmsProp => {
            fields.steps(None)?; // which Burn's does not count
            let shape = parameter.torch_shape();
            let squares = fields.read("square_avg", &shape)?;
            let mut variance = squares.clone();
            if is_set(group, "centered")? {
                let means = fields.read("grad_avg", &shape)?;
                variance = less_the_squares(squares.clone(), means.clone());
                fields.add("centered.grad_avg", means);
            }
            fields.add("square_avg.square_avg", squares);
            fields.add("centered.avg", variance);
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
    let mut others = state.fields.keys();
    match others.find(|name| !fields.known.contains(**name)) {
        None => Ok(()),
        Some(name) => {
            let place = format!("{}.{name}", state.place());
            let why = format!("is not part of the state of {kind}");
            Err(TorchError::unsupported(place, why).into())
        }
    }
}

/// The fields of one parameter's state, of which each has to go somewhere.
struct StateReader<'s, 'a> {
    state: &'s ParamState<'a>,
    parameter: &'s Parameter,
    known: BTreeSet<&'static str>,
    stored: &'s mut State,
}

impl StateReader<'_, '_> {
    /// A tensor like the parameter, which becomes `into`.
    fn tensor(&mut self, field: &'static str, into: &'static str) -> Result<(), TorchLoadError> {
        let data = self.read(field, &self.parameter.torch_shape())?;
        self.add(into, data);
        Ok(())
    }

    /// The same where there is one: no field, and one that is `None`, is none.
    fn optional(&mut self, field: &'static str, into: &'static str) -> Result<(), TorchLoadError> {
        self.known.insert(field);
        match self.state.fields.get(field) {
            Some(value) if !value.is_none() => self.tensor(field, into),
            _ => Ok(()),
        }
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
        let data = self.read(field, &shape)?;
        self.add(into, data);
        Ok(())
    }

    fn read(&mut self, field: &'static str, shape: &[usize]) -> Result<TensorData, TorchLoadError> {
        self.known.insert(field);
        let tensor = self.state.field(field)?.tensor()?;
        self.parameter.adapt(&tensor, shape)
    }

    fn add(&mut self, into: &str, data: TensorData) {
        let (id, rank) = (self.parameter.id.val(), self.parameter.shape.len());
        let (bytes, shape, dtype) = data.into_parts();
        let tensor = Tensor::new(format!("{id}.{into}"), dtype, shape, Some(id), bytes);
        let State {
            tensors,
            scalars,
            paths,
        } = &mut *self.stored;
        tensors.push(tensor);
        scalars.insert(format!("{id}.{RANK}"), rank.into());
        paths.insert(id.to_string(), self.parameter.path.clone());
    }

    /// The number of steps that the parameter has had.
    fn steps(&mut self, into: Option<&str>) -> Result<(), TorchLoadError> {
        self.known.insert("step");
        let steps = self.state.step()?;
        if steps > MAX_STEPS {
            let place = format!("{}.step", self.state.place());
            let allowed = format!("at most {MAX_STEPS}, to which Burn's optimizers count");
            return Err(TorchError::invalid(place, steps, allowed).into());
        }
        if let Some(into) = into {
            let name = format!("{}.{into}", self.parameter.id.val());
            self.stored.scalars.insert(name, steps.into());
        }
        Ok(())
    }
}

/// The variance, by whose root a centered RMSprop divides: the mean square, less the square of the mean.
fn less_the_squares(squares: TensorData, means: TensorData) -> TensorData {
    let (dtype, shape) = (squares.dtype(), squares.shape().clone());
    let numbers = |data: TensorData| data.convert_dtype(DType::F64);
    let (squares, means) = (numbers(squares), numbers(means));
    let pairs = squares.iter::<f64>().zip(means.iter::<f64>());
    let variances: Vec<f64> = pairs.map(|(square, mean)| square - mean * mean).collect();
    TensorData::new(variances, shape).convert_dtype(dtype)
}
