//! Config files of every ecosystem, against the rates that it gives: see `configs/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lr_compat::ecosystems::{self, ECOSYSTEMS, Facts};
use lr_schedule::spec::{Data, Format};
use lr_schedule::{Schedule, ScheduleError, Spec};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    given: Given,
    tolerance: Option<f64>,
    rates: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    base_lr: Option<f64>,
    total_steps: Option<u64>,
    epochs: Option<u64>,
    steps_per_epoch: Option<u64>,
    batches_per_epoch: Option<u64>,
    samples: Option<u64>,
    processes: Option<u64>,
    samples_per_step: Option<u64>,
    tokens_per_step: Option<u64>,
    group: Option<String>,
}

impl Given {
    fn facts(&self) -> Facts {
        Facts {
            base_lr: self.base_lr,
            total_steps: self.total_steps,
            epochs: self.epochs,
            steps_per_epoch: self.steps_per_epoch,
            batches_per_epoch: self.batches_per_epoch,
            samples: self.samples,
            processes: self.processes,
            samples_per_step: self.samples_per_step,
            tokens_per_step: self.tokens_per_step,
            group: self.group.clone(),
            ..Facts::default()
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let entries = fs::read_dir(configs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn data(path: &Path) -> Data {
    let text = fs::read_to_string(path).unwrap();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let format = ending.and_then(Format::of_ending);
    let format = format.unwrap_or_else(|| Format::of(&text));
    format
        .read(&text)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first step at which a spec doesn't give the rates.
fn difference(spec: Result<Spec, ScheduleError>, entry: &Entry) -> Option<String> {
    let schedule = match spec.and_then(|spec| spec.build()) {
        Ok(schedule) => schedule,
        Err(error) => return Some(error.to_string()),
    };
    let largest = entry
        .rates
        .iter()
        .fold(0.0f64, |max, rate| max.max(rate.abs()));
    let tolerance = entry.tolerance.unwrap_or(1e-12) * largest;
    let mut ours = f64::NAN;
    (0u64..).zip(&entry.rates).find_map(|(step, rate)| {
        ours = schedule.advance(step, ours);
        let same = (ours - rate).abs() <= tolerance;
        (!same).then(|| format!("step {step} has {ours}, not {rate}"))
    })
}

#[test]
fn every_config_has_the_rates_of_its_ecosystem() {
    let (mut count, mut wrong) = (0, Vec::new());
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let named = ecosystems::named(name).unwrap_or_else(|| panic!("nothing is called {name}"));
        let text = fs::read_to_string(folder.join("rates.json")).unwrap();
        let entries: BTreeMap<String, Entry> = serde_json::from_str(&text).unwrap();
        for (file, entry) in entries {
            count += 1;
            let data = data(&folder.join(&file));
            let facts = entry.given.facts();
            let known = ECOSYSTEMS
                .iter()
                .filter(|ecosystem| (ecosystem.recognises)(&data));
            let known: Vec<&str> = known.map(|ecosystem| ecosystem.names[0]).collect();
            if known != [named.names[0]] {
                wrong.push(format!("{name}/{file}: is recognised as {known:?}"));
            }
            if let Some(why) = difference((named.read)(data, &facts), &entry) {
                wrong.push(format!("{name}/{file}: {why}"));
            }
        }
    }
    println!("ecosystems: {} of {count} configs", count - wrong.len());
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
