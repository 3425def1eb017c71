//! The cost of a step: of each scheduler beside Burn's own of the same shape, both inside
//! `ModuleLrScheduler`, as they run in training; and of schedulers alone.

use std::hint::black_box;

use benches::{STEPS, pairs};
use burn_lr::prelude::*;
use criterion::{Criterion, criterion_group, criterion_main};

fn beside_burns_own(criterion: &mut Criterion) {
    for mut pair in pairs() {
        let mut group = criterion.benchmark_group(format!("step/{}", pair.name));
        group.bench_function("burn-lr", |b| b.iter(|| black_box(pair.ours.step()).base()));
        group.bench_function("burn", |b| b.iter(|| black_box(pair.burns.step()).base()));
        group.finish();
    }
}

fn alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step/alone");
    let schedule = Cosine::new(0.1, 0.001, STEPS).warmup(1000);
    let mut scheduled = Scheduler::new(schedule);
    group.bench_function("Scheduler", |b| b.iter(|| black_box(scheduled.step())));
    let mut chosen = Scheduler::new(schedule.into_dyn());
    group.bench_function("Scheduler<DynSchedule>", |b| {
        b.iter(|| black_box(chosen.step()))
    });
    let mut fed = Scheduler::with_feedback(schedule, ReduceOnPlateau::new(Mode::Min));
    group.bench_function("Scheduler::with_feedback", |b| {
        b.iter(|| black_box(fed.step()))
    });
    group.finish();
}

criterion_group!(benches, beside_burns_own, alone);
criterion_main!(benches);
