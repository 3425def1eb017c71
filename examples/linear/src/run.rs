//! A training run: begun, checkpointed, resumed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_lr::StopSignal;
use burn_lr::finder::{LrFinder, RangeTest};
use burn_lr::prelude::*;
use burn_lr::spec::TrainingLength;
use shared::Backend;

use crate::Error;
use crate::cli::Options;
use crate::data::{Dataset, Rows};
use crate::history::{self, History, Row};
use crate::model::Model;
use crate::optimizer::OptimizerConfig;
use crate::picture;
use crate::progress::{self, Epoch};
use crate::run_dir::RunDir;
use crate::schedule;

/// The name of the checkpoint's note that holds the [`Options`].
const OPTIONS: &str = "options";

/// Trains from the beginning, in the directory `path`.
pub fn train(options: Options, path: &Path) -> Result<ExitCode, Error> {
    let options = schedule::settled(options)?;
    let dir = RunDir::create(path)?;
    let backend = start_backend()?;
    let run = Run::new(&options, &backend)?;
    run.checkpoint()?.save(dir.checkpoint())?; // from here on, the run can be resumed
    finish(run, &backend, &dir)
}

/// Finishes the run in the directory `path` where there is one, with the same options; begins it otherwise.
pub fn resume_or_start(options: Options, path: &Path) -> Result<ExitCode, Error> {
    match RunDir::holds_a_run(path) {
        true => go_on(path, Some(schedule::settled(options)?)),
        false => train(options, path),
    }
}

/// Finishes the run in the directory `path`.
pub fn resume(path: &Path) -> Result<ExitCode, Error> {
    go_on(path, None)
}

/// Finishes a run, if its options are the `expected` ones.
fn go_on(path: &Path, expected: Option<Options>) -> Result<ExitCode, Error> {
    let dir = RunDir::open(path)?;
    let checkpoint = Checkpoint::load(dir.checkpoint())?;
    let text = checkpoint.note(OPTIONS).unwrap_or("missing");
    let options: Options =
        serde_json::from_str(text).map_err(|_| Error::Options(text.to_string()))?;
    if expected.is_some_and(|expected| expected != options) {
        return Err(Error::OtherOptions {
            path: path.display().to_string(),
            options: text.to_string(),
        });
    }
    let backend = start_backend()?;
    let mut run = Run::new(&options, &backend)?;
    run.restore(checkpoint)?;
    println!("resuming at step {} of {}", run.step, run.steps);
    finish(run, &backend, &dir)
}

/// Starts the backend and says which one it is.
pub fn start_backend() -> Result<Backend, Error> {
    let backend = Backend::start();
    if !backend.others.is_empty() {
        return Err(Error::SeveralDevices(backend.name));
    }
    println!("backend {} on {:?}", backend.name, backend.device);
    Ok(backend)
}

/// Trains to the end or until a signal says to stop, with history and checkpoints in `dir`, and says how it went.
fn finish(mut run: Run, backend: &Backend, dir: &RunDir) -> Result<ExitCode, Error> {
    let path = dir.checkpoint();
    let stop = StopSignal::install().map_err(Error::Signal)?;
    let mut history = History::open(dir.history(), run.step)?;
    let every = run.options.checkpoint_every;
    let mut writer = BackgroundWriter::new(&path);
    let outcome = run.train(|run, row| {
        history.add(&row)?;
        let stops = stop.exit_code().is_some();
        if run.step.is_multiple_of(every) || run.step == run.steps || stops {
            history.sync()?; // the checkpoint counts on what comes before it
            writer.save(run.checkpoint()?)?;
        }
        Ok(match stops {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    })?;
    writer.finish()?;
    if let Some(code) = stop.exit_code().filter(|_| run.step < run.steps) {
        let (step, steps, dir) = (run.step, run.steps, dir.path().display());
        println!("stopped at step {step} of {steps}: `resume {dir}` goes on");
        return Ok(ExitCode::from(code));
    }
    let schedule = run.options.schedule.name();
    // What is wrong with it is said after how the run went.
    let drawn = draw(&schedule, dir).inspect(|()| println!("picture {}", dir.picture().display()));
    println!(
        "done backend={} schedule={} steps={} lr={} train_mse={:.8} valid_mse={:.8} checkpoint={}",
        backend.name,
        schedule,
        run.steps,
        outcome.lr,
        outcome.train_mse,
        outcome.valid_mse,
        path.display(),
    );
    drawn.map(|()| ExitCode::SUCCESS)
}

/// Draws what the directory has the history of: of a resumed run, the first part too.
fn draw(schedule: &str, dir: &RunDir) -> Result<(), Error> {
    let rows = history::read(&dir.history())?;
    picture::of_run(schedule, &rows, &dir.picture())?;
    Ok(())
}

/// Everything that changes while a run trains, and what it was made of.
pub struct Run {
    options: Options,
    data: Dataset,
    device: burn::tensor::Device,
    model: Model,
    optimizer: ModuleOptimizer,
    optimizer_config: OptimizerConfig,
    lr: DynScheduler,
    /// Steps taken, and in all.
    step: u64,
    steps: u64,
    metrics: BTreeMap<String, f64>,
}

impl Run {
    /// A run that has not begun.
    pub fn new(options: &Options, backend: &Backend) -> Result<Self, Error> {
        let data = Dataset::new(options.seed);
        let device = backend.device.clone().autodiff();
        let optimizer_config = OptimizerConfig::new(options.optimizer);
        let length =
            TrainingLength::new(data.train.len() as u64, options.batch_size, options.epochs)?;
        let steps = length.steps();
        let mut lr = schedule::scheduler(options, &length)?;
        let momentum = schedule::momentum(options, steps)?;
        Ok(Self {
            model: Model::new(&device),
            optimizer: optimizer_config.init(&mut lr, momentum),
            optimizer_config,
            lr,
            step: 0,
            steps,
            metrics: BTreeMap::new(),
            options: options.clone(),
            data,
            device,
        })
    }

    /// Trains to the end; after every step, `after_step` gets the run and what the step did, and may end it.
    pub fn train(
        &mut self,
        mut after_step: impl FnMut(&Self, Row) -> Result<ControlFlow<()>, Error>,
    ) -> Result<Epoch, Error> {
        let progress = progress::Progress::new(self.options.epochs);
        let per_epoch = self.data.steps_per_epoch(self.options.batch_size);
        for epoch in self.step / per_epoch..self.options.epochs {
            let batches = self.data.batches(epoch, self.options.batch_size);
            let done = self.step % per_epoch;
            for batch in batches.iter().skip(done as usize) {
                let (loss, grads) = self.gradients(&self.model, batch);
                self.check_loss(loss)?;
                let lr = self.lr.step();
                self.model = self.optimizer.step(lr, self.model.clone(), grads);
                let row = Row {
                    step: self.step,
                    epoch,
                    lr,
                    loss,
                };
                self.step += 1;
                if self.step.is_multiple_of(per_epoch) {
                    self.end_epoch(&progress, lr)?;
                }
                if after_step(self, row)?.is_break() {
                    return Ok(self.outcome());
                }
            }
        }
        Ok(self.outcome())
    }

    /// The loss of a batch, and where it falls.
    fn gradients(&self, model: &Model, batch: &Rows) -> (f64, GradientsParams) {
        let (features, targets) = batch.to_tensors(&self.device);
        let loss = model.loss(features, targets);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        (value, GradientsParams::from_grads(loss.backward(), model))
    }

    /// A range test from where the run is, on copies of its model and optimizer.
    pub fn find_lr(&self, finder: LrFinder) -> RangeTest {
        let (mut model, mut optimizer) = (self.model.clone(), self.optimizer.clone());
        let batches = |epoch| self.data.batches(epoch, self.options.batch_size);
        let mut batches = (0..).flat_map(batches);
        let found = finder.sweep(|lr| {
            let batch = batches.next().expect("epochs have no end");
            let (loss, grads) = self.gradients(&model, &batch);
            model = optimizer.step(lr, model.clone(), grads);
            Ok::<_, Infallible>(loss)
        });
        let Ok(found) = found;
        found
    }

    /// Measures, and tells the schedule.
    fn end_epoch(&mut self, progress: &progress::Progress, lr: f64) -> Result<(), Error> {
        let model = self.model.valid();
        let device = self.device.clone().inner();
        let train_mse = model.mse(&self.data.train, &device);
        let valid_mse = model.mse(&self.data.valid, &device);
        self.check_loss(train_mse)?;
        self.lr.observe(valid_mse);
        let metrics = [
            ("lr", lr),
            ("train_mse", train_mse),
            ("valid_mse", valid_mse),
        ];
        self.metrics = metrics
            .map(|(name, value)| (name.to_string(), value))
            .into();
        progress.show(&self.outcome());
        Ok(())
    }

    fn check_loss(&self, loss: f64) -> Result<(), Error> {
        match loss.is_finite() {
            true => Ok(()),
            false => Err(Error::Diverged {
                step: self.step,
                loss,
            }),
        }
    }

    /// The figures at the end of the last complete epoch.
    fn outcome(&self) -> Epoch {
        let metric = |name| self.metrics.get(name).copied().unwrap_or(f64::NAN);
        Epoch {
            done: self.step / self.data.steps_per_epoch(self.options.batch_size),
            lr: metric("lr"),
            train_mse: metric("train_mse"),
            valid_mse: metric("valid_mse"),
        }
    }

    /// The run as it is now.
    fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let progress = Progress {
            epoch: self.outcome().done,
            step: self.step,
            seed: self.options.seed,
            metrics: self.metrics.clone(),
        };
        let options = serde_json::to_string(&self.options).expect("options have a JSON form");
        let checkpoint = Checkpoint::capture(
            &self.model,
            &self.optimizer,
            &self.optimizer_config,
            &self.lr,
            progress,
        )?;
        Ok(checkpoint.with_note(OPTIONS, &options))
    }

    /// Restores the run to where it was.
    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), Error> {
        let progress = checkpoint.progress().clone();
        (self.model, self.optimizer) = checkpoint.restore(
            self.model.clone(),
            self.optimizer.clone(),
            &self.optimizer_config,
            &mut self.lr,
        )?;
        self.step = progress.step;
        self.metrics = progress.metrics;
        Ok(())
    }
}
