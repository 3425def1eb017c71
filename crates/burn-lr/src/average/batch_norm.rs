use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// Running statistics that can't be found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateBnError {
    /// Batches to take statistics of are missing.
    #[error("there are no batches")]
    NoBatches,
    /// A layer doesn't keep the running mean that it should.
    #[error(
        "`{path}` doesn't move by a momentum from 0 to 1: of what it was, {kept} is left; are all inputs finite?"
    )]
    Momentum {
        /// The path of the statistic.
        path: String,
        /// The share of the old value that a batch left.
        kept: f64,
    },
}

/// `model` with running statistics of all `batches`: the mean over them, equally weighted, of each batch's
/// mean and variance. PyTorch's `update_bn`.
///
/// An average of weights has no statistics of its own: those of the model were taken with other weights.
/// `forward` passes a batch through the model, which is in training mode; batches are as in the
/// training, on a device with autodiff. The first one is passed twice, since a layer's momentum doesn't
/// show through Burn's traits, and is found by how a layer changes a number. A layer that is frozen, has a momentum of 0, or
/// isn't reached keeps its statistics.
///
/// Burn's `BatchNorm` keeps the variance of a batch divided by its size `n`, and PyTorch's by `n - 1`. This
/// goes by Burn's.
///
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::tensor::{Device, Tensor};
/// use burn_lr::update_bn;
///
/// let device = Device::flex().autodiff();
/// let model = BatchNormConfig::new(1).init(&device);
/// let batches = [[[1.0], [3.0]], [[5.0], [7.0]]].map(|rows| Tensor::<2>::from_data(rows, &device));
/// let model = update_bn(model, batches, |model, batch| drop(model.forward(batch.clone())))?;
/// assert_eq!(model.running_mean.value().into_scalar::<f32>(), 4.0);
/// assert_eq!(model.running_var.value().into_scalar::<f32>(), 1.0);
/// # Ok::<(), burn_lr::UpdateBnError>(())
/// ```
///
/// # Errors
///
/// No batches for a model that has a `BatchNorm`, or statistics of the first batch that are not finite.
pub fn update_bn<M: Module, B>(
    model: M,
    batches: impl IntoIterator<Item = B>,
    mut forward: impl FnMut(&M, &B),
) -> Result<M, UpdateBnError> {
    let mut known = Statistics::of(model.valid());
    if known.tensors.is_empty() {
        return Ok(model);
    }
    // The statistics after a batch, where they are `value` before.
    let mut after = |value: f64, batch: &B| {
        let fill = |old: &Tensor<1>| old.full_like(value);
        let trained = model.valid().train().no_grad();
        let (trained, _) = Statistics::replace(trained, known.tensors.iter().map(fill).collect());
        forward(&trained, batch);
        Statistics::of(trained.valid())
    };
    let mut momenta = vec![];
    let mut means: Vec<Tensor<1>> = known.tensors.iter().map(Tensor::zeros_like).collect();
    for (number, batch) in batches.into_iter().enumerate() {
        if number == 0 {
            let changed = after(PROBE, &batch);
            for (path, tensor) in changed.paths.into_iter().zip(changed.tensors) {
                momenta.push(momentum(path, tensor)?);
            }
        }
        let taken = after(0.0, &batch).tensors.into_iter().zip(&momenta);
        for ((taken, momentum), mean) in taken.zip(&mut means) {
            let of_batch = taken.div_scalar(*momentum);
            let distance = of_batch - mean.clone();
            *mean = distance.div_scalar(number as f64 + 1.0) + mean.clone();
        }
    }
    for ((known, mean), momentum) in known.tensors.iter_mut().zip(means).zip(&momenta) {
        if *momentum > 0.0 {
            *known = mean;
        }
    }
    if momenta.is_empty() {
        return Err(UpdateBnError::NoBatches);
    }
    // A module of its own: clones share running statistics.
    let fresh = match model.devices().iter().any(Device::is_autodiff) {
        true => model.valid().train(),
        false => model.valid(),
    };
    Ok(Statistics::replace(fresh, known.tensors).0)
}

/// A number beside which the statistics of a batch vanish: what is left of it shows the momentum.
const PROBE: f64 = (1u64 << 60) as f64;

/// The momentum of a layer whose statistic was [`PROBE`] before a batch, and is `tensor` after it.
fn momentum(path: String, tensor: Tensor<1>) -> Result<f64, UpdateBnError> {
    let epsilon = tensor.dtype().finfo().map_or(0.0, |info| info.epsilon);
    let data: TensorData = tensor.into_data();
    let mut kept = data.iter::<f64>().map(|number| number / PROBE);
    let kept = kept.next().unwrap_or(1.0);
    if !(0.0..=1.0).contains(&kept) {
        return Err(UpdateBnError::Momentum { path, kept });
    }
    // The layer multiplies by `1 - momentum` in its own number type. Of the numbers that give that, a program
    // has the shortest one.
    let rounded = (0..=12).map(|digits| {
        let unit = 10f64.powi(digits);
        ((1.0 - kept) * unit).round() / unit
    });
    let mut exact = rounded.filter(|momentum| (1.0 - momentum - kept).abs() <= epsilon / 4.0);
    Ok(exact.next().unwrap_or(1.0 - kept))
}

/// The running statistics of a module's batch norms, in the order in which it is mapped.
#[derive(Default)]
struct Statistics {
    paths: Vec<String>,
    tensors: Vec<Tensor<1>>,
    /// The tensors that are put in their place, if any are.
    new: std::vec::IntoIter<Tensor<1>>,
    /// Names of fields, and the types of the modules that have them, from the outermost to the one that is mapped.
    place: Vec<(String, String)>,
}

impl Statistics {
    fn of(module: impl Module) -> Self {
        Self::replace(module, vec![]).1
    }

    /// `module` with the statistics `new`, and those that it had.
    fn replace<M: Module>(module: M, new: Vec<Tensor<1>>) -> (M, Self) {
        let mut statistics = Self {
            new: new.into_iter(),
            ..Self::default()
        };
        let module = module.map(&mut statistics);
        (module, statistics)
    }
}

impl ModuleMapper for Statistics {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.push((name.into(), container_type.into()));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let is_statistic = self.place.last().is_some_and(|(name, container)| {
            container == "Struct:BatchNorm" && matches!(&name[..], "running_mean" | "running_var")
        });
        if !is_statistic {
            return param;
        }
        let names = self.place.iter().map(|(name, _)| name.as_str());
        self.paths.push(names.collect::<Vec<_>>().join("."));
        self.tensors.push(param.val().reshape([-1]));
        match self.new.next() {
            Some(new) => param.map(|old| match old.is_autodiff() {
                true => new.reshape(old.shape()).autodiff(),
                false => new.reshape(old.shape()),
            }),
            None => param,
        }
    }
}
