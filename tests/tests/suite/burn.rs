//! Schedulers where Burn takes its own: inside its module scheduler, its groups and its learner.

use burn::config::Config;
use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::composed::{ComposedLrSchedulerConfig, SchedulerReduction};
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::noam::NoamLrSchedulerConfig;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::module::{Module, ParamGroup, ParamId};
use burn::nn::Linear;
use burn::optim::AdamConfig;
use burn::tensor::{Device, Tensor};
use burn::train::{InferenceStep, Learner, RegressionOutput, TrainOutput, TrainStep};
use burn_lr::prelude::*;
use linear::data::Dataset;
use tests::devices;

/// Burn's own scheduler, and what its config stands for here: the same sequence.
fn same_sequence(
    name: &str,
    config: &impl serde::Serialize,
    burn: Result<ModuleLrScheduler, String>,
) {
    let mut burn = burn.unwrap();
    let config = serde_json::json!({"scheduler": name, "args": config}).to_string();
    let spec = lr_compat::burn::parse(&config).unwrap();
    let mut ours: ModuleLrScheduler = Scheduler::new(spec.build().unwrap()).into();
    for step in 0..3_000 {
        let (ours, burn) = (ours.step().base(), burn.step().base());
        assert!(
            (ours - burn).abs() < 1e-12,
            "{ours}, Burn {burn} at step {step} of {config}"
        );
    }
}

#[test]
fn burns_eight_schedulers_are_the_same_here() {
    let linear = LinearLrSchedulerConfig::new(0.9, 0.01, 100);
    same_sequence("LinearLrScheduler", &linear, linear.init());
    let rising = LinearLrSchedulerConfig::new(1e-5, 0.5, 1);
    same_sequence("LinearLrSchedulerConfig", &rising, rising.init());
    let cosine = CosineAnnealingLrSchedulerConfig::new(0.9, 100).with_min_lr(0.01);
    same_sequence("CosineAnnealingLrScheduler", &cosine, cosine.init());
    let exponential = ExponentialLrSchedulerConfig::new(0.9, 0.97);
    same_sequence("ExponentialLrScheduler", &exponential, exponential.init());
    let slow = ExponentialLrSchedulerConfig::new(1.0, 0.9999);
    same_sequence("Exponential", &slow, slow.init());
    let noam = NoamLrSchedulerConfig::new(1.0).with_warmup_steps(400);
    same_sequence("NoamLrScheduler", &noam, noam.init());
    let small = NoamLrSchedulerConfig::new(0.3)
        .with_model_size(16)
        .with_warmup_steps(1);
    same_sequence("Noam", &small, small.init());
    let step = StepLrSchedulerConfig::new(0.9, 30).with_gamma(0.5);
    same_sequence("StepLrScheduler", &step, step.init());
    let default = StepLrSchedulerConfig::new(0.9, 1);
    same_sequence("Step", &default, default.init());
    same_sequence(
        "ConstantLr",
        &serde_json::json!({"lr": 0.9}),
        Ok(0.9.into()),
    );
    same_sequence("Constant", &0.9, Ok(0.9.into()));

    let sequential = SequentialLrSchedulerConfig::new(
        vec![
            LrSchedulerConfig::Linear(rising.clone()),
            LrSchedulerConfig::Constant(0.5),
            LrSchedulerConfig::Cosine(cosine.clone()),
            LrSchedulerConfig::Noam(noam.clone()),
        ],
        vec![1, 70, 500],
    );
    same_sequence("SequentialLrScheduler", &sequential, sequential.init());
    for reduction in [
        SchedulerReduction::Prod,
        SchedulerReduction::Sum,
        SchedulerReduction::Avg,
    ] {
        let composed = ComposedLrSchedulerConfig::new()
            .cosine(cosine.clone())
            .exponential(slow.clone())
            .step(step.clone())
            .linear(linear.clone())
            .constant(0.7)
            .noam(noam.clone())
            .with_reduction(reduction);
        same_sequence("ComposedLrScheduler", &composed, composed.init());
        let nested = ComposedLrSchedulerConfig::new()
            .composed(composed)
            .constant(0.5);
        same_sequence("Composed", &nested, nested.init());
    }
}

#[test]
fn a_sequence_resumed_in_its_middle_goes_on_there() {
    // PyTorch's own forgets which part it was in: github.com/pytorch/pytorch/issues/162591
    let config = r#"{"scheduler": "SequentialLR", "args": {"milestones": [10, 10, 25], "schedulers": [
        {"scheduler": "LinearLR", "args": {"start_factor": 0.1, "total_iters": 10}},
        {"scheduler": "ConstantLR", "args": {"factor": 0.3}},
        {"scheduler": "CosineAnnealingLR", "args": {"T_max": 15, "eta_min": 0.01}},
        {"scheduler": "ExponentialLR", "args": {"gamma": 0.9}}
    ]}}"#;
    let schedule = lr_compat::torch::parse(config, 0.1)
        .unwrap()
        .build()
        .unwrap();
    let make = || ModuleLrScheduler::from(Scheduler::new(schedule.clone()));
    let mut lr = make();
    for step in 0..50 {
        lr = make().load_record(lr.to_record()); // between any two steps
        assert_eq!(lr.step().base(), schedule.at(step));
    }
}

/// A program's own config, as Burn has them.
#[derive(Config, Debug)]
struct TrainingConfig {
    #[config(default = 3)]
    epochs: usize,
    schedule: Spec,
}

#[test]
fn a_spec_is_a_field_of_a_config() {
    let text = r#"{
        "epochs": 5,
        "schedule": {"warmup": {"steps": "10%", "of": {"cosine": {"start": 0.1, "steps": "rest"}}}}
    }"#;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    std::fs::write(&path, text).unwrap();
    let config = TrainingConfig::load(&path).unwrap();
    let run = TrainingLength::new(640, 64, config.epochs as u64).unwrap();
    let schedule = config.schedule.resolve(&run).unwrap().build().unwrap();
    assert_eq!((schedule.at(5), schedule.at(50)), (0.1, 0.0));

    config.save(&path).unwrap();
    let again = TrainingConfig::load(&path).unwrap();
    assert_eq!((again.schedule, again.epochs), (config.schedule, 5));

    std::fs::write(&path, text.replace("cosine", "cosin")).unwrap();
    let error = TrainingConfig::load(&path).unwrap_err().to_string();
    let expected = "warmup.of.cosin: is no known schedule; did you mean `cosine`?";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn groups_step_and_resume_each_on_its_own() {
    let (base, head) = (ParamId::new(), ParamId::new());
    let schedule = Cosine::new(0.1, 0.0, 40).warmup(10);
    let make = || {
        let rule = ReduceOnPlateau::new(Mode::Min);
        ModuleLrScheduler::new(Scheduler::new(schedule)).with_group(
            ParamGroup::from_ids(vec![head]),
            Scheduler::with_feedback(schedule.scale(10.0), rule),
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
pub struct Regression {
    layer: Linear,
}

impl Regression {
    pub fn new(device: &Device) -> Self {
        let layer = burn::nn::LinearConfig::new(10, 1).init(device);
        Self { layer }
    }

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
    let lr = Scheduler::new(OneCycle::new(0.1, 60));
    Learner::new(Regression::new(device), AdamConfig::new().init(), lr)
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
