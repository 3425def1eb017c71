//! The state of a scheduler, as a schedule that goes on from there.

mod arguments;
mod class;
mod context;
mod formula;
mod leaf;
mod momentum;
mod node;
mod plateau;

use std::fmt;

use lr_schedule::feedback::{DynFeedback, Feedback, State};
use lr_schedule::{DynSchedule, ScheduleError, Spec};

use crate::budget::Budget;
use crate::error::TorchError;
use crate::optimizer::OptimizerState;
use crate::value::Value;
use context::{Context, ScheduleOf};
use node::Node;

/// The most groups, and schedulers and milestones in all of them together.
const MAX_PARTS: u64 = 10_000;
const PARTS: &str =
    "the number of parameter groups, and of schedulers and milestones in all of them,";

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
    /// The number of times that the scheduler was stepped, which is the number of the step whose rate is the next
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

    /// The class that `value` is the state of, by its keys. The two that take a function have the same keys,
    /// and are both called `"LambdaLR"`.
    ///
    /// # Errors
    ///
    /// Keys that are those of several classes or of none, and others besides.
    pub fn class_of(value: &Value<'_>) -> Result<&'static str, TorchError> {
        class::recognise(value)
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
            let restored = rule.restore(heard);
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

    /// The state of the optimizer, saved together with that of the scheduler, which is worth giving always: a rate
    /// that was changed by hand is there alone, and so are numbers of `OneCycleLR` and `SWALR`. Default: none, and the
    /// rate is the one that the scheduler set last.
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
    /// base rate. transformers' schedulers are such: their config says it
    /// (`lr_compat::transformers::parse`), or their [arguments](crate::TrainingArguments).
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
        if value.is_mmengines() {
            return value.unsupported(
                "is a scheduler of MMEngine's, of which several make one rate: make the schedule of the \
                 config's `param_scheduler`, by `lr_compat::ecosystems` or `lr convert`, and go on with it at \
                 step `meta.iter`",
            );
        }
        let class = match &self.class {
            Some(name) => class::named(name)?,
            None => class::recognise(value)?,
        };
        let mut context = Context {
            optimizer: self.optimizer,
            schedule: self.schedule.as_deref(),
            budget: Budget::new(MAX_PARTS, PARTS),
            group: 0,
        };
        let last = value.get("_last_lr")?;
        let count = self.count_groups(value, &last, &context.budget)?;
        let (mut position, mut groups) = (0, Vec::with_capacity(count));
        for index in 0..count {
            context.group = index;
            let optimizer = self.optimizer.map(|optimizer| &optimizer.groups[index]);
            let rate = match (optimizer, &last) {
                (Some(group), _) => Some(group.option("lr")?.finite()?),
                (None, Some(last)) => Some(last.item(index)?.finite()?),
                (None, None) => None,
            };
            groups.push(match class {
                "ReduceLROnPlateau" => {
                    position = value.field("last_epoch")?.count()?;
                    let rate = rate.ok_or_else(|| no_rate(value, "it has not stepped yet"))?;
                    let group = GroupSchedule {
                        spec: plateau::spec(value, &context, rate)?,
                        base_lr: rate,
                        rate,
                        momentum: None,
                        heard: Some(plateau::heard(value)?),
                    };
                    group.build_feedback()?;
                    group
                }
                class => {
                    let node = Node::read(value, class, &context, 0)?;
                    position = node.position()?;
                    let rate = rate.or_else(|| node.rate_now(position));
                    let rate = rate.ok_or_else(|| no_rate(value, "it is of before PyTorch 1.4"))?;
                    let momentum = optimizer.map(|group| group.momentum()).transpose()?;
                    GroupSchedule {
                        spec: node.schedule(position, rate)?,
                        base_lr: node.base(),
                        rate,
                        momentum: node.momentum(position, momentum.flatten())?,
                        heard: None,
                    }
                }
            });
        }
        Ok(SchedulerState {
            class,
            position,
            groups,
        })
    }

    /// The number of parameter groups, which the state and the optimizer agree on.
    fn count_groups(
        &self,
        value: &Value<'_>,
        last: &Option<Value<'_>>,
        budget: &Budget,
    ) -> Result<usize, TorchError> {
        let Some(optimizer) = self.optimizer else {
            let list = match (last.clone(), value.get("base_lrs")?) {
                (Some(list), _) | (None, Some(list)) => list,
                (None, None) => value.field("min_lrs")?,
            };
            let count = list.ids()?.len();
            budget.spend(count as u64)?;
            return match count {
                0 => list.wrong("the rates of one parameter group or more"),
                count => Ok(count),
            };
        };
        let count = optimizer.groups.len();
        budget.spend(count as u64)?;
        match last {
            Some(last) if last.ids()?.len() != count => {
                last.wrong(&format!("the rates of the optimizer's {count} groups"))
            }
            _ => Ok(count),
        }
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

impl fmt::Debug for ReadOptions<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOptions")
            .field("optimizer", &self.optimizer)
            .field("class", &self.class)
            .field("schedule", &self.schedule.is_some())
            .finish()
    }
}
