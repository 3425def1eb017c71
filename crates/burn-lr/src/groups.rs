//! Rates by parameter group: discriminative, layer-wise, unfrozen one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::LearningRate;
use burn::tensor::Tensor;
use lr_schedule::Schedule;
use lr_schedule::feedback::Feedback;
use serde::Serialize;

use crate::handle::LrHandle;
use crate::on_thread;
use crate::record::{LoadError, Resumable, fingerprint, load_or_panic};
use crate::scheduler::{DynScheduler, Scheduler};

/// Some of a model's parameters, and the rate that they get: the base rate or that of a schedule of
/// their own, a multiple of it, or that from some step on.
///
/// ```
/// use burn_lr::prelude::*;
///
/// Group::new("encoder");                                 // the base rate
/// Group::new("encoder").scaled(0.1);                     // a tenth of it
/// Group::new("encoder").scaled(0.1).unfrozen_at(1_000);  // and that from step 1,000 on
/// let own = Scheduler::new(Cosine::new(0.1, 0.0, 5_000));
/// Group::new("head").scheduled(own.clone());
/// Group::new("head").scheduled(own).scaled(2.0).unfrozen_at(100); // twice that, from step 100 on
/// Group::of_paths("biases", |path| path.ends_with(".bias")).scaled(2.0);
/// ```
pub struct Group {
    name: String,
    matches: Box<dyn Fn(&str) -> bool>,
    view: View,
    own: Option<DynScheduler>,
}

/// A rate times `factor`, and 0 before step `from` of the base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct View {
    factor: f64,
    from: u64,
}

impl View {
    fn of(self, rate: LearningRate, step: u64) -> LearningRate {
        match step < self.from {
            true => 0.0,
            false => (rate * self.factor).clamp(f64::MIN, f64::MAX),
        }
    }
}

impl Group {
    /// The parameters at `path` and below: `encoder` stands for `encoder.weight` and
    /// `encoder.layers.0.bias`, but not for `encoder2.weight`. The group is called by its path.
    pub fn new(path: &str) -> Self {
        let at = path.to_string();
        let below = format!("{path}.");
        Self::of_paths(path, move |path| path == at || path.starts_with(&below))
    }

    /// The parameters whose paths satisfy `matches`, called `name`.
    pub fn of_paths(name: &str, matches: impl Fn(&str) -> bool + 'static) -> Self {
        Self {
            name: name.to_string(),
            matches: Box::new(matches),
            view: View {
                factor: 1.0,
                from: 0,
            },
            own: None,
        }
    }

    /// With `factor` times the base rate, or that of its [own scheduler](Self::scheduled), whatever
    /// that is: scheduled, cut by a metric, or set by hand. Default: 1.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.view.factor = factor;
        self
    }

    /// With a rate of 0 before step `step`. Default: 0.
    ///
    /// The optimizer goes on with the gradients that there are all the while: momentum and moments
    /// are those of a parameter that was trained from the beginning, and the first steps after
    /// `step` go by them. A weight decay that is multiplied with the rate, as AdamW's is, does
    /// nothing meanwhile; one that is part of the gradient, as SGD's and Adam's, becomes part of
    /// the momentum. Where that is not what you want, give those parameters no gradients (Burn's
    /// `no_grad`) until then; they have no state meanwhile, and begin with none.
    pub fn unfrozen_at(mut self, step: u64) -> Self {
        self.view.from = step;
        self
    }

    /// With a scheduler of its own in place of the base, which is stepped together with it and has
    /// its own [handle](GroupsHandle::of). The handle's rate is the scheduler's, before it is
    /// [`scaled`](Self::scaled) or [frozen](Self::unfrozen_at).
    pub fn scheduled<S, F>(mut self, scheduler: Scheduler<S, F>) -> Self
    where
        S: Schedule + Send + Sync + 'static,
        F: Feedback + Clone + Send + Sync + 'static,
    {
        self.own = Some(scheduler.into_dyn());
        self
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut group = f.debug_struct("Group");
        group.field("name", &self.name).field("view", &self.view);
        if let Some(own) = &self.own {
            group.field("schedule", &own.description());
        }
        group.finish_non_exhaustive()
    }
}

/// Which parameters get which rate.
///
/// A parameter that is in several groups belongs to the last of them; one that is in none gets the
/// base rate.
///
/// ```
/// use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
/// use burn::nn::transformer::TransformerEncoderConfig;
/// use burn::tensor::Device;
/// use burn_lr::prelude::*;
///
/// let model = TransformerEncoderConfig::new(8, 8, 2, 2).init(&Device::flex());
/// let base = Scheduler::new(Constant::new(0.1).warmup(10));
/// let mut lr = Groups::new()
///     .with(Group::new("layers.0").scaled(0.1))
///     .with(Group::of_paths("norms", |path| path.contains("norm")).unfrozen_at(100))
///     .build(base, &model)?;
///
/// // in a loop of your own: model = optimizer.step(lr.step(), model, grads)
/// for _ in 0..10 {
///     lr.step();
/// }
/// let rates = lr.step();
/// assert_eq!(lr.rate("layers.0", &rates), Some(0.1 * 0.1));
/// assert_eq!(lr.rate("norms", &rates), Some(0.0));
/// assert_eq!(rates.base(), 0.1);
///
/// let lr: ModuleLrScheduler = lr.into(); // or: Learner::new(model, optimizer, lr)
/// # let _ = lr;
///
/// let lr = Groups::new().with(Group::new("head")).build(Scheduler::new(Constant::new(0.1)), &model);
/// let message = lr.unwrap_err().to_string();
/// assert!(message.starts_with("the group `head` is of no parameter; there are layers.0."));
/// # Ok::<(), burn_lr::GroupError>(())
/// ```
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Group>,
    decay: Option<f64>,
}

impl Groups {
    /// Creates groups without any: every parameter gets the base rate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a group; where it shares parameters with earlier ones, they belong to it.
    pub fn with(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Layer-wise decay: a group for each of `layers`, which are paths in order from input to
    /// output, with the base rate times `decay^depth`, where the last layer has depth 0 and the one
    /// before it depth 1.
    ///
    /// What is in none of them gets the base rate; [`layers_of`] lists a model's own.
    ///
    /// From [Howard and Ruder, 2018](https://arxiv.org/abs/1801.06146) (discriminative
    /// fine-tuning) and [Clark et al., 2020](https://arxiv.org/abs/2003.10555) (layer-wise decay).
    ///
    /// ```
    /// use burn::nn::transformer::TransformerEncoderConfig;
    /// use burn::tensor::Device;
    /// use burn_lr::prelude::*;
    ///
    /// let model = TransformerEncoderConfig::new(8, 8, 2, 3).init(&Device::flex());
    /// let layers = layers_of(&model);
    /// assert_eq!(layers, ["layers.0", "layers.1", "layers.2"]);
    /// let base = Scheduler::new(Constant::new(0.1));
    /// let mut lr = Groups::new().layer_wise(0.5, &layers).build(base, &model)?;
    /// let rates = lr.step();
    /// let rates = layers.iter().map(|layer| lr.rate(layer, &rates).unwrap());
    /// assert!(rates.eq([0.025, 0.05, 0.1]));
    /// # Ok::<(), burn_lr::GroupError>(())
    /// ```
    pub fn layer_wise(mut self, decay: f64, layers: &[impl AsRef<str>]) -> Self {
        self.decay = Some(decay);
        for (depth, layer) in layers.iter().rev().enumerate() {
            // `powi` of a depth beyond i32 would be 0 or 1 anyway.
            let factor = decay.powi(i32::try_from(depth).unwrap_or(i32::MAX));
            self.groups.push(Group::new(layer.as_ref()).scaled(factor));
        }
        self
    }

    /// The scheduler for `model`'s parameters, whose base rate is `base`'s.
    ///
    /// # Errors
    ///
    /// A group that is of no parameter, or of none that isn't in a later group; two groups of the
    /// same name; a factor or a decay that is negative or not finite.
    pub fn build<S, F>(
        self,
        base: Scheduler<S, F>,
        model: &impl Module,
    ) -> Result<GroupScheduler, GroupError>
    where
        S: Schedule + Send + Sync + 'static,
        F: Feedback + Clone + Send + Sync + 'static,
    {
        if let Some(decay) = self.decay {
            GroupError::check("layer_wise", "decay", decay)?;
        }
        let paths = paths_of(model);
        let mut names = BTreeSet::new();
        for group in &self.groups {
            let name = group.name.as_str();
            GroupError::check(name, "factor", group.view.factor)?;
            if !names.insert(name) {
                return Err(GroupError::Duplicate {
                    name: name.to_string(),
                });
            }
            if !paths.iter().any(|path| (group.matches)(path)) {
                let (name, paths) = (name.to_string(), paths.clone());
                return Err(GroupError::Empty { name, paths });
            }
        }

        let mut members = vec![vec![]; self.groups.len()];
        for path in &paths {
            let last = self.groups.iter().rposition(|group| (group.matches)(path));
            if let Some(index) = last {
                members[index].push(path.clone());
            }
        }

        let mut base = base.into_dyn();
        let family = base.announce();
        let built = self.groups.into_iter().zip(members).map(|(group, paths)| {
            if paths.is_empty() {
                return Err(GroupError::Shadowed { name: group.name });
            }
            Ok(Built {
                name: group.name,
                paths,
                view: group.view,
                own: group.own,
            })
        });
        let groups = built.collect::<Result<Vec<_>, _>>()?;
        Ok(GroupScheduler::new(base, family, groups))
    }
}

/// A group that was found in a model.
struct Built {
    name: String,
    paths: Vec<String>,
    view: View,
    own: Option<DynScheduler>,
}

/// The paths of a model's layers in the order of its declaration, which is from input to output for
/// most: each of its direct parts, and of a list of parts each one by itself (`layers.0`).
pub fn layers_of(model: &impl Module) -> Vec<String> {
    let mut layers: Vec<String> = vec![];
    for path in paths_of(model) {
        let mut segments = path.split('.');
        let part = segments.next().unwrap_or_default();
        let layer = match segments.next() {
            Some(index) if index.parse::<usize>().is_ok() => format!("{part}.{index}"),
            _ => part.to_string(),
        };
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    layers
}

/// The paths of a model's trainable (floating-point) parameters, in the order of its declaration.
fn paths_of(model: &impl Module) -> Vec<String> {
    #[derive(Default)]
    struct Paths {
        path: Vec<String>,
        found: Vec<String>,
    }

    impl ModuleVisitor for Paths {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.found.push(self.path.join("."));
        }
    }

    let mut paths = Paths::default();
    model.visit(&mut paths);
    paths.found
}

/// A scheduler with a rate for each parameter group: what [`Groups`] build.
///
/// It is a Burn `ModuleLrScheduler` whose groups are named, exact and checked: step it in a loop of
/// your own, or move it into Burn's (`Learner::new` takes it as it
/// is). Its record is the same in both places, holds by what the groups are recognised, and fits
/// into a [`Checkpoint`](crate::Checkpoint).
///
/// A clone goes on by itself; what is done through handles counts for both.
#[derive(Clone)]
pub struct GroupScheduler {
    inner: ModuleLrScheduler,
    layout: Arc<Layout>,
}

/// What stays as it is while the groups are stepped.
struct Layout {
    names: Vec<String>,
    /// A path of each group.
    paths: Vec<String>,
    handle: GroupsHandle,
    /// By what the groups are recognised.
    groups: GroupsRecord,
    /// Copies that records are checked with: the base's, and those of groups with a schedule of
    /// their own, by their number in Burn's.
    base: DynScheduler,
    own: BTreeMap<usize, DynScheduler>,
    description: Option<String>,
}

impl GroupScheduler {
    fn new(base: DynScheduler, family: u64, groups: Vec<Built>) -> Self {
        #[derive(Serialize)]
        struct Description<'a> {
            name: &'a str,
            paths: &'a [String],
            view: View,
            own: Option<String>,
        }
        let described = groups.iter().map(|group| Description {
            name: &group.name,
            paths: &group.paths,
            view: group.view,
            own: group.own.as_ref().and_then(Resumable::description),
        });
        let described: Vec<_> = described.collect();
        let text = serde_json::to_string(&described).expect("groups are plain data");
        let record = GroupsRecord {
            count: groups.len() as u64,
            fingerprint: fingerprint(&text),
        };
        let description = base
            .description()
            .map(|base| format!(r#"{{"base":{base},"groups":{text}}}"#));

        let mut layout = Layout {
            names: vec![],
            paths: vec![],
            handle: GroupsHandle {
                base: base.handle(),
                own: BTreeMap::new(),
            },
            groups: record,
            base: base.detached(),
            own: BTreeMap::new(),
            description,
        };
        let mut inner = ModuleLrScheduler::new(Base {
            scheduler: base,
            groups: record,
        });
        for (index, group) in groups.into_iter().enumerate() {
            layout.paths.push(group.paths[0].clone());
            let paths = ParamGroup::from_paths(group.paths);
            let (own, view) = (group.own, group.view);
            if let Some(own) = &own {
                layout.own.insert(index + 1, own.detached());
                let handles = &mut layout.handle.own;
                handles.insert(group.name.clone(), own.handle());
            }
            inner = inner.with_group(paths, Member { family, view, own });
            layout.names.push(group.name);
        }
        Self {
            inner,
            layout: Arc::new(layout),
        }
    }

    /// The rates of the next step, as Burn's optimizers take them.
    pub fn step(&mut self) -> ModuleLearningRate {
        self.inner.step()
    }

    /// The names of the groups, in their order.
    pub fn names(&self) -> &[String] {
        &self.layout.names
    }

    /// The rate of the group `name` among the rates of a step.
    pub fn rate(&self, name: &str, rates: &ModuleLearningRate) -> Option<LearningRate> {
        let index = self.names().iter().position(|other| other == name)?;
        Some(rate_at(&self.layout.paths[index], rates))
    }

    /// A path of each group, in their order.
    #[cfg(feature = "train")]
    pub(crate) fn paths(&self) -> &[String] {
        &self.layout.paths
    }

    /// Handles that read and change the rates from elsewhere.
    pub fn handle(&self) -> GroupsHandle {
        self.layout.handle.clone()
    }

    /// The last step does not count, for any of the groups; see
    /// [`Scheduler::skip_step`](crate::Scheduler::skip_step).
    pub fn skip_step(&mut self) {
        self.layout.handle.skip_step();
    }
}

/// The rate of the parameter at `path`.
pub(crate) fn rate_at(path: &str, rates: &ModuleLearningRate) -> LearningRate {
    rates.lr_from_param(ParamId::from(0), Some(path)) // groups are by path alone
}

impl From<GroupScheduler> for ModuleLrScheduler {
    fn from(groups: GroupScheduler) -> Self {
        groups.inner
    }
}

impl Resumable for GroupScheduler {
    fn record(&self) -> LrSchedulerRecord {
        self.inner.to_record()
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        let Layout {
            base, own, groups, ..
        } = &*self.layout;
        let mut base = Base {
            scheduler: base.detached(),
            groups: *groups,
        };
        base.try_load_record(&record.record("0"))?;
        for (number, own) in own {
            let record = record.record(&number.to_string());
            let result = own.detached().try_load_record(&record);
            result.map_err(|error| LoadError::Group {
                name: self.names()[number - 1].clone(),
                error: Box::new(error),
            })?;
        }
        self.inner = self.inner.clone().load_record(record.clone());
        Ok(())
    }

    fn description(&self) -> Option<String> {
        self.layout.description.clone()
    }
}

impl fmt::Debug for GroupScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupScheduler")
            .field("names", &self.names())
            .field("handle", &self.layout.handle)
            .finish_non_exhaustive()
    }
}

/// Handles to the schedulers of a [`GroupScheduler`], wherever Burn has moved it to.
#[derive(Debug, Clone)]
pub struct GroupsHandle {
    base: LrHandle,
    own: BTreeMap<String, LrHandle>,
}

impl GroupsHandle {
    /// Of the base rate, and with it of all groups that are multiples of it.
    pub fn base(&self) -> &LrHandle {
        &self.base
    }

    /// Of the group `name`, if it has a schedule of its own.
    pub fn of(&self, name: &str) -> Option<&LrHandle> {
        self.own.get(name)
    }

    /// The last step does not count, for any of the groups; see [`LrHandle::skip_step`].
    pub fn skip_step(&self) {
        self.base.skip_step();
        self.own.values().for_each(LrHandle::skip_step);
    }
}

/// By what groups are recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
struct GroupsRecord {
    count: u64,
    fingerprint: u64,
}

const COUNT: &str = "groups.count";
const FINGERPRINT: &str = "groups.fingerprint";
const BASE: &str = "base";

impl GroupsRecord {
    fn check(&self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        if record.is_empty() {
            return Err(LoadError::Empty);
        }
        let plural = |count| match count {
            0 => "one rate for all parameters".to_string(),
            1 => "one parameter group".to_string(),
            count => format!("{count} parameter groups"),
        };
        let count = record.scalar(COUNT).unwrap_or(0);
        let same = record.scalar(FINGERPRINT) == Some(self.fingerprint);
        if (count, same) == (self.count, true) {
            return Ok(());
        }
        let others = if count == self.count {
            ", but others"
        } else {
            ""
        };
        Err(LoadError::Groups {
            expected: plural(self.count),
            found: plural(count) + others,
        })
    }
}

/// The base among Burn's groups, whose record also tells which groups there are.
#[derive(Clone)]
struct Base {
    scheduler: DynScheduler,
    groups: GroupsRecord,
}

impl Resumable for Base {
    fn record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new()
            .with_scalar(COUNT, self.groups.count)
            .with_scalar(FINGERPRINT, self.groups.fingerprint)
            .with_record(BASE, self.scheduler.record())
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        self.groups.check(record)?;
        self.scheduler.try_load_record(&record.record(BASE))
    }

    fn description(&self) -> Option<String> {
        self.scheduler.description()
    }
}

impl LrScheduler for Base {
    fn step(&mut self) -> LearningRate {
        self.scheduler.step()
    }

    fn to_record(&self) -> LrSchedulerRecord {
        self.record()
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        load_or_panic(self, &record);
    }
}

/// A group among Burn's, which steps it right after the base, on the same thread.
#[derive(Clone)]
struct Member {
    /// The base's number.
    family: u64,
    view: View,
    own: Option<DynScheduler>,
}

impl LrScheduler for Member {
    fn step(&mut self) -> LearningRate {
        let base = on_thread::last(self.family).expect("Burn steps the base of the groups first");
        let own = self.own.as_mut().map(LrScheduler::step);
        self.view.of(own.unwrap_or(base.rate), base.step)
    }

    /// Nothing but what its own scheduler has: the base's record tells which groups there are.
    fn to_record(&self) -> LrSchedulerRecord {
        let own = self.own.as_ref();
        own.map_or_else(LrSchedulerRecord::new, Resumable::record)
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        if let Some(own) = &mut self.own {
            load_or_panic(own, &record);
        }
    }
}

/// Groups that don't fit a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No parameter of the model is in it.
    #[error("the group `{name}` is of no parameter; there are {}", .paths.join(", "))]
    Empty {
        /// Which group.
        name: String,
        /// The paths of the model's parameters.
        paths: Vec<String>,
    },
    /// All its parameters are in later groups too, which they belong to.
    #[error("all parameters of the group `{name}` belong to groups that come after it")]
    Shadowed {
        /// Which group.
        name: String,
    },
    /// Two groups have the same name.
    #[error("there are two groups called `{name}`")]
    Duplicate {
        /// Which name.
        name: String,
    },
    /// A number that can't be.
    #[error("{group}.{field}: must be finite and at least 0, got {value}")]
    Invalid {
        /// Of which group, or `layer_wise`.
        group: String,
        /// What was given.
        field: &'static str,
        /// Its value.
        value: f64,
    },
}

impl GroupError {
    fn check(group: &str, field: &'static str, value: f64) -> Result<(), Self> {
        if value.is_finite() && value >= 0.0 {
            return Ok(());
        }
        Err(Self::Invalid {
            group: group.to_string(),
            field,
            value,
        })
    }
}
