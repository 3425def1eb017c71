//! A checkpoint beside Burn's own three files of the same state: how long saving and loading take,
//! in turns, and how much memory each needs, in a process of its own. Each load is in a new process too, as a run is
//! resumed: in one that has loaded before, the memory is there already.
//!
//! Burn reads a file when a value is first used, so loading ends with every value having been read. For
//! comparison, loading and the first step after it: Burn's optimizer shares the state that it was given
//! in one piece, and copies it then. On Linux, for memory.
//!
//! All of it twice: by itself, and beside a process that keeps a core busy. And the disk's own limit: the
//! same bytes, written and synced; and those in two pieces, each synced, for Burn syncs the optimizer's state
//! before the rest can be written.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use benches::{memory, verdict};
use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;

/// The number of times that each is timed.
const ROUNDS: usize = 15;

#[derive(Module, Debug)]
struct Stack {
    layers: Vec<Linear>,
}

/// The number of layers, and of the inputs and outputs of each.
type Size = (usize, usize);

const SIZES: [(&str, Size); 2] = [("1M", (4, 512)), ("25M", (24, 1_024))];

fn device() -> Device {
    Device::default().autodiff()
}

fn model((layers, width): Size) -> Stack {
    let layer = || LinearConfig::new(width, width).init(&device());
    Stack {
        layers: (0..layers).map(|_| layer()).collect(),
    }
}

fn schedule() -> impl Schedule + Clone + Send + Sync + 'static {
    Cosine::new(1e-3, 0.0, 10_000).warmup(100)
}

/// A run as Burn's own files are of.
struct Run {
    model: Stack,
    optimizer: ModuleOptimizer,
    rate: f64,
}

impl Run {
    fn step(mut self) -> Self {
        let width = self.model.layers[0].weight.dims()[0];
        let input = Tensor::<2>::ones([1, width], &device());
        let layers = self.model.layers.iter();
        let output = layers.fold(input, |input, layer| layer.forward(input));
        let grads = GradientsParams::from_grads(output.sum().backward(), &self.model);
        self.model = self.optimizer.step(self.rate, self.model, grads);
        self
    }

    /// Reads every value.
    fn read(self) -> usize {
        self.model.into_record().len() + self.optimizer.to_record().len()
    }
}

fn begun(size: Size) -> Run {
    let run = Run {
        model: model(size),
        optimizer: AdamConfig::new().init(),
        rate: 1e-3,
    };
    run.step()
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    Burn,
    Ours,
}

fn save(who: Who, run: &Run, directory: &Path) {
    let mut lr = Scheduler::new(schedule());
    lr.step();
    match who {
        Who::Burn => {
            let model = run.model.clone().into_record();
            model.save(directory.join("model")).unwrap();
            run.optimizer.save(directory.join("optimizer")).unwrap();
            let lr = ModuleLrScheduler::from(lr).to_record();
            lr.save(directory.join("scheduler")).unwrap();
        }
        Who::Ours => {
            let (config, progress) = (AdamConfig::new(), Progress::default());
            let Run {
                model, optimizer, ..
            } = run;
            let captured = Checkpoint::capture(model, optimizer, &config, &lr, progress);
            captured.unwrap().save(directory.join("run.bpk")).unwrap();
        }
    }
}

fn load(who: Who, size: Size, directory: &Path) -> Run {
    let (model, config) = (model(size), AdamConfig::new());
    let mut lr = Scheduler::new(schedule());
    match who {
        Who::Burn => {
            let record = ModuleRecord::load(directory.join("model")).unwrap();
            let model = model.load_record(record);
            let record = OptimizerRecord::load(directory.join("optimizer")).unwrap();
            let optimizer = config.init().load_record(record);
            let record = LrSchedulerRecord::load(directory.join("scheduler")).unwrap();
            let mut lr = ModuleLrScheduler::from(lr).load_record(record);
            let rate = lr.step().base();
            Run {
                model,
                optimizer,
                rate,
            }
        }
        Who::Ours => {
            let checkpoint = Checkpoint::load(directory.join("run.bpk")).unwrap();
            let restored = checkpoint.restore(model, config.init(), &config, &mut lr);
            let (model, optimizer) = restored.unwrap();
            Run {
                model,
                optimizer,
                rate: lr.step(),
            }
        }
    }
}

fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    let result = run();
    let seconds = start.elapsed().as_secs_f64();
    drop(result);
    seconds
}

/// The tasks that are timed, and the cost of each over Burn's files that is allowed.
const TASKS: [(&str, f64); 3] = [
    ("save", 1.05),
    ("load, every value read", 1.10),
    ("load and step", f64::INFINITY),
];

/// Writes as many bytes as the checkpoint has, in pieces with these shares of it, and syncs each.
fn write_plainly(directory: &Path, shares: &[usize]) -> f64 {
    let mut bytes = &fs::read(directory.join("run.bpk")).unwrap()[..];
    let share = bytes.len() / shares.iter().sum::<usize>();
    seconds(|| {
        let mut file = fs::File::create(directory.join("plain")).unwrap();
        for count in shares {
            let (piece, rest) = bytes.split_at(share * count);
            file.write_all(piece).unwrap();
            file.sync_all().unwrap();
            bytes = rest;
        }
    })
}

/// A process that keeps a core busy until it is dropped.
struct Busy(Child);

impl Busy {
    fn new() -> Self {
        let program = env::current_exe().unwrap();
        Self(Command::new(program).arg("keep busy").spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match &arguments[..] {
        [_, task, who, size, directory] => {
            return measure_memory(task, who, size, Path::new(directory));
        }
        [_, _, task, who, size, directory] => {
            return measure_load(task, who, size, Path::new(directory));
        }
        _ => {}
    }
    if arguments.iter().any(|argument| argument == "keep busy") {
        loop {
            std::hint::spin_loop();
        }
    }
    println!("medians of {ROUNDS} rounds in turns; peaks of memory in processes of their own");
    println!("parameters  task                       burn, ms  burn-lr, ms  ratio");
    let directory = benches::directory();
    for (name, size) in SIZES {
        let run = begun(size);
        for beside in ["", ", beside a busy process"] {
            let _busy = (!beside.is_empty()).then(Busy::new);
            for (task, bound) in TASKS {
                let mut times = [vec![], vec![]];
                for round in 0..2 * (ROUNDS + 1) {
                    let who = [Who::Burn, Who::Ours][round % 2];
                    let time = match task {
                        "save" => seconds(|| save(who, &run, directory.path())),
                        _ => load_in_a_new_process(task, who, name, directory.path()),
                    };
                    if round >= 2 {
                        times[round % 2].push(time); // after a first one that only warms up
                    }
                }
                let [burn, ours] = times.map(median);
                let ratio = ours / burn;
                let verdict = match bound.is_finite() {
                    true => format!("bound {bound:.2} {}", verdict(ratio <= bound)),
                    false => String::new(),
                };
                println!(
                    "{name:<11} {task:<26} {:>8.1} {:>12.1} {ratio:>6.2} {verdict}{beside}",
                    burn * 1e3,
                    ours * 1e3,
                );
            }
            for (pieces, shares) in [("", &[3][..]), (", in two pieces", &[2, 1])] {
                let plain = || write_plainly(directory.path(), shares);
                let plain = median((0..ROUNDS).map(|_| plain()).collect());
                println!(
                    "{name:<11} {:<39} {:>8.1}{beside}",
                    format!("plain write and sync{pieces}"),
                    plain * 1e3
                );
            }
        }
        drop(run);
        for task in ["save", "load and step"] {
            let peak = |who: &str| {
                let arguments = [task, who, name, directory.path().to_str().unwrap()];
                memory::in_a_process_of_its_own(&arguments)
            };
            println!(
                "{name:<11} {:<26} {:>8} {:>12}  MiB over the run itself",
                format!("{task}, memory"),
                peak("burn"),
                peak("ours")
            );
        }
    }
}

/// Seconds that a load takes in a process of its own.
fn load_in_a_new_process(task: &str, who: Who, size: &str, directory: &Path) -> f64 {
    let who = if who == Who::Burn { "burn" } else { "ours" };
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["time", task, who, size]).arg(directory);
    let output = command.output().unwrap();
    let seconds = String::from_utf8_lossy(&output.stdout).trim().parse();
    seconds.expect("it prints the seconds")
}

/// Prints how many seconds a load takes.
fn measure_load(task: &str, who: &str, size: &str, directory: &Path) {
    let (who, size) = named(who, size);
    let seconds = match task {
        "load and step" => seconds(|| load(who, size, directory).step()),
        _ => seconds(|| load(who, size, directory).read()),
    };
    println!("{seconds}");
}

/// Who and which size, by their names.
fn named(who: &str, size: &str) -> (Who, Size) {
    let who = if who == "burn" { Who::Burn } else { Who::Ours };
    let mut sizes = SIZES.into_iter();
    let (_, size) = sizes.find(|(name, _)| *name == size).unwrap();
    (who, size)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints by how many MiB a task raises this process's peak of memory.
fn measure_memory(task: &str, who: &str, size: &str, directory: &Path) {
    let (who, size) = named(who, size);
    if task == "save" {
        let run = begun(size);
        // The peak of the step that was just taken must not hide it.
        memory::forget_peak();
        let before = memory::resident();
        save(who, &run, directory);
        println!("{}", memory::peak().saturating_sub(before));
    } else {
        let before = memory::resident();
        let run = load(who, size, directory).step();
        println!("{}", memory::peak().saturating_sub(before));
        drop(run);
    }
}
