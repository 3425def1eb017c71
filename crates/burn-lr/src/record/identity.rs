use burn::lr_scheduler::LrSchedulerRecord;

use super::error::LoadError;
use super::fields::Fields;
use lr_schedule::{Schedule, ScheduleExt, Spec};

const FINGERPRINT: &str = "fingerprint";

/// The steps whose rates a record holds, to recognise its schedule by.
const PROBES: [u64; 8] = [0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

fn probe_name(step: u64) -> String {
    format!("rate_at_{step}")
}

/// The numbers that a schedule is recognised by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    /// The fingerprint of its description, where it has one.
    fingerprint: Option<u64>,
    probes: [f64; PROBES.len()],
    /// The share of the largest rate by which the same schedule may differ on another machine.
    tolerance: f64,
}

impl Identity {
    pub fn of(schedule: &impl Schedule) -> Self {
        let spec = schedule.to_spec();
        // The last bits of a cosine, and for a recurrence those of a million of them.
        let tolerance = match spec.as_ref().is_some_and(Spec::recurs) {
            false => 1e-12,
            true => 1e-6,
        };
        Self {
            fingerprint: spec.map(|spec| fingerprint(&to_json(&spec))),
            probes: PROBES.map(|step| schedule.at(step)),
            tolerance,
        }
    }

    /// The record that [`read`](Self::read) reads.
    pub fn store(&self) -> LrSchedulerRecord {
        let mut record = LrSchedulerRecord::new();
        if let Some(fingerprint) = self.fingerprint {
            record = record.with_scalar(FINGERPRINT, fingerprint);
        }
        let probes = PROBES.iter().zip(self.probes);
        probes.fold(record, |record, (step, rate)| {
            record.with_scalar(&probe_name(*step), rate)
        })
    }

    pub(super) fn read(fields: &Fields) -> Result<Self, LoadError> {
        let fingerprint = fields.optional(FINGERPRINT, Fields::count)?;
        let mut probes = [0.0; PROBES.len()];
        for (step, probe) in PROBES.iter().zip(&mut probes) {
            *probe = fields.number(&probe_name(*step))?;
        }
        Ok(Self {
            fingerprint,
            probes,
            tolerance: 0.0, // that of the schedule which it is compared with counts
        })
    }

    /// Whether the schedule at hand is this one, which was saved.
    pub fn check(&self, given: &Self) -> Result<(), LoadError> {
        let probes = self.probes.iter().zip(&given.probes);
        let tolerance = given.tolerance;
        let mut largest: f64 = 0.0;
        for (step, (&saved, &given)) in PROBES.into_iter().zip(probes) {
            // Machines may differ in the last bits, and in no more. Those are bits of the largest
            // rate up to there, since a rate near 0 is what is left of larger ones.
            if saved.is_finite() {
                largest = largest.max(saved.abs());
            }
            let same = (saved - given).abs() <= tolerance * largest;
            if !same && saved.to_bits() != given.to_bits() {
                return Err(LoadError::AnotherSchedule { step, saved, given });
            }
        }
        match (self.fingerprint, given.fingerprint) {
            (Some(saved), Some(given)) if saved != given => Err(LoadError::AnotherDescription),
            _ => Ok(()),
        }
    }
}

/// A spec as it is stored and fingerprinted.
pub(crate) fn to_json(spec: &impl serde::Serialize) -> String {
    serde_json::to_string(spec).expect("a spec is plain data, which always has a JSON form")
}

/// A number that texts are told apart by.
pub(crate) fn fingerprint(text: &str) -> u64 {
    let hash = blake3::hash(text.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("8 of 32 bytes"))
}
