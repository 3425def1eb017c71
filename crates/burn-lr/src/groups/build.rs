use std::collections::BTreeSet;

use burn::module::Module;
use lr_schedule::Schedule;
use lr_schedule::feedback::Feedback;

use super::error::GroupError;
use super::group::Group;
use super::paths::paths_of;
use super::scheduler::GroupScheduler;
use crate::handle::check_rate;
use crate::scheduler::Scheduler;

/// The parameters of a model in groups, each with a rate of its own.
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
    /// Other parameters get the base rate; [`layers_of`](crate::layers_of) lists a model's own.
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
            check_rate("layer_wise.decay", decay)?;
        }
        let paths = paths_of(model);
        let mut names = BTreeSet::new();
        for group in &self.groups {
            let name = group.name.as_str();
            check_rate(&format!("{name}.factor"), group.view.factor)?;
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
        if let Some(index) = members.iter().position(Vec::is_empty) {
            let name = self.groups[index].name.clone();
            return Err(GroupError::Shadowed { name });
        }
        let groups = self.groups.into_iter().zip(members).collect();
        Ok(GroupScheduler::new(base.into_dyn(), groups))
    }
}
