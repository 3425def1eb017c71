//! Schedulers where Burn takes its own: inside its module scheduler, its groups and its learner.

use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::module::{Module, ParamGroup, ParamId};
use burn::nn::Linear as LinearLayer;
use burn::optim::AdamConfig;
use burn::tensor::{Device, Tensor};
use burn::train::{InferenceStep, Learner, RegressionOutput, TrainOutput, TrainStep};
use burn_lr::prelude::*;
use linear::data::Dataset;
use tests::devices;

fn same_sequence(ours: impl Schedule + Clone + Send + Sync + 'static, burn: ModuleLrScheduler) {
    let mut ours: ModuleLrScheduler = Scheduler::new(ours).into();
    let mut burn = burn;
    for step in 0..300 {
        let (ours, burn) = (ours.step().base(), burn.step().base());
        assert!(
            (ours - burn).abs() < 1e-12,
            "{ours}, Burn {burn} at step {step}"
        );
    }
}

#[test]
fn burns_own_shapes_are_the_same_here() {
    let linear = LinearLrSchedulerConfig::new(0.9, 0.01, 100);
    same_sequence(Linear::new(0.9, 0.01, 100), linear.init().unwrap());
    let cosine = CosineAnnealingLrSchedulerConfig::new(0.9, 100).with_min_lr(0.01);
    same_sequence(CosineAnnealing::new(0.9, 0.01, 100), cosine.init().unwrap());
    let exponential = ExponentialLrSchedulerConfig::new(0.9, 0.97);
    same_sequence(Exponential::new(0.9, 0.97), exponential.init().unwrap());
    let step = StepLrSchedulerConfig::new(0.9, 30).with_gamma(0.5);
    same_sequence(Step::new(0.9, 30, 0.5), step.init().unwrap());
    same_sequence(Constant::new(0.9), 0.9.into());
}

#[test]
fn groups_step_and_resume_each_on_its_own() {
    let (base, head) = (ParamId::new(), ParamId::new());
    let schedule = Cosine::new(0.1, 0.0, 40).warmup(10);
    let make = || {
        let rule = ReduceOnPlateau::new(Mode::Min);
        ModuleLrScheduler::new(Scheduler::new(schedule)).with_group(
            ParamGroup::from_ids(vec![head]),
            FeedbackScheduler::new(schedule.scale(10.0), rule),
        )
    };
    let mut lr = make();
    for step in 0..60 {
        lr = make().load_record(lr.to_record()); // between any two steps
        let rates = lr.step();
        assert_eq!(rates.lr_from_param(base, None), schedule.at(step));
        assert_eq!(
            rates.lr_from_param(head, None),
            schedule.scale(10.0).at(step)
        );
    }
}

#[test]
#[should_panic(expected = "can't resume the learning rate: the record is empty")]
fn a_group_whose_state_was_not_saved_does_not_restart_in_silence() {
    let lr = || Scheduler::new(Constant::new(0.1));
    let saved = ModuleLrScheduler::new(lr()).to_record();
    let more = ModuleLrScheduler::new(lr()).with_group(ParamGroup::from_predicate("head"), lr());
    more.load_record(saved);
}

/// A regression as burn-train takes it.
#[derive(Module, Debug)]
struct Regression {
    layer: LinearLayer,
}

impl Regression {
    fn output(&self, (features, targets): (Tensor<2>, Tensor<2>)) -> RegressionOutput {
        let output = self.layer.forward(features);
        let loss = (output.clone() - targets.clone()).square().mean();
        RegressionOutput::new(loss, output, targets)
    }
}

impl TrainStep for Regression {
    type Input = (Tensor<2>, Tensor<2>);
    type Output = RegressionOutput;

    fn step(&self, batch: Self::Input) -> TrainOutput<RegressionOutput> {
        let output = self.output(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Regression {
    type Input = (Tensor<2>, Tensor<2>);
    type Output = RegressionOutput;

    fn step(&self, batch: Self::Input) -> RegressionOutput {
        self.output(batch)
    }
}

fn learner(device: &Device) -> Learner<Regression> {
    let layer = burn::nn::LinearConfig::new(10, 1).init(device);
    let schedule = OneCycle::new(0.1, 60);
    Learner::new(
        Regression { layer },
        AdamConfig::new().init(),
        Scheduler::new(schedule),
    )
}

#[test]
fn burn_trains_learner_steps_a_scheduler() {
    for device in devices() {
        let data = Dataset::new(1).train.to_tensors(&device);
        let mut learner = learner(&device);
        let mut losses = vec![];
        for step in 0..60 {
            learner.lr_step();
            assert_eq!(learner.lr_current().base(), OneCycle::new(0.1, 60).at(step));
            let output = learner.train_step(data.clone());
            losses.push(output.item.loss.into_scalar::<f32>());
            learner.optimizer_step(output.grads);
        }
        let (first, last) = (losses[0], losses[59]);
        assert!(
            last < 0.6 && last < first,
            "from {first} to {last} on {device:?}"
        );
    }
}

#[test]
fn burn_trains_learner_loads_a_schedulers_record() {
    let device = &devices()[0];
    let mut lr = ModuleLrScheduler::new(Scheduler::new(OneCycle::new(0.1, 60)));
    for _ in 0..25 {
        lr.step();
    }
    let mut learner = learner(device);
    learner.load_scheduler(lr.to_record());
    learner.lr_step();
    assert_eq!(learner.lr_current().base(), OneCycle::new(0.1, 60).at(25));
}
