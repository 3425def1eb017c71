//! A training run: begun, resumed.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::Dataset;
use burn::optim::AdamConfig;
use burn::tensor::Device;
use burn::train::logger::FileMetricLogger;
use burn::train::metric::store::{Direction, Split};
use burn::train::metric::{AccuracyMetric, LearningRateMetric, LossMetric};
use burn::train::{
    ExecutionStrategy, Learner, LearningResult, MultiDeviceOptim, SupervisedTraining,
};
use burn_lr::curves::InverseTime;
use burn_lr::prelude::*;
use burn_lr::train::{
    EpochCheckpoints, EpochDataLoader, MetricFeedback, WaitForSaves, discard_logs_after,
};
use burn_lr::{Averaged, StopSignal};
use shared::Backend;

use crate::Error;
use crate::cli::{self, Average, Options};
use crate::data::{self, Digit, DigitBatch, DigitBatcher};
use crate::history::History;
use crate::model::Network;
use crate::picture;
use crate::plain::Lines;
use crate::run_dir::RunDir;

/// Trains from the beginning, in the directory `path`.
pub fn train(mut options: Options, path: &Path) -> Result<ExitCode, Error> {
    if options.how.swa_from.is_some() && options.how.average != Some(Average::Swa) {
        return Err(Error::SwaFrom);
    }
    let backend = start_backend();
    options.how.devices = backend.devices();
    let dir = RunDir::create(path, &options)?;
    let checkpoints = EpochCheckpoints::open(dir.checkpoints())?;
    run(&options, &backend, &dir, &checkpoints, 0)
}

/// Finishes the run in the directory `path` where there is one, with the same options; begins it otherwise.
pub fn resume_or_start(mut options: Options, path: &Path) -> Result<ExitCode, Error> {
    if !RunDir::holds_a_run(path) {
        return train(options, path);
    }
    let (dir, begun) = RunDir::open(path)?;
    options.how.devices = begun.how.devices;
    match begun.how == options.how {
        true => go_on(dir, options),
        false => Err(Error::OtherOptions(path.display().to_string())),
    }
}

/// Finishes the run in the directory `path`, or trains on until there are as many `epochs`.
pub fn resume(path: &Path, epochs: Option<u64>) -> Result<ExitCode, Error> {
    let (dir, mut options) = RunDir::open(path)?;
    options.epochs = epochs.unwrap_or(options.epochs);
    go_on(dir, options)
}

fn go_on(dir: RunDir, options: Options) -> Result<ExitCode, Error> {
    let backend = start_backend();
    let (begun, found) = (options.how.devices, backend.devices());
    if begun != found {
        return Err(Error::OtherDevices { begun, found });
    }
    let checkpoints = EpochCheckpoints::open(dir.checkpoints())?;
    let last = last_epoch(&checkpoints)?;
    println!("resuming after epoch {last} of {}", options.epochs);
    // An epoch whose checkpoint isn't there is trained anew, and is not to be judged by what it was.
    discard_logs_after(dir.path(), last).map_err(Error::io("clear", dir.path()))?;
    run(&options, &backend, &dir, &checkpoints, last)
}

/// Starts the backend and says which one it is.
pub fn start_backend() -> Backend {
    let backend = Backend::start();
    println!("backend {} on {:?}", backend.name, backend.device);
    backend
}

/// The last epoch that can be gone on from; 0 where there is none.
fn last_epoch(checkpoints: &EpochCheckpoints) -> Result<u64, Error> {
    let latest = checkpoints.latest()?;
    Ok(latest.map_or(0, |latest| latest.epoch as u64))
}

/// The start of a training.
pub struct Start {
    /// The model with its first weights.
    pub model: Network,
    /// The digits to train with, from epoch 1 on.
    pub train: EpochDataLoader<Digit, DigitBatch>,
    /// The others.
    pub valid: Arc<dyn DataLoader<DigitBatch>>,
    /// Optimizer steps in an epoch.
    pub steps_per_epoch: u64,
}

impl Start {
    /// The data that `options` say.
    pub fn new(options: &cli::Data, backend: &Backend) -> Self {
        let device = backend.device.clone().autodiff();
        device.seed(options.seed);
        let model = Network::new(&device);

        let (batch_size, seed) = (options.batch_size as usize, options.seed);
        let (train, valid) = data::split();
        // Each device has its share of an epoch, the last one what is left over.
        let share = train.len() - train.len() / backend.devices() * (backend.devices() - 1);
        let steps_per_epoch = share.div_ceil(batch_size) as u64;
        let train = EpochDataLoader::new(Arc::new(train), DigitBatcher, batch_size, seed, &device);
        let valid = DataLoaderBuilder::new(DigitBatcher)
            .batch_size(batch_size)
            .set_device(backend.device.clone())
            .build(valid);
        Self {
            model,
            train,
            valid,
            steps_per_epoch,
        }
    }
}

/// Trains after epoch `last`, which is among `checkpoints`, or from the beginning.
fn run(
    options: &Options,
    backend: &Backend,
    dir: &RunDir,
    checkpoints: &EpochCheckpoints,
    last: u64,
) -> Result<ExitCode, Error> {
    let how = &options.how;
    let Start {
        model,
        train,
        valid,
        steps_per_epoch,
    } = Start::new(&how.data, backend);
    let train = train.starting_with(last + 1);

    // Warmed up in the first epoch, then halved whenever the validation loss stalls.
    let rule = ReduceOnPlateauConfig::new()
        .with_factor(0.5)
        .with_patience(how.patience)
        .with_min_lr(how.lr / 1_000.0)
        .build()?;
    let schedule = Constant::try_new(how.lr)?.warmup(steps_per_epoch);
    let lr = Scheduler::with_feedback(schedule, rule);
    let rate = lr.handle();

    let loss = LossMetric::new();
    let feedback = MetricFeedback::new(&lr, &loss, Direction::Lowest, Split::Valid)?
        .with_checkpointing_strategy(WaitForSaves::new(&backend.device));
    let lr = Groups::new()
        .layer_wise(how.layer_decay, &layers_of(&model))
        .build(lr, &model)?;

    let training = SupervisedTraining::new(dir.path(), Arc::new(train), valid.clone())
        .metrics((loss, AccuracyMetric::new()))
        .metric_train_numeric(LearningRateMetric::new())
        .with_metric_logger(FileMetricLogger::new(dir.path()))
        .with_metric_logger(History::open(&dir.history(), last)?)
        .with_custom_checkpointers(
            checkpoints.clone(),
            checkpoints.clone(),
            checkpoints.clone(),
        )
        .num_epochs(options.epochs as usize);
    let training = match how.layer_decay == 1.0 {
        true => training, // all are the base rate
        false => lr.register_metrics(training),
    };
    let training = match &backend.others[..] {
        [] => training,
        others => {
            let devices = [std::slice::from_ref(&backend.device), others].concat();
            let devices = devices.into_iter().map(Device::autodiff).collect();
            let strategy = ExecutionStrategy::multi(devices, MultiDeviceOptim::OptimMainDevice);
            training.with_training_strategy(strategy.into())
        }
    };
    let training = match last {
        0 => training,
        epoch => training.checkpoint(epoch as usize),
    };
    let training = match std::io::stdout().is_terminal() {
        true => training, // burn-train's dashboard
        false => training.renderer(Box::new(Lines::default())),
    };
    let stop = StopSignal::install().map_err(Error::Signal)?;
    let interrupts = stop.interrupts(training.interrupter());
    interrupts.map_err(Error::Signal)?;
    let outcome = feedback.outcome();
    let training = feedback.install(training);

    let average = how.average.map(|average| match average {
        Average::Ema => WeightAverage::ema(&model, growing_decay()),
        Average::Swa => {
            let from = how.swa_from.unwrap_or(10).saturating_mul(steps_per_epoch);
            WeightAverage::swa(&model, from, steps_per_epoch)
        }
    });
    let learner = Learner::new(Averaged { model, average }, AdamConfig::new().init(), lr);
    let LearningResult {
        model,
        renderer,
        error,
        ..
    } = training.launch(learner);
    drop(renderer); // the dashboard takes what is printed before with it
    outcome.check()?;
    if let Some(error) = error {
        return Err(Error::Training(error));
    }
    // The dashboard leaves no word of having been told to stop.
    let done = last_epoch(checkpoints)?;
    // What is wrong with it is said after how the run went.
    let drawn = picture::of_run(&dir.history(), &dir.picture())
        .inspect(|()| println!("picture {}", dir.picture().display()));
    if done < options.epochs {
        println!("stopped after epoch {done}; `--resume` goes on");
        if let Some(code) = stop.exit_code() {
            return drawn.map(|()| ExitCode::from(code));
        }
    } else {
        println!(
            "done backend={} epochs={done} steps={} lr={} valid_acc={:.4}{} out={}",
            backend.name,
            rate.steps(),
            rate.lr(),
            model.model.accuracy(&*valid)?,
            match how.average {
                Some(_) => format!(" average_acc={:.4}", model.evaluated().accuracy(&*valid)?),
                None => String::new(),
            },
            dir.path().display(),
        );
    }
    drawn.map(|()| ExitCode::SUCCESS)
}

/// `(1 + n) / (10 + n)` for sample `n`, to at most 0.99.
fn growing_decay() -> impl Schedule + Send + Sync + 'static {
    let rest = InverseTime::new(-0.9, 1.0, 10.0).into_dyn();
    sum([Constant::new(1.0).into_dyn(), rest]).clamp(None, Some(0.99))
}
