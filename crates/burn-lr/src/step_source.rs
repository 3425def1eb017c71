use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use burn::optim::LearningRate;

use crate::control::LrHandle;
use crate::feedback::Feedback;
use crate::record::{LoadError, Resumable};
use crate::{DynSchedule, FeedbackScheduler, Schedule, Scheduler};

/// A scheduler that other things can follow step for step: [`Scheduler`] and
/// [`FeedbackScheduler`].
pub trait StepSource: sealed::StepSource + LrScheduler + Resumable {}

impl<T: sealed::StepSource + LrScheduler + Resumable> StepSource for T {}

mod sealed {
    use super::{DynSchedule, LrHandle};

    pub trait StepSource {
        /// From now on, the schedule of another quantity follows this scheduler's steps.
        fn drive(&mut self, name: &str, schedule: &DynSchedule);

        /// From now on, each step is announced on its thread; returns under which number.
        fn announce(&mut self) -> u64;

        fn handle(&self) -> LrHandle;

        /// The same at the same position, but nothing that is done to the one is done to the other.
        fn detached(&self) -> Self
        where
            Self: Sized;
    }
}

impl<S: Schedule + Clone> sealed::StepSource for Scheduler<S> {
    fn drive(&mut self, name: &str, schedule: &DynSchedule) {
        self.drive(name, schedule);
    }

    fn announce(&mut self) -> u64 {
        self.clock.announce()
    }

    fn handle(&self) -> LrHandle {
        self.handle()
    }

    fn detached(&self) -> Self {
        self.detached()
    }
}

impl<S: Schedule + Clone, F: Feedback + Clone> sealed::StepSource for FeedbackScheduler<S, F> {
    fn drive(&mut self, name: &str, schedule: &DynSchedule) {
        self.scheduler.drive(name, schedule);
    }

    fn announce(&mut self) -> u64 {
        self.scheduler.clock.announce()
    }

    fn handle(&self) -> LrHandle {
        self.handle()
    }

    fn detached(&self) -> Self {
        self.detached()
    }
}

/// Any of them, without its type.
pub(crate) struct DynSource(Box<dyn CloneSource>);

trait CloneSource: StepSource {
    fn cloned(&self) -> Box<dyn CloneSource>;
    fn detached_box(&self) -> Box<dyn CloneSource>;
}

impl<T: StepSource + Clone + 'static> CloneSource for T {
    fn cloned(&self) -> Box<dyn CloneSource> {
        Box::new(self.clone())
    }

    fn detached_box(&self) -> Box<dyn CloneSource> {
        Box::new(self.detached())
    }
}

impl DynSource {
    pub fn new(source: impl StepSource + Clone + 'static) -> Self {
        Self(Box::new(source))
    }

    pub fn announce(&mut self) -> u64 {
        self.0.announce()
    }

    pub fn handle(&self) -> LrHandle {
        self.0.handle()
    }

    pub fn detached(&self) -> Self {
        Self(self.0.detached_box())
    }
}

impl Clone for DynSource {
    fn clone(&self) -> Self {
        Self((*self.0).cloned())
    }
}

impl Resumable for DynSource {
    fn record(&self) -> LrSchedulerRecord {
        self.0.record()
    }

    fn try_load_record(&mut self, record: &LrSchedulerRecord) -> Result<(), LoadError> {
        self.0.try_load_record(record)
    }

    fn description(&self) -> Option<String> {
        self.0.description()
    }
}

impl LrScheduler for DynSource {
    fn step(&mut self) -> LearningRate {
        self.0.step()
    }

    fn to_record(&self) -> LrSchedulerRecord {
        self.0.to_record()
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        self.0.load_record(record);
    }
}
