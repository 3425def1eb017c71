//! PyTorch's files as nobody should have written them: bits flipped, cut, spliced, and pickles made
//! up operation by operation. None makes reading them panic, nor take more memory than is stated.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p lr-torch --test hostile` goes
//! through more than the default.

mod torch_file;

use std::path::Path;

use lr_schedule::Schedule;
use lr_torch::{
    OptimizerState, ReadOptions, SchedulerState, TorchError, TorchFile, TrainingArguments, Value,
};
use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use torch_file::{Entries, entries, old, packed};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The memory, for each byte of a file and whatever its size, that opening it and reading states from it may
/// take.
const BYTES_PER_BYTE: usize = 256;
const BYTES: usize = 4 << 20;

const CASES: u32 = 20_000;

fn cases() -> u32 {
    let given = std::env::var("PROPTEST_CASES");
    given.map_or(CASES, |cases| cases.parse().expect("a number of cases"))
}

/// The files of PyTorch's in some folders, of the old format or of the other.
fn seeds(folders: &[&str], old: bool) -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(tests.join(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pt"));
    paths.sort();
    let files = paths.iter().map(|path| std::fs::read(path).unwrap());
    let files: Vec<_> = files
        .filter(|file| file.starts_with(b"PK") != old)
        .collect();
    assert!(!files.is_empty());
    files
}

#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Set(Index, u8),
    /// Eight bytes of a number that is a length somewhere.
    Number(Index, u64),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    /// A piece of one of the other seeds.
    Splice(Index, Index, Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let large = select(vec![
        0,
        1,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 40,
        i64::MAX as u64,
        u64::MAX,
    ]);
    prop_oneof![
        4 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        1 => (any::<Index>(), large).prop_map(|(at, number)| Mutation::Number(at, number)),
        1 => any::<Index>().prop_map(Mutation::Cut),
        2 => (any::<Index>(), 1..40usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        2 => (any::<Index>(), 1..200usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        2 => (any::<Index>(), any::<Index>(), any::<Index>(), 1..200usize)
            .prop_map(|(at, seed, from, length)| Mutation::Splice(at, seed, from, length)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation, others: &[Vec<u8>]) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match mutation {
        Mutation::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Mutation::Set(at, byte) => bytes[at.index(length)] = *byte,
        Mutation::Number(at, number) => {
            let at = at.index(length);
            for (byte, new) in bytes[at..].iter_mut().zip(number.to_le_bytes()) {
                *byte = new;
            }
        }
        Mutation::Cut(at) => bytes.truncate(at.index(length)),
        Mutation::Remove(at, count) => {
            let at = at.index(length);
            bytes.drain(at..length.min(at + count));
        }
        Mutation::Repeat(at, count) => {
            let at = at.index(length);
            let part = bytes[at..length.min(at + count)].to_vec();
            bytes.splice(at..at, part);
        }
        Mutation::Splice(at, seed, from, count) => {
            let other = seed.get(others);
            let from = from.index(other.len());
            let part = other[from..other.len().min(from + count)].to_vec();
            let at = at.index(length);
            bytes.splice(at..length.min(at + count), part);
        }
    }
}

/// The parts of a pickle, of which any may come after any: operations with what they take, and runs
/// of them that make something.
fn operations() -> impl Strategy<Value = Vec<u8>> {
    let key = (0..6u8).prop_map(|key| vec![b'h', key]);
    let put = (0..6u8).prop_map(|key| vec![b'q', key]);
    let text = select(vec![
        "_schedulers",
        "_milestones",
        "_last_lr",
        "base_lrs",
        "last_epoch",
        "gamma",
        "step_size",
        "milestones",
        "T_max",
        "eta_min",
        "param_groups",
        "params",
        "state",
        "lr",
        "storage",
        "0",
    ]);
    let text = text.prop_map(|text| {
        let mut bytes = vec![b'X'];
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    });
    let name = select(vec![
        "collections\nCounter\n",
        "collections\nOrderedDict\n",
        "torch\nFloatStorage\n",
        "torch._utils\n_rebuild_tensor_v2\n",
        "torch._utils\n_rebuild_parameter\n",
        "os\nsystem\n",
    ]);
    let name = name.prop_map(|name| [b"c", name.as_bytes()].concat());
    let plain = select(
        b"((((]]}})NN\x88\x89.0t12RRQbaeeeusuu\x85\x86\x87\x81\x93\x94\x8f\x90\x91\x92".to_vec(),
    );
    let long = (
        prop_oneof![
            Just(0x8au8),
            Just(0x8b),
            Just(b'X'),
            Just(b'B'),
            Just(0x8e),
            Just(b'j'),
            Just(b'r')
        ],
        vec(any::<u8>(), 0..12),
    )
        .prop_map(|(code, bytes)| [vec![code], bytes].concat());
    let float = any::<f64>().prop_map(|float| [vec![b'G'], float.to_be_bytes().to_vec()].concat());
    let operation = prop_oneof![
        6 => plain.prop_map(|code| vec![code]),
        3 => any::<u8>().prop_map(|byte| vec![b'K', byte]),
        1 => any::<i32>().prop_map(|int| [vec![b'J'], int.to_le_bytes().to_vec()].concat()),
        1 => float,
        3 => key,
        3 => put,
        3 => text,
        1 => name,
        1 => long,
    ];
    vec(operation, 0..60).prop_map(|operations| {
        let mut bytes = vec![0x80, 2];
        bytes.extend(operations.concat());
        bytes.push(b'.');
        bytes
    })
}

#[derive(Debug, Clone)]
enum Case {
    File(Index, Vec<Mutation>),
    /// Changes within a file whose checksums are right.
    Pickle(Index, Vec<Mutation>),
    MadeUp(Vec<u8>),
    /// A file of the old format.
    Old(Index, Vec<Mutation>),
    /// The pickle of such a file, before its storages.
    OldMadeUp(Vec<u8>),
}

fn case() -> impl Strategy<Value = Case> {
    let mutations = || vec(mutation(), 1..6);
    prop_oneof![
        1 => (any::<Index>(), mutations()).prop_map(|(seed, list)| Case::File(seed, list)),
        3 => (any::<Index>(), mutations()).prop_map(|(seed, list)| Case::Pickle(seed, list)),
        1 => operations().prop_map(Case::MadeUp),
        4 => (any::<Index>(), mutations()).prop_map(|(seed, list)| Case::Old(seed, list)),
        1 => operations().prop_map(Case::OldMadeUp),
    ]
}

fn pickle(entries: &mut Entries) -> &mut Vec<u8> {
    let pickle = entries
        .iter_mut()
        .find(|(name, _)| name.ends_with("/data.pkl"));
    &mut pickle.unwrap().1
}

/// All that can be read from what may be a file.
fn read(bytes: Vec<u8>) -> Option<u64> {
    let file = told(TorchFile::from_bytes(bytes))?;
    let root = file.root();
    let optimizer = walk(&root);
    let mut options = ReadOptions::new();
    if let Some(optimizer) = &optimizer {
        options = options.with_optimizer(optimizer);
    }
    let position = follow(options.read(&root));
    for class in ["StepLR", "CyclicLR", "SequentialLR", "ReduceLROnPlateau"] {
        let _ = follow(ReadOptions::new().with_class(class).read(&root));
    }
    let _ = told(file.check());
    if let Some(parts) = told(root.parts()) {
        let mut position = position;
        for part in parts {
            assert!(
                told(root.at(&part.at)).is_some() || part.at.contains(".."),
                "{}",
                part.at
            );
            let optimizer = walk(&part.value);
            let _ = optimizer.map(|optimizer| optimizer.classes());
            let found = follow(SchedulerState::read(&part.value));
            position = position.or(found);
        }
        return position;
    }
    position
}

/// The result, or an error that says something.
fn told<T>(result: Result<T, TorchError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn walk<'a>(value: &Value<'a>) -> Option<OptimizerState<'a>> {
    let _ = (
        format!("{value:?}"),
        value.items(),
        value.number(),
        value.state(),
        value.class(),
    );
    if let Some(arguments) = told(TrainingArguments::read(value)) {
        let schedule = arguments.schedule(0.1, None);
        let _ = schedule.map(|schedule| schedule.build().unwrap());
    }
    let optimizer = OptimizerState::read(value).ok()?;
    for group in &optimizer.groups {
        let _ = group.momentum();
    }
    for state in optimizer.state.values() {
        let _ = state.step();
        for field in state.fields.values() {
            let _ = field.tensor().and_then(|tensor| tensor.bytes());
        }
    }
    Some(optimizer)
}

/// The rates that a state leads to.
fn follow(state: Result<SchedulerState, TorchError>) -> Option<u64> {
    let state = told(state)?;
    for group in &state.groups {
        let momentum = group.momentum.as_ref().map(|spec| spec.build().unwrap());
        if group.heard.is_some() {
            group.build_feedback().unwrap();
            continue;
        }
        let schedule = group.spec.build().unwrap();
        let mut rate = schedule.at(state.position);
        for step in (state.position..).take(20) {
            if step > state.position {
                rate = schedule.advance(step, rate);
            }
            assert!(rate.is_finite(), "{rate} at {step} of {:?}", group.spec);
            let _ = momentum.as_ref().map(|momentum| momentum.at(step));
        }
    }
    Some(state.position)
}

/// The memory that reading takes, beyond what there was.
fn taken(bytes: Vec<u8>) -> (Option<u64>, usize) {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let position = read(bytes);
    (position, ALLOCATED.peak_usage().saturating_sub(before))
}

// One test, so that nothing else takes memory meanwhile.
#[test]
fn no_file_makes_reading_it_panic_or_take_more_memory_than_is_stated() {
    for (what, bytes) in bombs() {
        let size = bytes.len();
        let (position, taken) = taken(bytes);
        let share = taken as f64 / size as f64;
        println!("{what}: {size} bytes, {taken} taken, {share:.1} each");
        assert_eq!(position, None, "{what}");
        assert!(taken <= BYTES + BYTES_PER_BYTE * size, "{what}");
    }

    let seeds = seeds(&["pytorch/files"], false);
    let old_seeds = self::seeds(&["saved/legacy", "saved/ages", "saved/functions"], true);
    let seed_entries: Vec<Entries> = seeds.iter().map(|seed| entries(seed)).collect();
    let pickles: Vec<Vec<u8>> = seed_entries
        .iter()
        .map(|entries| pickle(&mut entries.clone()).clone())
        .collect();
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        ..Config::default()
    };
    let read_of = std::cell::Cell::new(0u32);
    let most = std::cell::Cell::new(0usize);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&case(), |case| {
        let bytes = match &case {
            Case::File(seed, mutations) => {
                let mut bytes = seed.get(&seeds).clone();
                for mutation in mutations {
                    mutate(&mut bytes, mutation, &seeds);
                }
                bytes
            }
            Case::Pickle(seed, mutations) => {
                let mut entries = seed.get(&seed_entries).clone();
                for mutation in mutations {
                    mutate(pickle(&mut entries), mutation, &pickles);
                }
                packed(&entries)
            }
            Case::Old(seed, mutations) => {
                let mut bytes = seed.get(&old_seeds).clone();
                for mutation in mutations {
                    mutate(&mut bytes, mutation, &old_seeds);
                }
                bytes
            }
            Case::OldMadeUp(pickle) => old(pickle, &["0"], b"\x01\0\0\0\0\0\0\0abcd"),
            Case::MadeUp(pickle) => packed(&[("made/data.pkl".to_string(), pickle.clone())]),
        };
        let size = bytes.len();
        let (position, taken) = taken(bytes);
        read_of.set(read_of.get() + u32::from(position.is_some()));
        most.set(most.get().max(taken));
        prop_assert!(
            taken <= BYTES + BYTES_PER_BYTE * size,
            "{taken} bytes for {size}"
        );
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!(
        "hostile: {} cases, {} read, at most {} bytes taken",
        cases(),
        read_of.get(),
        most.get()
    );
    // Else nothing behind the pickle was tried.
    assert!(read_of.get() > cases() / 100);
}

/// Small files that say that they are large, and others that are as large as they can be.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let pickled = |operations: &[&[u8]]| {
        let bytes = [b"\x80\x02", operations.concat().as_slice(), b"."].concat();
        packed(&[("bomb/data.pkl".to_string(), bytes)])
    };
    let many = |operations: &[u8], times: usize| operations.repeat(times);
    // Each list has the one before it twice, 40 deep: 2^40 to one who copies.
    let doubled = many(b"](h\x00h\x00eq\x00", 40);
    let lists = many(b"]", 1_000_000);
    let memo: Vec<u8> = many(b"N\x94", 1_000_000);
    let objects = many(b"h\x00)\x81", 300_000);
    let deep = many(b"]q\x00a", 1);
    let tuples = many(b"\x85", 1_000_000);
    let marks = many(b"(", 1_000_000);
    // As many groups as there is room for, each with a counter's worth of milestones.
    let text = |text: &str| {
        [
            b"X",
            (text.len() as u32).to_le_bytes().as_slice(),
            text.as_bytes(),
        ]
        .concat()
    };
    let milestones = b"ccollections\nCounter\n}(K\x05J\xff\xff\xff\x7fu\x85R".to_vec();
    let groups = |count: usize| {
        let rates = [b"]q\x01(".as_slice(), &many(b"K\x01", count), b"e"].concat();
        [
            b"}(".to_vec(),
            text("_last_lr"),
            rates,
            text("base_lrs"),
            b"h\x01".to_vec(),
            text("gamma"),
            b"K\x01".to_vec(),
            text("last_epoch"),
            b"K\x01".to_vec(),
        ]
        .concat()
    };
    let with_milestones = [groups(4_000), text("milestones"), milestones, b"u".to_vec()].concat();
    let sequence = [
        b"}q\x02(".to_vec(),
        text("_schedulers"),
        b"](".to_vec(),
        many(b"h\x02", 1000),
        b"e".to_vec(),
        text("_last_lr"),
        b"](K\x01eu".to_vec(),
    ]
    .concat();
    let parts = [
        b"}q\x02(".to_vec(),
        text("_milestones"),
        b"]".to_vec(),
        text("_schedulers"),
        b"](".to_vec(),
        many(b"h\x02", 300_000),
        b"e".to_vec(),
        text("_last_lr"),
        b"](K\x01eu".to_vec(),
    ]
    .concat();
    // A parameter's fields, in the states of all parameters.
    let names: Vec<u8> = (0..20_000)
        .flat_map(|i| [text(&format!("{i:x}")), b"N".to_vec()].concat())
        .collect();
    let indices: Vec<Vec<u8>> = (0..20_000i32)
        .map(|i| [b"J".as_slice(), &i.to_le_bytes()].concat())
        .collect();
    let states: Vec<u8> = indices
        .iter()
        .flat_map(|i| [i.as_slice(), b"h\x03"].concat())
        .collect();
    let shared = [
        b"}(".to_vec(),
        text("param_groups"),
        b"]}(".to_vec(),
        text("params"),
        b"](".to_vec(),
        indices.concat(),
        b"e".to_vec(),
        text("options"),
        b"}q\x03(".to_vec(),
        names,
        b"uua".to_vec(),
        text("state"),
        b"}(".to_vec(),
        states,
        b"uu".to_vec(),
    ]
    .concat();
    // A tensor of 2^60 elements, over a storage of four bytes.
    let tensor = [
        b"}(".to_vec(),
        text("param_groups"),
        b"]}(".to_vec(),
        text("params"),
        b"](K\x00eua".to_vec(),
        text("state"),
        b"}(K\x00}(".to_vec(),
        text("step"),
        b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
        b"(".to_vec(),
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text("0"),
        text("cpu"),
        b"K\x01tQK\x00J\x00\x00\x00\x40J\x00\x00\x00\x40\x86K\x00K\x00\x86\x89}tRuuu".to_vec(),
    ]
    .concat();
    let with_storage_pickle = [b"\x80\x02", tensor.as_slice(), b"."].concat();
    let with_storage = packed(&[
        ("bomb/data.pkl".to_string(), with_storage_pickle.clone()),
        ("bomb/data/0".to_string(), vec![0; 4]),
    ]);
    // Many values at the end of a long way, and lists of the same lists.
    let way: Vec<u8> = (0..14)
        .flat_map(|_| [b"}(".to_vec(), text(&"k".repeat(15))].concat())
        .collect();
    let values: Vec<u8> = (0..50_000i32)
        .flat_map(|i| [b"J".as_slice(), &i.to_le_bytes(), b"N"].concat())
        .collect();
    let far = [way, b"}(".to_vec(), values, b"u".repeat(15)].concat();
    let wide = [
        b"]q\x00".to_vec(),
        many(b"](h\x00h\x00e", 100_000),
        many(b"0", 100_000),
    ]
    .concat();
    let of_lists = [b"](".to_vec(), many(b"](]]e", 100_000), b"e".to_vec()].concat();
    // As many keys of storages as there is room for, and one that is longer than the file.
    let long = old(&with_storage_pickle, &["0"], &[0xff; 9]);
    let keys = old(&with_storage_pickle, &["0"; 200_000], &[0; 1_000]);
    vec![
        ("an old storage of 2^66 bytes", long),
        ("many keys of storages", keys),
        ("many values far away", pickled(&[&far])),
        ("lists of one list", pickled(&[&wide])),
        ("many lists of lists", pickled(&[&of_lists])),
        ("doubled lists", pickled(&[b"]q\x00", &doubled])),
        ("a text of 4 GiB", pickled(&[b"X\xff\xff\xff\xff"])),
        (
            "bytes of 16 EiB",
            pickled(&[b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff"]),
        ),
        ("an integer of 2 GiB", pickled(&[b"\x8b\xff\xff\xff\x7f"])),
        ("a million lists", pickled(&[&lists])),
        ("a million memos", pickled(&[&memo])),
        ("many objects", pickled(&[b"ca\nb\nq\x00", &objects])),
        ("a list in itself", pickled(&[b"]q\x00h\x00a", &deep])),
        ("tuples a million deep", pickled(&[b"N", &tuples])),
        ("a million marks", pickled(&[&marks])),
        ("many groups", pickled(&[&groups(500_000), b"u"])),
        ("many milestones", pickled(&[&with_milestones])),
        ("a sequence in itself", pickled(&[&sequence])),
        ("many parts", pickled(&[&parts])),
        ("one state for all parameters", pickled(&[&shared])),
        ("a tensor of 2^60", with_storage),
    ]
}
