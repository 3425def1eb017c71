//! The state of a scheduler, as a schedule that goes on from there.

mod arguments;
mod class;
mod context;
mod formula;
mod leaf;
mod momentum;
mod node;
mod plateau;

use std::cell::Cell;
use std::fmt;

use lr_schedule::feedback::{DynFeedback, Feedback, State, Stored};
use lr_schedule::{DynSchedule, ScheduleError, Spec};

use crate::error::TorchError;
use crate::optimizer::OptimizerState;
use crate::value::Value;
use context::{Context, ScheduleOf};
use node::Node;

/// The result of `scheduler.state_dict()`, as a schedule for each parameter group that goes on where
/// PyTorch's stopped.
///
/// ```
/// use lr_torch::{SchedulerState, TorchFile};
/// use lr_schedule::Schedule;
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/step_lr-40.pt");
/// let file = TorchFile::open(path)?;
/// let state = SchedulerState::read(&file.root())?;
/// assert_eq!((state.class, state.position), ("StepLR", 40));
///
/// let group = &state.groups[0];
/// let schedule = group.spec.build()?;
/// assert_eq!(schedule.at(state.position), group.rate);
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SchedulerState {
    /// The class of the scheduler: `"SequentialLR"`.
    pub class: &'static str,
    /// How often the scheduler was stepped, which is the number of the step whose rate is the next
    /// to be used: `last_epoch`.
    pub position: u64,
    /// Its schedule for each parameter group, in the order of the optimizer's.
    pub groups: Vec<GroupSchedule>,
}

/// The schedule of one parameter group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSchedule {
    /// The schedule, whose rate for step `position` is [`rate`](Self::rate) and whose rates from there
    /// on are PyTorch's. Where it is the formula of the whole run, it is the one that the scheduler's
    /// arguments make; else it is what is left of the run, and gives `rate` for all steps before.
    ///
    /// Of `ReduceLROnPlateau` it is a [`Spec::Feedback`] over the rate that it has brought the
    /// optimizer to.
    pub spec: Spec,
    /// The rate that the scheduler was constructed with: `base_lrs`. Of `ReduceLROnPlateau`, which
    /// doesn't keep it, the present one.
    pub base_lr: f64,
    /// The rate that the optimizer has, which is that of the next step. It is the optimizer's where
    /// that [was given](ReadOptions::with_optimizer), and else the scheduler's `_last_lr`.
    pub rate: f64,
    /// The momentum (with Adam and its kin, the first beta) from step `position` on; `None` where no
    /// scheduler moves it any more, so that it stays what the optimizer has.
    pub momentum: Option<Spec>,
    /// The state of the rule of a `ReduceLROnPlateau`.
    pub heard: Option<State>,
}

impl SchedulerState {
    /// Reads the state of a scheduler without anything else: see [`ReadOptions::read`].
    ///
    /// # Errors
    ///
    /// As [`ReadOptions::read`].
    pub fn read(value: &Value<'_>) -> Result<Self, TorchError> {
        ReadOptions::new().read(value)
    }
}

impl SchedulerState {
    /// The class that `value` is the state of, by its keys. The two that take a function have the same keys,
    /// and are both called `"LambdaLR"`.
    ///
    /// # Errors
    ///
    /// Keys that are those of several classes or of none, and others besides.
    pub fn class_of(value: &Value<'_>) -> Result<&'static str, TorchError> {
        match class::recognise(value) {
            Err(TorchError::Class { candidates, .. })
                if candidates == ["LambdaLR", "MultiplicativeLR"] =>
            {
                Ok("LambdaLR")
            }
            class => class,
        }
    }
}

impl GroupSchedule {
    /// The schedule and the rule of a `ReduceLROnPlateau`, the latter in the state of PyTorch's.
    ///
    /// # Errors
    ///
    /// Any other scheduler, which has no rule.
    pub fn build_feedback(&self) -> Result<(DynSchedule, DynFeedback), TorchError> {
        let (schedule, mut rule) = self.spec.build_feedback()?;
        if let Some(heard) = &self.heard {
            let restored = rule.restore(&Stored::new(&|name| heard.get(name)));
            restored.map_err(|error| TorchError::unsupported("the rule", error.to_string()))?;
        }
        Ok((schedule, rule))
    }
}

/// Input that a scheduler's state may need to be read, beside itself.
///
/// ```
/// use lr_torch::{OptimizerState, ReadOptions, TorchFile};
///
/// // OneCycleLR keeps its rates in the optimizer's groups.
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files");
/// let scheduler = TorchFile::open(format!("{folder}/one_cycle_lr-40.pt"))?;
/// let optimizer = TorchFile::open(format!("{folder}/one_cycle_lr-40.optimizer.pt"))?;
/// let optimizer = OptimizerState::read(&optimizer.root())?;
/// let state = ReadOptions::new().with_optimizer(&optimizer).read(&scheduler.root())?;
/// assert!(state.groups[0].momentum.is_some());
///
/// assert_eq!(
///     ReadOptions::new().read(&scheduler.root()).unwrap_err().to_string(),
///     "the file: keeps its `max_lr` in the optimizer's param_groups: give the optimizer's state \
///      too, with `ReadOptions::with_optimizer`",
/// );
/// # Ok::<(), lr_torch::TorchError>(())
/// ```
#[derive(Default)]
pub struct ReadOptions<'r, 'a> {
    optimizer: Option<&'r OptimizerState<'a>>,
    class: Option<String>,
    schedule: Option<Box<ScheduleOf<'r>>>,
}

impl<'r, 'a> ReadOptions<'r, 'a> {
    /// Nothing beside the state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of the optimizer, saved together with that of the scheduler: whose rates may have
    /// been changed by hand, and in whose groups `OneCycleLR` and `SWALR` keep numbers.
    #[must_use]
    pub fn with_optimizer(mut self, optimizer: &'r OptimizerState<'a>) -> Self {
        self.optimizer = Some(optimizer);
        self
    }

    /// The class of the scheduler, which may have its modules before it. Default: the one whose keys
    /// the state has.
    #[must_use]
    pub fn with_class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// The schedule that a `LambdaLR` or a `MultiplicativeLR`, whose function is not in the file, makes of a
    /// base rate. transformers' schedulers are such: their config says it.
    ///
    /// ```
    /// use lr_torch::{ReadOptions, TorchFile};
    /// use lr_compat::transformers;
    /// use lr_schedule::Schedule;
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pytorch/files/transformers_linear-55.pt");
    /// let file = TorchFile::open(path)?;
    /// let config = r#"{"scheduler": "linear",
    ///     "args": {"num_warmup_steps": 10, "num_training_steps": 100}}"#;
    /// let state = ReadOptions::new()
    ///     .with_schedule(|base_lr| transformers::parse(config, base_lr))
    ///     .read(&file.root())?;
    /// assert_eq!((state.position, state.groups[0].rate), (55, 0.0005));
    /// assert_eq!(state.groups[0].spec.build()?.at(100), 0.0);
    /// # Ok::<(), lr_torch::TorchError>(())
    /// ```
    #[must_use]
    pub fn with_schedule(
        mut self,
        schedule: impl Fn(f64) -> Result<Spec, ScheduleError> + 'r,
    ) -> Self {
        self.schedule = Some(Box::new(schedule));
        self
    }

    /// Reads the state of a scheduler: the root of a file, or one of its fields.
    ///
    /// Rates are those that PyTorch's schedulers come to, which go on from the optimizer's present
    /// rate: a rate that was changed by hand stays changed where PyTorch multiplies it, and is gone at
    /// the next step where it is set.
    ///
    /// # Errors
    ///
    /// A state that can't be told to be of one class; what is missing, of another type or out of its
    /// bounds in it; functions that aren't in the file; an optimizer that isn't given where it is
    /// needed or has another number of groups; schedulers more than 8 deep in each other; those of
    /// MMEngine's, several of which make one rate; and what PyTorch itself fails at, a `SequentialLR`
    /// that comes to another one.
    pub fn read(&self, value: &Value<'_>) -> Result<SchedulerState, TorchError> {
        if value.get("param_name")?.is_some() && value.get("base_values")?.is_some() {
            let why = "is a scheduler of MMEngine's, of which several make one rate: make the schedule of \
                       the config's `param_scheduler`, by `lr_compat::ecosystems` or `lr convert`, and go \
                       on with it at step `meta.iter`";
            return Err(TorchError::unsupported(value.place(), why));
        }
        let class = match &self.class {
            Some(name) => class::named(name)?,
            None => SchedulerState::class_of(value)?,
        };
        let mut context = Context {
            optimizer: self.optimizer,
            schedule: self.schedule.as_deref(),
            parts: Cell::new(0),
            group: 0,
        };
        let rates = self.rates(value, &context)?;
        let mut state = SchedulerState {
            class,
            position: 0,
            groups: Vec::with_capacity(rates.len()),
        };
        for (index, rate) in rates.into_iter().enumerate() {
            context.group = index;
            let group = match class {
                "ReduceLROnPlateau" => {
                    state.position = value.field("last_epoch")?.count()?;
                    let rate = rate.ok_or_else(|| no_rate(value, "it has not stepped yet"))?;
                    plateau_group(value, &context, rate)?
                }
                class => {
                    let node = Node::read(value, class, &context, 0)?;
                    state.position = node.position()?;
                    let rate = rate.or_else(|| node.rate_now(state.position));
                    let rate = rate.ok_or_else(|| no_rate(value, "it is of before PyTorch 1.4"))?;
                    let optimizer = self.optimizer.map(|optimizer| &optimizer.groups[index]);
                    let momentum = optimizer.map(|group| group.momentum()).transpose()?;
                    GroupSchedule {
                        spec: node.schedule(state.position, rate)?,
                        base_lr: node.base(),
                        rate,
                        momentum: node.momentum(state.position, momentum.flatten())?,
                        heard: None,
                    }
                }
            };
            state.groups.push(group);
        }
        Ok(state)
    }

    /// The rates that the parameter groups have now, where they are known.
    fn rates(
        &self,
        value: &Value<'_>,
        context: &Context<'_, '_>,
    ) -> Result<Vec<Option<f64>>, TorchError> {
        let last = value.get("_last_lr")?;
        let Some(optimizer) = self.optimizer else {
            let list = match &last {
                Some(last) => last.clone(),
                None => match value.get("base_lrs")? {
                    Some(bases) => bases,
                    None => value.field("min_lrs")?,
                },
            };
            context.add(list.count_items()?)?;
            let rates = list.items()?;
            if rates.is_empty() {
                return list.out_of_bounds("the rates of one parameter group or more");
            }
            let rates = rates.iter().map(|rate| match last {
                Some(_) => rate.finite().map(Some),
                None => Ok(None),
            });
            return rates.collect();
        };
        let count = optimizer.groups.len();
        context.add(count as u64)?;
        if let Some(last) = last
            && last.count_items()? != count as u64
        {
            return last.out_of_bounds(&format!("the rates of the optimizer's {count} groups"));
        }
        let groups = optimizer.groups.iter();
        groups
            .map(|group| group.option("lr")?.finite().map(Some))
            .collect()
    }
}

/// A state whose rate is the optimizer's alone.
fn no_rate(state: &Value<'_>, since: &str) -> TorchError {
    let why = format!(
        "has no `_last_lr`, since {since}: give the optimizer's state too, with \
         `ReadOptions::with_optimizer`"
    );
    TorchError::unsupported(state.place(), why)
}

fn plateau_group(
    value: &Value<'_>,
    context: &Context<'_, '_>,
    rate: f64,
) -> Result<GroupSchedule, TorchError> {
    let group = GroupSchedule {
        spec: plateau::spec(value, context, rate)?,
        base_lr: rate,
        rate,
        momentum: None,
        heard: Some(plateau::heard(value)?),
    };
    group.build_feedback()?;
    Ok(group)
}

impl fmt::Debug for ReadOptions<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOptions")
            .field("optimizer", &self.optimizer)
            .field("class", &self.class)
            .field("schedule", &self.schedule.is_some())
            .finish()
    }
}
