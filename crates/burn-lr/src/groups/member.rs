use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;

use super::group::View;
use crate::on_thread;
use crate::record::{LoadError, Resumable, or_panic};
use crate::scheduler::DynScheduler;

const COUNT: &str = "groups.count";
const FINGERPRINT: &str = "groups.fingerprint";
const BASE: &str = "base";

/// The base among Burn's groups, whose record also tells which groups there are.
#[derive(Clone)]
pub(super) struct Base {
    pub scheduler: DynScheduler,
    /// The number of groups.
    pub count: u64,
    /// The fingerprint of the names, the paths and the schedules of the groups.
    pub fingerprint: u64,
}

impl Base {
    pub fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
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
        if count == self.count && same {
            return self.scheduler.try_load_record(&record.record(BASE));
        }
        let others = if count == self.count {
            ", but others"
        } else {
            ""
        };
        Err(LoadError::Kind {
            expected: plural(self.count),
            found: plural(count) + others,
        })
    }
}

impl LrScheduler for Base {
    fn step(&mut self) -> LearningRate {
        self.scheduler.step()
    }

    fn to_record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new()
            .with_scalar(COUNT, self.count)
            .with_scalar(FINGERPRINT, self.fingerprint)
            .with_record(BASE, self.scheduler.record())
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        or_panic(self.try_load_record(&record));
    }
}

/// A group among Burn's, which steps it right after the base, on the same thread.
#[derive(Clone)]
pub(super) struct Member {
    /// The base's number.
    pub family: u64,
    pub view: View,
    pub own: Option<DynScheduler>,
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
            own.load_record(record);
        }
    }
}
