//! The time to make a schedule of a text: of every kind there is, and of one that is nested.

use std::hint::black_box;

use benches::{NearAndFar, every};
use burn_lr::Spec;
use criterion::{Criterion, criterion_group, criterion_main};

/// Warm-up, stable, and a cooldown, with lengths in shares and epochs.
const NESTED: &str = r#"{"warmup": {"steps": "5%", "of": {"cooldown": {"start": "80%", "steps": "rest",
    "shape": {"power": {"power": 0.5}}, "of": {"sequence": [
        {"cosine": {"start": 0.1, "end": 0.01, "steps": "1 epochs"}},
        {"warm_restarts": {"max": 0.01, "t_0": 1000, "t_mult": 2}}]}}}}}"#;

fn specs(criterion: &mut Criterion) {
    let read = |text: &str| serde_json::from_str::<Spec>(text).expect("it is a spec");
    for NearAndFar { name, text, .. } in every() {
        criterion.bench_function(&format!("spec/{name}"), |b| {
            b.iter(|| read(black_box(&text)).build().expect("it is a valid one"))
        });
    }
    let run = burn_lr::spec::TrainingLength::new(50_000, 128, 90).expect("it is a run");
    criterion.bench_function("spec/nested, resolved", |b| {
        b.iter(|| {
            let spec = read(black_box(NESTED)).resolve(&run);
            spec.and_then(|spec| spec.build()).expect("it is valid")
        })
    });
}

criterion_group!(benches, specs);
criterion_main!(benches);
