//! The story of a PyTorch notebook on learning-rate schedulers, line by line, as the README tells
//! it. Where PyTorch or transformers wrote a table, the rates that Burn gets are held to it.

use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, Sgd, SgdConfig};
use burn_lr::prelude::*;
use linear::data::FEATURES;
use tests::{Training, devices};

/// A case of a parity table: rates, momenta and metrics, step by step.
struct Case(serde_json::Value);

impl Case {
    fn new(library: &str, id: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/lr-compat/tables");
        let text = std::fs::read_to_string(format!("{path}/{library}.json")).unwrap();
        let table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = table["cases"].as_array().unwrap();
        let case = cases
            .iter()
            .find(|case| case["id"] == format!("{library}/{id}"));
        Self(case.unwrap().clone())
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let values = self.0[name].as_array().unwrap();
        values
            .iter()
            .map(|value| value.as_f64().unwrap_or(f64::NAN))
            .collect()
    }

    /// Steps a scheduler where training would, inside Burn's own, and compares.
    fn holds_for(&self, schedule: impl Schedule + Clone + Send + Sync + 'static) {
        let mut lr: ModuleLrScheduler = Scheduler::new(schedule).into();
        self.assert_column("lr", |_| lr.step().base());
    }

    fn assert_column(&self, name: &str, mut ours: impl FnMut(usize) -> f64) {
        let expected = self.column(name);
        let largest = expected.iter().cloned().fold(0.0, f64::max);
        for (step, expected) in expected.into_iter().enumerate() {
            let ours = ours(step);
            let close = (ours - expected).abs() <= 1e-12 * largest;
            assert!(
                close,
                "{}: {ours}, not {expected} at step {step}",
                self.0["id"]
            );
        }
    }
}

fn sgd(momentum: f64) -> Sgd {
    let momentum = MomentumConfig::new().with_momentum(momentum);
    let config = SgdConfig::new().with_momentum(Some(momentum.with_dampening(0.0)));
    config.build()
}

#[test]
fn entry_1_a_rate_is_changed_by_hand_in_the_middle_of_a_run() {
    for device in devices() {
        let schedule = LinearRamp::new(0.1, 0.0, 100);
        let mut training = Training::new(SgdConfig::new().init(), &device);
        let mut lr = Scheduler::new(schedule);
        let handle = lr.handle();
        training.step(lr.step());
        assert_eq!(handle.lr(), 0.1);

        // A rate of 0 in force: nothing moves.
        handle.set(0.0).unwrap();
        let before = training.weights();
        training.step(lr.step());
        assert_eq!(training.weights(), before);

        // By another thread, and part of the saved state.
        let elsewhere = handle.clone();
        std::thread::spawn(move || elsewhere.set(0.02).unwrap())
            .join()
            .unwrap();
        handle.scale(0.5).unwrap();
        let record = lr.to_record();
        let mut resumed = Scheduler::new(schedule);
        resumed.try_load_record(&record).unwrap();
        for lr in [&mut lr, &mut resumed] {
            assert_eq!(lr.step(), 0.01);
            lr.handle().release();
            assert_eq!(lr.step(), schedule.at(3));
        }
        training.step(handle.lr());
        assert_ne!(training.weights(), before);
    }
}

#[test]
fn entry_1_what_cannot_be_a_rate_is_not_put_in_force() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let handle = lr.handle();
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        let message = handle.set(bad).unwrap_err().to_string();
        assert_eq!(
            message,
            format!("lr: must be finite and at least 0, got {bad}")
        );
        assert!(handle.scale(bad).is_err());
    }
    handle.scale(1e300).unwrap();
    assert!(handle.scale(1e300).is_err());
    handle.release();
    assert_eq!(lr.step(), 0.1);
}

#[test]
fn entry_1_a_handle_survives_what_burn_does_to_schedulers() {
    let schedule = Cosine::new(0.1, 0.0, 50);
    let lr = Scheduler::new(schedule);
    let handle = lr.handle();
    let mut inside = ModuleLrScheduler::new(lr);
    inside.step();
    let mut clone = inside.clone().load_record(inside.to_record());
    handle.set(0.03).unwrap();
    assert_eq!(clone.step().base(), 0.03);
    assert_eq!((handle.lr(), handle.steps()), (0.03, 2));
}

#[test]
fn entry_2_milestones() {
    let case = Case::new("torch", "MultiStepLR/notebook");
    case.holds_for(MultiStep::new(0.1, [30, 0], 0.1));
}

#[test]
fn entry_3_cosine_annealing() {
    let case = Case::new("torch", "CosineAnnealingLR/notebook");
    case.holds_for(CosineAnnealing::new(0.1, 1e-4, 100));
    case.holds_for(Cosine::new(0.1, 1e-4, 100)); // which stays there afterwards
}

#[test]
fn entry_4_warm_up_in_front_of_anything() {
    let (base, warmup, rest) = (5e-4, 10, 90);
    let case = |id| Case::new("transformers", id);
    case("constant_with_warmup/0").holds_for(Constant::new(base).warmup(warmup));
    case("linear/0").holds_for(LinearRamp::new(base, 0.0, rest).warmup(warmup));
    case("cosine/0").holds_for(CosineAnnealing::new(base, 0.0, rest).warmup(warmup));
    case("cosine_with_restarts/0").holds_for(HardRestarts::new(base, rest, 3.0).warmup(warmup));
}

#[test]
fn entry_5_warm_restarts() {
    let case = Case::new("torch", "CosineAnnealingWarmRestarts/notebook");
    case.holds_for(WarmRestarts::new(0.1, 0.0, 20, 10));
}

#[test]
fn entry_6_reduced_when_a_metric_stalls() {
    let case = Case::new("torch", "ReduceLROnPlateau/default");
    let rule = ReduceOnPlateau::new(Mode::Min);
    let metrics = case.column("metrics");
    let mut lr = Scheduler::with_feedback(Constant::new(0.1), rule.clone());
    case.assert_column("lr", |step| {
        // Resumed between any two steps: nothing is lost.
        let mut resumed = Scheduler::with_feedback(Constant::new(0.1), rule.clone());
        resumed.try_load_record(&lr.to_record()).unwrap();
        lr = resumed;
        let rate = lr.step();
        lr.observe(metrics[step]);
        rate
    });
    assert!(lr.step() < 0.1);
}

#[test]
fn entry_6_another_rule_is_refused_unless_it_was_asked_for() {
    let saved = Scheduler::with_feedback(Constant::new(0.1), ReduceOnPlateau::new(Mode::Min));
    let rule = ReduceOnPlateau::new(Mode::Max);
    let mut lr = Scheduler::with_feedback(Constant::new(0.1), rule.clone());
    let error = lr.try_load_record(&saved.to_record()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the record is of another feedback rule")
    );
    let mut lr = lr.accept_another_rule();
    lr.try_load_record(&saved.to_record()).unwrap();
    assert_eq!(*lr.rule(), rule);

    let error = lr.try_load_record(&Scheduler::new(Constant::new(0.1)).to_record());
    assert_eq!(
        error.unwrap_err().to_string(),
        "the record is of a scheduler without a feedback rule, not of a scheduler with a feedback rule"
    );
}

/// SGD on the same data, computed here in 64 bits: `v = momentum · v + gradient`, `w -= lr · v`.
fn reference(training: &Training, steps: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    let rows = &training.data.train;
    let (mut weights, mut velocity) = ([0.0; FEATURES + 1], [0.0; FEATURES + 1]);
    for (lr, momentum) in steps {
        let mut gradient = [0.0; FEATURES + 1];
        for (features, target) in rows.features.iter().zip(&rows.targets) {
            let inputs: Vec<f64> = features.iter().copied().chain([1.0]).collect();
            let output: f64 = inputs.iter().zip(weights).map(|(x, w)| x * w).sum();
            for (gradient, x) in gradient.iter_mut().zip(inputs) {
                *gradient += 2.0 * (output - target) * x / rows.len() as f64;
            }
        }
        for i in 0..weights.len() {
            velocity[i] = momentum * velocity[i] + gradient[i];
            weights[i] -= lr * velocity[i];
        }
    }
    weights.into()
}

#[test]
fn entry_7_the_1cycle_policy_moves_rate_and_momentum() {
    let case = Case::new("torch", "OneCycleLR");
    let cycle = OneCycle::new(0.1, 100);
    case.holds_for(cycle);
    let mut momentum = Scheduler::new(cycle.momentum());
    case.assert_column("momentum", |_| momentum.step());

    for device in devices() {
        let mut lr = Scheduler::new(cycle);
        let momentum = ("momentum", cycle.momentum().into_dyn());
        let optimizer = ScheduledOptimizer::new(&mut lr, [momentum], |[momentum]| sgd(momentum));
        let mut training = Training::new(optimizer.into(), &device);
        for _ in 0..100 {
            training.step(lr.step());
        }
        let of_the_case = case.column("lr").into_iter().zip(case.column("momentum"));
        let expected = reference(&training, of_the_case);
        let largest = expected
            .iter()
            .cloned()
            .fold(0.0, |a: f64, b| a.max(b.abs()));
        for (ours, expected) in training.weights().into_iter().zip(expected) {
            let ours = f64::from(ours);
            assert!(
                (ours - expected).abs() < 1e-5 * largest,
                "{ours}, not {expected}"
            );
        }
    }
}

#[test]
fn entries_8_and_9_the_state_of_optimizer_and_scheduler_is_saved_and_loaded() {
    for device in devices() {
        let schedule = Cosine::new(0.1, 0.0, 15).warmup(5);
        let config = AdamConfig::new();
        let mut whole = Training::new(config.init(), &device);
        let mut lr = Scheduler::new(schedule);
        for _ in 0..8 {
            whole.step(lr.step());
        }
        // Each in a file of its own, with Burn's own means.
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        whole.optimizer.save(path("optimizer")).unwrap();
        lr.to_record().save(path("scheduler")).unwrap();

        let mut resumed = Training::new(config.init(), &device);
        resumed.model = whole.model.clone();
        resumed.optimizer = resumed.optimizer.load(path("optimizer")).unwrap();
        let mut resumed_lr = Scheduler::new(schedule);
        let record = LrSchedulerRecord::load(path("scheduler")).unwrap();
        resumed_lr.try_load_record(&record).unwrap();
        for _ in 8..20 {
            let (rate, resumed_rate) = (lr.step(), resumed_lr.step());
            assert_eq!(rate.to_bits(), resumed_rate.to_bits());
            whole.step(rate);
            resumed.step(resumed_rate);
        }
        assert_eq!(whole.weights(), resumed.weights(), "on {device:?}");
    }
}
