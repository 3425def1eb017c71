use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{ParamGroup, ParamId};
use burn::optim::LearningRate;
use serde::Serialize;

use super::group::{Group, View};
use super::member::{Base, Member};
use crate::handle::LrHandle;
use crate::record::{LoadError, Resumable, fingerprint};
use crate::scheduler::DynScheduler;

/// A scheduler with a rate for each parameter group: what [`Groups`](crate::Groups) build.
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

/// The part that stays as it is while the groups are stepped.
struct Layout {
    names: Vec<String>,
    /// A path of each group.
    paths: Vec<String>,
    handle: GroupsHandle,
    /// Copies that records are checked with: the base's, and those of groups with a schedule of
    /// their own, by their number in Burn's.
    base: Base,
    own: BTreeMap<usize, DynScheduler>,
    description: Option<String>,
}

impl GroupScheduler {
    /// Creates the scheduler of `groups`, each with the paths of its parameters.
    pub(super) fn new(mut base: DynScheduler, groups: Vec<(Group, Vec<String>)>) -> Self {
        #[derive(Serialize)]
        struct Description<'a> {
            name: &'a str,
            paths: &'a [String],
            view: View,
            own: Option<String>,
        }
        let described = groups.iter().map(|(group, paths)| Description {
            name: &group.name,
            paths,
            view: group.view,
            own: group.own.as_ref().and_then(Resumable::description),
        });
        let described: Vec<_> = described.collect();
        let text = serde_json::to_string(&described).expect("groups are plain data");
        let family = base.announce();
        let description = base
            .description()
            .map(|base| format!(r#"{{"base":{base},"groups":{text}}}"#));

        let base = Base {
            count: groups.len() as u64,
            fingerprint: fingerprint(&text),
            scheduler: base,
        };
        let mut layout = Layout {
            names: vec![],
            paths: vec![],
            handle: GroupsHandle {
                base: base.scheduler.handle(),
                own: BTreeMap::new(),
            },
            base: Base {
                scheduler: base.scheduler.detached(),
                ..base
            },
            own: BTreeMap::new(),
            description,
        };
        let mut inner = ModuleLrScheduler::new(base);
        for (number, (group, paths)) in (1..).zip(groups) {
            let Group {
                name, view, own, ..
            } = group;
            if let Some(own) = &own {
                layout.own.insert(number, own.detached());
                layout.handle.own.insert(name.clone(), own.handle());
            }
            layout.names.push(name);
            layout.paths.push(paths[0].clone());
            let member = Member { family, view, own };
            inner = inner.with_group(ParamGroup::from_paths(paths), member);
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
        let mut base = self.layout.base.clone();
        base.try_load_record(&record.record("0"))?;
        for (number, own) in &self.layout.own {
            let record = record.record(&number.to_string());
            let result = own.clone().try_load_record(&record);
            result.map_err(|error| LoadError::Part {
                part: format!("the group `{}`", self.names()[number - 1]),
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
    /// The handle of the base rate, and with it of all groups that are multiples of it.
    pub fn base(&self) -> &LrHandle {
        &self.base
    }

    /// The handle of the group `name`, if it has a schedule of its own.
    pub fn of(&self, name: &str) -> Option<&LrHandle> {
        self.own.get(name)
    }

    /// The last step does not count, for any of the groups; see [`LrHandle::skip_step`].
    pub fn skip_step(&self) {
        self.base.skip_step();
        self.own.values().for_each(LrHandle::skip_step);
    }
}
