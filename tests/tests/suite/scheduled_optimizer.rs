//! Quantities of an optimizer that follow the learning rate's steps.

use std::sync::{Arc, Mutex};

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, Optimizer, RecordState, Sgd, SgdConfig};
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;

/// Notes the value that each of its steps has.
#[derive(Clone)]
struct Noting {
    value: f64,
    noted: Arc<Mutex<Vec<f64>>>,
    inner: Sgd,
}

impl Optimizer for Noting {
    type State<const D: usize> = <Sgd as Optimizer>::State<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>)
    where
        Self::State<D>: RecordState,
    {
        self.noted.lock().unwrap().push(self.value);
        self.inner.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        Sgd::to_device(state, device)
    }
}

#[derive(Module, Debug)]
struct Two {
    always: Param<Tensor<1>>,
    sometimes: Param<Tensor<1>>,
}

/// One step of a model of two parameters, of which the second may have no gradient.
fn step(optimizer: &mut ModuleOptimizer, model: Two, lr: f64, both: bool) -> Two {
    let loss = match both {
        true => model.always.val().sum() + model.sometimes.val().sum(),
        false => model.always.val().sum(),
    };
    let grads = GradientsParams::from_grads(loss.backward(), &model);
    optimizer.step(lr, model, grads)
}

fn model() -> Two {
    let device = Device::flex().autodiff();
    let ones = || Param::from_tensor(Tensor::ones([3], &device));
    Two {
        always: ones(),
        sometimes: ones(),
    }
}

type Noted = Arc<Mutex<Vec<f64>>>;

fn noting(lr: &mut Scheduler<Constant>) -> (ModuleOptimizer, Noted) {
    let noted = Noted::default();
    let notes = noted.clone();
    let value = ("value", from_fn(|n| n as f64).into_dyn());
    let optimizer = ScheduledOptimizer::new(lr, [value], move |[value]| Noting {
        value,
        noted: notes.clone(),
        inner: SgdConfig::new().build(),
    });
    (optimizer.into(), noted)
}

#[test]
fn all_parameters_see_the_value_of_the_same_step() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let (mut optimizer, noted) = noting(&mut lr);
    let mut lr = ModuleLrScheduler::new(lr);
    let mut model = model();
    for n in 0..6 {
        let rate = lr.step().base();
        model = step(&mut optimizer, model, rate, n % 3 == 2);
    }
    let expected = [0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0];
    assert_eq!(*noted.lock().unwrap(), expected);
}

#[test]
fn each_worker_sees_the_value_of_its_own_step() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let handle = lr.handle();
    let (optimizer, noted) = noting(&mut lr);
    let workers: Vec<_> = [0usize, 7]
        .into_iter()
        .map(|lead| {
            // Burn's clones share what is inside of the optimizer.
            let (mut lr, mut optimizer) = (lr.clone(), optimizer.clone());
            std::thread::spawn(move || {
                for _ in 0..lead {
                    lr.step();
                }
                let mut model = model();
                for _ in 0..200 {
                    let rate = lr.step();
                    model = step(&mut optimizer, model, rate, true);
                }
            })
        })
        .collect();
    workers
        .into_iter()
        .for_each(|worker| worker.join().unwrap());
    let mut noted = std::mem::take(&mut *noted.lock().unwrap());
    noted.sort_by(f64::total_cmp);
    let mut expected: Vec<f64> = [0..200, 7..207]
        .into_iter()
        .flatten()
        .flat_map(|n| [f64::from(n); 2])
        .collect();
    expected.sort_by(f64::total_cmp);
    assert_eq!(noted, expected);
    assert!(handle.steps() >= 200);
}

#[test]
fn a_skipped_step_comes_again_with_its_value() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let (mut optimizer, noted) = noting(&mut lr);
    let mut model = model();
    for n in 0..4 {
        let rate = lr.step();
        match n {
            1 => lr.skip_step(), // without the optimizer
            _ => model = step(&mut optimizer, model, rate, false),
        }
    }
    assert_eq!(*noted.lock().unwrap(), [0.0, 1.0, 2.0]);
}

#[test]
fn a_resumed_run_has_the_values_and_only_of_the_same_schedules() {
    let make = |quantities: &[(&str, f64)]| {
        let mut lr = Scheduler::new(Constant::new(0.1));
        for &(name, start) in quantities {
            let schedule = (name, LinearRamp::new(start, 0.0, 100).into_dyn());
            ScheduledOptimizer::new(&mut lr, [schedule], |_| SgdConfig::new().build());
        }
        lr
    };
    let mut lr = make(&[("momentum", 0.9), ("weight.decay", 0.1)]);
    for _ in 0..10 {
        lr.step();
    }
    let record = lr.to_record();
    let mut resumed = Scheduler::new(Constant::new(0.1));
    let names = [("momentum", 0.9), ("weight.decay", 0.1)];
    let schedules = names.map(|(name, start)| (name, LinearRamp::new(start, 0.0, 100).into_dyn()));
    let optimizer = ScheduledOptimizer::new(&mut resumed, schedules, |_| SgdConfig::new().build());
    resumed.try_load_record(&record).unwrap();
    resumed.step();
    assert_eq!(
        optimizer.values(),
        names.map(|(_, start)| LinearRamp::new(start, 0.0, 100).at(10))
    );

    let message = |quantities| {
        let mut lr = make(quantities);
        lr.try_load_record(&record).unwrap_err().to_string()
    };
    assert_eq!(
        message(&[("momentum", 0.9)]),
        "the record's schedule drives momentum, weight.decay, this one momentum; \
         `accept_another_schedule` goes on with this one"
    );
    assert!(message(&[]).contains("drives momentum, weight.decay, this one nothing else;"));
    assert_eq!(
        message(&[("momentum", 0.8), ("weight.decay", 0.1)]),
        "of `momentum`: the record is of another schedule: at step 0 that gave 0.9, this one gives \
         0.8; `accept_another_schedule` goes on with this one"
    );
    let mut accepts = make(&[("momentum", 0.8)]).accept_another_schedule();
    accepts.try_load_record(&record).unwrap();
    assert_eq!(accepts.position(), 10);
}

#[test]
#[should_panic(expected = "two schedules are called `momentum`")]
fn two_quantities_of_one_name_are_refused() {
    let mut lr = Scheduler::new(Constant::new(0.1));
    let momentum = || ("momentum", Constant::new(0.9).into_dyn());
    ScheduledOptimizer::new(&mut lr, [momentum(), momentum()], |_| {
        SgdConfig::new().build()
    });
}
