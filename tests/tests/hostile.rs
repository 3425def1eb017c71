//! Checkpoint files that nobody wrote: with the right digest, and anything in them. Loading,
//! restoring and training on gives an error or works; it never panics, and loading takes no more
//! memory than a few times the file.
//!
//! `PROPTEST_CASES` sets how many there are.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use burn::optim::{AdamConfig, SgdConfig};
use burn::tensor::{Bytes, Device};
use burn_lr::prelude::*;
use burn_pack::{DType, Reader, Scalar, Tensor, Writer};
use common::cases;
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use tests::Training;
use twox_hash::XxHash3_128;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The memory that loading may take beyond what the file's bytes account for. (The optimizer's part is mapped, which this does not
/// count: its size is checked against the file's.)
const OVERHEAD: usize = 256 << 10;

fn lr() -> Scheduler<burn_lr::combine::Warmup<Cosine>, ReduceOnPlateau> {
    let rule = ReduceOnPlateau::new(Mode::Min);
    Scheduler::with_feedback(Cosine::new(0.1, 0.0, 90).warmup(10), rule)
}

fn training() -> Training {
    Training::new(AdamConfig::new().init(), &Device::flex().autodiff())
}

/// A real checkpoint of version 3, taken apart.
#[derive(Clone)]
struct Parts {
    optimizer: Vec<u8>,
    model: Vec<u8>,
    scheduler: Vec<u8>,
    texts: BTreeMap<String, String>,
    scalars: BTreeMap<String, Scalar>,
}

const NAMES: [&str; 3] = ["optimizer", "model", "scheduler"];

static REAL: LazyLock<Parts> = LazyLock::new(|| {
    let (mut training, mut lr) = (training(), lr());
    for _ in 0..3 {
        training.step(lr.step());
    }
    lr.handle().start_decay(5);
    let Training {
        model, optimizer, ..
    } = &training;
    let config = AdamConfig::new();
    let captured = Checkpoint::capture(model, optimizer, &config, &lr, Progress::default());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("real");
    captured.unwrap().save(&path).unwrap();
    Parts::of(&fs::read(path).unwrap())
});

impl Parts {
    fn of(file: &[u8]) -> Self {
        let (rest, trailer) = file.split_at(file.len() - 32);
        let size = u64::from_le_bytes(trailer[..8].try_into().unwrap()) as usize;
        let (mut rest, index) = rest.split_at(rest.len() - size);
        let index = Reader::from_bytes(Bytes::from_bytes_vec(index.to_vec())).unwrap();
        let parts = NAMES.map(|name| {
            let size = usize::try_from(index.scalars()[&format!("size.{name}")]).unwrap();
            let part;
            (part, rest) = rest.split_at(size);
            part.to_vec()
        });
        let [optimizer, model, scheduler] = parts;
        Self {
            optimizer,
            model,
            scheduler,
            texts: index.metadata().clone(),
            scalars: index.scalars().clone(),
        }
    }

    /// A file with the right hashes, and with the right sizes unless they were changed.
    fn write(mut self) -> Vec<u8> {
        let parts = [&self.optimizer, &self.model, &self.scheduler];
        for (name, part) in NAMES.into_iter().zip(parts) {
            let hash = format!("{:032x}", XxHash3_128::oneshot(part));
            self.texts
                .entry(format!("xxh3.{name}"))
                .and_modify(|text| *text = hash);
            let size = Scalar::UInt(part.len() as u64);
            let real = REAL.scalars[&format!("size.{name}")];
            let scalar = self.scalars.entry(format!("size.{name}"));
            scalar.and_modify(|saved| {
                if *saved == real {
                    *saved = size;
                }
            });
        }
        let texts = self.texts.iter();
        let writer = texts.fold(Writer::new(vec![]), |writer, (name, text)| {
            writer.with_metadata(name, text)
        });
        let scalars = self.scalars.iter();
        let writer = scalars.fold(writer, |writer, (name, value)| {
            writer.with_scalar(name, *value)
        });
        let index = writer.into_bytes().unwrap();
        let size = (index.len() as u64).to_le_bytes();
        let mark = b"BURN-LR\x03";
        let digest = XxHash3_128::oneshot(&[&index[..], &size, mark].concat());
        let parts = [
            &self.optimizer[..],
            &self.model,
            &self.scheduler,
            &index,
            &size,
            &digest.to_be_bytes(),
            mark,
        ];
        parts.concat()
    }
}

/// Loads, restores and trains on, if it can; returns how far it came.
fn use_file(file: &[u8], path: &Path, training: &mut Training) -> &'static str {
    fs::write(path, file).unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let loaded = Checkpoint::load(path);
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let bound = 8 * file.len() + OVERHEAD;
    assert!(peak <= bound, "{peak} bytes of memory, more than {bound}");
    let inspected = Checkpoint::inspect(path);
    let Ok(checkpoint) = loaded else {
        return "load";
    };
    assert!(inspected.is_ok());
    let model = training.model.clone();

    let sgd = SgdConfig::new();
    let all_differs = checkpoint
        .clone()
        .restoring()
        .accept_partial_model()
        .accept_other_optimizer_options()
        .accept_another_batch_size(3, 2);
    let mut other_lr = lr().accept_another_schedule().accept_another_rule();
    let _ = all_differs.restore(model.clone(), sgd.init(), &sgd, &mut other_lr);

    let (config, mut lr) = (AdamConfig::new(), lr());
    let restored = checkpoint.restore(model.clone(), config.init(), &config, &mut lr);
    let Ok((restored, optimizer)) = restored else {
        return "restore";
    };
    (training.model, training.optimizer) = (restored, optimizer);
    for _ in 0..2 {
        let rate = lr.step();
        lr.observe(rate);
        training.step(rate);
    }
    training.model = model;
    "step"
}

/// Whatever a burnpack can hold as a scalar.
fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<u64>().prop_map(Scalar::UInt),
        prop_oneof![Just(0), Just(1), Just(8), Just(9), Just(u64::MAX)].prop_map(Scalar::UInt),
        any::<i64>().prop_map(Scalar::Int),
        any::<f64>().prop_map(Scalar::Float),
        any::<bool>().prop_map(Scalar::Bool),
    ]
}

/// A change to one of a container's scalars.
#[derive(Debug, Clone)]
enum ScalarChange {
    Set(Index, Scalar),
    Remove(Index),
    Rename(Index, String),
    Add(String, Scalar),
}

fn scalar_change() -> impl Strategy<Value = ScalarChange> {
    prop_oneof![
        4 => (any::<Index>(), scalar()).prop_map(|(at, value)| ScalarChange::Set(at, value)),
        1 => any::<Index>().prop_map(ScalarChange::Remove),
        1 => (any::<Index>(), name()).prop_map(|(at, name)| ScalarChange::Rename(at, name)),
        1 => (name(), scalar()).prop_map(|(name, value)| ScalarChange::Add(name, value)),
    ]
}

impl ScalarChange {
    fn apply(&self, scalars: &mut BTreeMap<String, Scalar>) {
        let names: Vec<String> = scalars.keys().cloned().collect();
        let name = |at: &Index| names[at.index(names.len())].clone();
        if names.is_empty() && !matches!(self, Self::Add(..)) {
            return;
        }
        match self {
            Self::Set(at, value) => drop(scalars.insert(name(at), *value)),
            Self::Remove(at) => drop(scalars.remove(&name(at))),
            Self::Rename(at, other) => {
                let value = scalars.remove(&name(at)).unwrap();
                scalars.insert(other.clone(), value);
            }
            Self::Add(name, value) => drop(scalars.insert(name.clone(), *value)),
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_.]{0,12}",
        "[0-9]{1,22}\\.(__rank|time|moment_1|moment_2)",
        Just("position".to_string()),
    ]
}

/// A change to one of the tensors of the optimizer's state.
#[derive(Debug, Clone)]
enum TensorChange {
    Shape(Index, Vec<usize>),
    Type(Index, DType),
    Id(Index, Option<u64>),
    Name(Index, String),
    Remove(Index),
}

fn dtype() -> impl Strategy<Value = DType> {
    prop::sample::select(vec![
        DType::F64,
        DType::F32,
        DType::F16,
        DType::BF16,
        DType::I64,
        DType::I32,
        DType::U8,
    ])
}

fn tensor_change() -> impl Strategy<Value = TensorChange> {
    let shape = prop::collection::vec(prop_oneof![0..3usize, Just(10)], 0..10);
    prop_oneof![
        (any::<Index>(), shape).prop_map(|(at, shape)| TensorChange::Shape(at, shape)),
        (any::<Index>(), dtype()).prop_map(|(at, dtype)| TensorChange::Type(at, dtype)),
        (any::<Index>(), any::<Option<u64>>()).prop_map(|(at, id)| TensorChange::Id(at, id)),
        (any::<Index>(), name()).prop_map(|(at, name)| TensorChange::Name(at, name)),
        any::<Index>().prop_map(TensorChange::Remove),
    ]
}

impl TensorChange {
    fn apply(&self, tensors: &mut Vec<Tensor>) {
        let at = match self {
            Self::Shape(at, _) | Self::Type(at, _) | Self::Id(at, _) | Self::Name(at, _) => at,
            Self::Remove(at) => at,
        };
        if tensors.is_empty() {
            return;
        }
        let at = at.index(tensors.len());
        let old = tensors.remove(at);
        let (mut name, mut dtype, mut shape, mut id, _) = old.into_parts().unwrap();
        match self {
            Self::Shape(_, other) => shape = other.clone().into(),
            Self::Type(_, other) => dtype = *other,
            Self::Id(_, other) => id = *other,
            Self::Name(_, other) => name = other.clone(),
            Self::Remove(_) => return,
        }
        let size = shape.iter().product::<usize>() * dtype.size();
        let bytes = Bytes::from_bytes_vec(vec![0; size]);
        if tensors.iter().all(|tensor| tensor.name != name) {
            tensors.insert(at, Tensor::new(name, dtype, shape, id, bytes));
        }
    }
}

/// Burn's container of `part`, changed.
fn changed(part: &[u8], scalars: &[ScalarChange], tensors: &[TensorChange]) -> Vec<u8> {
    let reader = Reader::from_bytes(Bytes::from_bytes_vec(part.to_vec())).unwrap();
    let (texts, mut values) = (reader.metadata().clone(), reader.scalars().clone());
    let mut saved = reader.into_tensors().unwrap();
    scalars.iter().for_each(|change| change.apply(&mut values));
    tensors.iter().for_each(|change| change.apply(&mut saved));
    let writer = values
        .iter()
        .fold(Writer::new(saved), |writer, (name, value)| {
            writer.with_scalar(name, *value)
        });
    let writer = texts.iter().fold(writer, |writer, (name, text)| {
        writer.with_metadata(name, text)
    });
    writer.into_bytes().unwrap().to_vec()
}

/// Bytes of `range` overwritten, or all from some place on cut away.
#[derive(Debug, Clone)]
struct Scribble {
    at: Index,
    bytes: Vec<u8>,
    cut: bool,
}

fn scribble() -> impl Strategy<Value = Scribble> {
    let bytes = prop::collection::vec(any::<u8>(), 1..6);
    let cut = prop::bool::weighted(0.1);
    (any::<Index>(), bytes, cut).prop_map(|(at, bytes, cut)| Scribble { at, bytes, cut })
}

impl Scribble {
    fn apply(&self, target: &mut Vec<u8>) {
        if target.is_empty() {
            return;
        }
        let at = self.at.index(target.len());
        if self.cut {
            return target.truncate(at);
        }
        let range: Range<usize> = at..target.len().min(at + self.bytes.len());
        let length = range.len();
        target[range].copy_from_slice(&self.bytes[..length]);
    }
}

/// A file that nobody wrote.
fn made_up() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![optimizers(), schedulers(), bytes(), indices(), parameters()]
}

fn optimizers() -> impl Strategy<Value = Vec<u8>> {
    let scalars = prop::collection::vec(scalar_change(), 0..3);
    let tensors = prop::collection::vec(tensor_change(), 0..3);
    (scalars, tensors).prop_map(|(scalars, tensors)| {
        let mut parts = REAL.clone();
        parts.optimizer = changed(&parts.optimizer, &scalars, &tensors);
        parts.write()
    })
}

fn schedulers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(scalar_change(), 1..4).prop_map(|scalars| {
        let mut parts = REAL.clone();
        parts.scheduler = changed(&parts.scheduler, &scalars, &[]);
        parts.write()
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let scribbles = prop::collection::vec(scribble(), 1..4);
    (0..3usize, scribbles).prop_map(|(part, scribbles)| {
        let mut parts = REAL.clone();
        let target = match part {
            0 => &mut parts.optimizer,
            1 => &mut parts.model,
            _ => &mut parts.scheduler,
        };
        scribbles.iter().for_each(|scribble| scribble.apply(target));
        parts.write()
    })
}

fn indices() -> impl Strategy<Value = Vec<u8>> {
    let scalars = prop::collection::vec(scalar_change(), 0..2);
    let scribbles = prop::collection::vec(scribble(), 0..4);
    (scalars, any::<Index>(), scribbles).prop_map(|(scalars, text, scribbles)| {
        let mut parts = REAL.clone();
        scalars
            .iter()
            .for_each(|change| change.apply(&mut parts.scalars));
        let count = parts.texts.len();
        let text = parts.texts.values_mut().nth(text.index(count)).unwrap();
        let mut bytes = text.clone().into_bytes();
        scribbles
            .iter()
            .for_each(|scribble| scribble.apply(&mut bytes));
        *text = String::from_utf8_lossy(&bytes).into_owned();
        parts.write()
    })
}

fn parameters() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![0..12usize, any::<usize>()];
    let shape = prop::collection::vec(length, 0..10);
    let size = prop_oneof![
        Just(None),
        (0..100u64).prop_map(Some),
        any::<u64>().prop_map(Some)
    ];
    let id = any::<Option<u64>>();
    (any::<Index>(), shape, dtype(), id, size).prop_map(|(row, shape, dtype, id, size)| {
        let mut parts = REAL.clone();
        let text = parts.texts.get_mut("parameters").unwrap();
        let mut rows: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
        let count = rows.len();
        let row = &mut rows[row.index(count)];
        let mut lengths = shape.iter();
        let fits = lengths.try_fold(dtype.size(), |size, of| size.checked_mul(*of));
        let fits = fits.map(|size| size as u64);
        row["shape"] = serde_json::json!(shape);
        row["dtype"] = serde_json::json!(dtype);
        row["id"] = serde_json::json!(id);
        row["size"] = serde_json::json!(size.or(fits).unwrap_or(4));
        *text = serde_json::to_string(&rows).unwrap();
        let sizes = rows.iter().map(|row| row["size"].as_u64().unwrap());
        let sum = sizes.fold(0u64, u64::saturating_add);
        if sum < 1 << 16 {
            parts.model.resize(sum as usize, 0);
        }
        parts.write()
    })
}

/// One test, since all of the process's memory is counted.
#[test]
fn no_file_makes_reading_it_panic_or_take_more_memory_than_is_stated() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let mut training = training();
    assert_eq!(
        use_file(&REAL.clone().write(), &path, &mut training),
        "step"
    );
    let training = RefCell::new(training);
    let mut came_to = BTreeMap::new();
    let counts = RefCell::new(&mut came_to);
    let result = TestRunner::new(cases()).run(&made_up(), |file| {
        let end = use_file(&file, &path, &mut training.borrow_mut());
        *counts.borrow_mut().entry(end).or_insert(0) += 1;
        Ok(())
    });
    println!("{came_to:?}");
    result.unwrap();
    assert_eq!(came_to.len(), 3, "some come to each end: {came_to:?}");
}
