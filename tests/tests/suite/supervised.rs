//! Inside burn-train's `SupervisedTraining`: the same run whether or not it was interrupted, on one
//! worker or several.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use burn::data::dataloader::split::split_dataloader;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::distributed::{DistributedConfig, ReduceOperation};
use burn::tensor::{Device, Tensor, TensorData, TensorReadError};
use burn::train::checkpoint::{
    CheckpointerError, CheckpointingAction, CheckpointingStrategy, ComposedCheckpointingStrategy,
};
use burn::train::metric::store::{Aggregate, Direction, EventStoreClient, Split};
use burn::train::metric::{
    AccuracyMetric, LearningRateMetric, LossMetric, Metric, MetricMetadata, MetricName,
    SerializedEntry,
};
use burn::train::{
    EarlyStoppingStrategy, EventProcessorTraining, ExecutionStrategy, Learner, LearnerEvent,
    LearningResult, MultiDeviceOptim, SupervisedLearningStrategy, SupervisedTraining,
    SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingError, TrainingItem,
    TrainingStrategy, ValidLoader,
};
use burn_lr::feedback::{Feedback, State, StateError, Value};
use burn_lr::prelude::*;
use burn_lr::train::{EpochDataLoader, MetricFeedback, MetricFeedbackError, discard_logs_after};
use digits::data::{self, Digit, DigitBatch, DigitBatcher};
use digits::model::Network;
use lr_compat::log::{Log, audit};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const EPOCHS: usize = 12;
const BREAK: usize = 5;

type Lr = Scheduler<DynSchedule, DynFeedback>;

/// Warmed up, and cut whenever an epoch does not halve the loss: before the break,
/// at it, and after it.
fn scheduler() -> Lr {
    let rule = ReduceOnPlateauConfig::new()
        .with_factor(0.8)
        .with_patience(0)
        .with_threshold(0.5);
    let rule = DynFeedback::new(rule.build().unwrap());
    Scheduler::with_feedback(Constant::new(0.02).warmup(40).into_dyn(), rule)
}

fn train_loader(seed: u64) -> EpochDataLoader<Digit, DigitBatch> {
    let (train, _) = data::split();
    EpochDataLoader::new(Arc::new(train), DigitBatcher, 64, seed, &Device::flex())
}

fn loaders(first_epoch: usize, seed: u64) -> (TrainLoader<Network>, ValidLoader<Network>) {
    let (_, valid) = data::split();
    let train = train_loader(seed);
    let valid: Arc<dyn DataLoader<DigitBatch>> = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(128)
        .set_device(Device::flex())
        .build(valid);
    (Arc::new(train.starting_with(first_epoch as u64)), valid)
}

/// The rate of every step that a training reports, and of which epoch it is.
#[derive(Clone, Default)]
struct Rates(Arc<Mutex<Vec<f64>>>);

impl Rates {
    fn take(&self) -> Vec<f64> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Metric for Rates {
    type Input = ();

    fn name(&self) -> MetricName {
        Arc::new("Rates".to_string())
    }

    fn update(
        &mut self,
        _item: &(),
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let rate = metadata.lr.as_ref().unwrap().base();
        self.0.lock().unwrap().push(rate);
        Ok(SerializedEntry::new(rate.to_string(), rate.to_string()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(SerializedEntry::new(String::new(), String::new()))
    }

    fn clear(&mut self) {}
}

/// Epochs of 5 steps, of which 23 are one of the data.
#[test]
fn an_epoch_of_the_data_is_resumed_in_its_middle() {
    const SHORT: usize = 14;
    let train = |directory: &Path, resumed: Option<usize>, epochs: usize| {
        let (lr, rates) = (scheduler(), Rates::default());
        let next = resumed.map_or(1, |epoch| epoch as u64 + 1);
        let (train, valid) = (train_loader(7), loaders(1, 7).1);
        let train = train.with_steps_per_epoch(5).starting_with(next);
        let training = SupervisedTraining::new(directory, Arc::new(train), valid);
        let training = with_metrics(training, resumed, &rates);
        let training = feedback(&lr).install(training).num_epochs(epochs);
        let model = succeeded(training.launch(learner(lr)));
        (rates.take(), weights(model))
    };
    let (whole, in_two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (expected, model) = train(whole.path(), None, SHORT);
    assert_eq!(expected.len(), SHORT * 5);
    assert!(!cuts(&expected).is_empty());
    let (mut rates, _) = train(in_two.path(), None, 6);
    let (rest, resumed) = train(in_two.path(), Some(6), SHORT);
    rates.extend(rest);
    assert_eq!(rates, expected);
    assert!(model == resumed, "the weights differ");
}

/// A training in `directory`, after the checkpoint of epoch `resumed` if there is one.
fn training(
    directory: &Path,
    resumed: Option<usize>,
    rates: &Rates,
) -> SupervisedTraining<Network> {
    training_with(directory, resumed, rates, 7)
}

/// The same with digits in the order of another seed.
fn training_with(
    directory: &Path,
    resumed: Option<usize>,
    rates: &Rates,
    seed: u64,
) -> SupervisedTraining<Network> {
    let (train, valid) = loaders(resumed.unwrap_or(0) + 1, seed);
    with_metrics(
        SupervisedTraining::new(directory, train, valid),
        resumed,
        rates,
    )
}

fn with_metrics(
    training: SupervisedTraining<Network>,
    resumed: Option<usize>,
    rates: &Rates,
) -> SupervisedTraining<Network> {
    let training = training
        .metrics((LossMetric::new(),))
        .metric_train(rates.clone())
        .with_application_logger(None)
        .renderer(Box::new(digits::plain::Lines::default()))
        .with_default_checkpointers();
    match resumed {
        None => training,
        Some(epoch) => training.checkpoint(epoch),
    }
}

fn feedback<S: Schedule, F: Feedback>(lr: &Scheduler<S, F>) -> MetricFeedback {
    MetricFeedback::new(lr, &LossMetric::new(), Direction::Lowest, Split::Valid).unwrap()
}

/// The same network each time: a device's generator is one for all threads, so that the weights come
/// from one of their own.
fn network() -> Network {
    struct Uniform(ChaCha8Rng);

    impl ModuleMapper for Uniform {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| {
                let (shape, device) = (tensor.shape(), tensor.device());
                let bound = 1.0 / (shape[0] as f32).sqrt();
                let values = (0..shape.num_elements())
                    .map(|_| self.0.random_range(-bound..bound))
                    .collect();
                Tensor::from_data(TensorData::new::<f32, _>(values, shape), &device).require_grad()
            })
        }
    }

    let network = Network::new(&Device::flex().autodiff());
    network.map(&mut Uniform(ChaCha8Rng::seed_from_u64(3)))
}

fn learner(lr: impl Into<ModuleLrScheduler>) -> Learner<Network> {
    Learner::new(network(), AdamConfig::new().init(), lr)
}

/// Every parameter's bytes.
fn weights(model: Network) -> Vec<(String, Vec<u8>)> {
    let record = model.into_record().into_bytes().unwrap();
    let reader = burn_pack::Reader::from_bytes(record).unwrap();
    let names = reader.tensor_names().into_iter();
    let values = names.map(|name| (name.to_string(), reader.tensor_data(name).unwrap().to_vec()));
    values.collect()
}

fn succeeded(result: LearningResult<Network>) -> Network {
    assert!(result.error.is_none(), "{:?}", result.error);
    result.model
}

/// The steps (counted from 1) before which the rate of `rates`, once warmed up, goes down.
fn cuts(rates: &[f64]) -> Vec<usize> {
    let pairs = rates.windows(2).enumerate();
    let cut = pairs.filter(|(_, pair)| pair[1] < pair[0]);
    cut.map(|(index, _)| index + 1).collect()
}

/// Trains in a directory, after a checkpoint if one is given, until an epoch.
type Train = dyn Fn(&Path, Option<usize>, &Rates, usize) -> Network;

#[test]
fn a_resumed_training_is_the_same_one() {
    let one_go = |train: &Train| {
        let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
        let model = train(directory.path(), None, &rates, EPOCHS);
        (rates.take(), weights(model))
    };
    let in_two = |train: &Train| {
        let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
        train(directory.path(), None, &rates, BREAK);
        let model = train(directory.path(), Some(BREAK), &rates, EPOCHS);
        (rates.take(), weights(model))
    };

    // The base rate for all parameters; and a rate by layer, with weight decay by a cosine.
    let plain = |path: &Path, resumed: Option<usize>, rates: &Rates, epochs: usize| {
        let lr = scheduler();
        let training = feedback(&lr).install(training(path, resumed, rates));
        succeeded(training.num_epochs(epochs).launch(learner(lr)))
    };
    let grouped = |path: &Path, resumed: Option<usize>, rates: &Rates, epochs: usize| {
        let mut lr = scheduler();
        let decay = ("weight_decay", Cosine::new(0.1, 0.0, 200).into_dyn());
        let optimizer = ScheduledOptimizer::new(&mut lr, [decay], |[decay]| {
            let config = burn::optim::AdamWConfig::new();
            config.with_weight_decay(decay as f32).build()
        });
        let training = feedback(&lr).install(training(path, resumed, rates));
        let model = network();
        let groups = Groups::new().layer_wise(0.7, &layers_of(&model));
        let lr = groups.build(lr, &model).unwrap();
        let learner = Learner::new(model, optimizer.into(), lr);
        succeeded(training.num_epochs(epochs).launch(learner))
    };
    for train in [&plain as &Train, &grouped] {
        let (rates, weights) = one_go(train);
        let (resumed_rates, resumed_weights) = in_two(train);

        let steps = 1_438usize.div_ceil(64);
        assert_eq!(rates.len(), EPOCHS * steps);
        let epochs: Vec<usize> = cuts(&rates).iter().map(|step| step / steps).collect();
        assert!(
            cuts(&rates).iter().all(|step| step % steps == 0),
            "cuts come between epochs"
        );
        let before_at_and_after = [1..BREAK, BREAK..BREAK + 1, BREAK + 1..EPOCHS];
        for range in before_at_and_after {
            assert!(
                epochs.iter().any(|epoch| range.contains(epoch)),
                "no cut after the epochs {range:?}, but {epochs:?}"
            );
        }
        let bits = |rates: &[f64]| rates.iter().map(|rate| rate.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&rates), bits(&resumed_rates));
        assert!(weights == resumed_weights, "the weights differ");
    }
}

/// A rule whose rate depends on every digit of what it has heard last.
#[derive(Debug, Clone)]
struct Echo(f64);

impl Feedback for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn observe(&mut self, metric: f64, _scheduled: f64) {
        self.0 = metric;
    }

    fn rate(&self, scheduled: f64) -> f64 {
        scheduled / (1.0 + self.0)
    }

    fn state(&self) -> State {
        State::new().with("heard", Value::Number(self.0))
    }

    fn restore(&mut self, stored: &State) -> Result<(), StateError> {
        self.0 = stored.number("heard")?;
        Ok(())
    }
}

/// A run had come to epoch 5, and is resumed from epoch 3: what it had measured after that, with
/// other batches, is not heard again.
#[test]
fn a_training_that_goes_on_from_an_older_checkpoint_forgets_what_was_given_up() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let train = |path: &Path, resumed: Option<usize>, epochs: usize, seed: u64| {
        let lr = Scheduler::with_feedback(Constant::new(0.01), Echo(0.0));
        let training = training_with(path, resumed, &rates, seed).num_epochs(epochs);
        // Saves every epoch, and looks for the best one as Burn's default does.
        let strategy = ComposedCheckpointingStrategy::builder()
            .add(Asked::default())
            .add(LooksForTheBest)
            .build();
        let feedback = feedback(&lr).with_checkpointing_strategy(strategy);
        let model = succeeded(feedback.install(training).launch(learner(lr)));
        (rates.take(), weights(model))
    };
    train(directory.path(), None, 3, 7);
    let given_up = train(directory.path(), Some(3), 5, 8);
    discard_logs_after(directory.path(), 3).unwrap();
    let resumed = train(directory.path(), Some(3), 6, 7);

    let other = tempfile::tempdir().unwrap();
    train(other.path(), None, 3, 7);
    let expected = train(other.path(), Some(3), 6, 7);
    assert_ne!(given_up.1, expected.1);
    assert_eq!(resumed.0, expected.0);
    assert!(resumed.1 == expected.1, "the weights differ");
}

/// Has the event store look through all epochs, and remember what it finds.
struct LooksForTheBest;

impl CheckpointingStrategy for LooksForTheBest {
    fn checkpointing(
        &mut self,
        epoch: usize,
        store: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        let (mean, lowest) = (Aggregate::Mean, Direction::Lowest);
        let best = store.find_epoch("Loss", mean, lowest, &Split::Valid);
        assert!(best.unwrap() <= epoch, "it is of an epoch to come");
        vec![]
    }
}

/// Counts how often it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<usize>>>);

impl CheckpointingStrategy for Asked {
    fn checkpointing(&mut self, epoch: usize, _: &EventStoreClient) -> Vec<CheckpointingAction> {
        self.0.lock().unwrap().push(epoch);
        vec![CheckpointingAction::Save]
    }
}

impl EarlyStoppingStrategy for Asked {
    fn should_stop(&mut self, epoch: usize, _: &EventStoreClient) -> bool {
        self.0.lock().unwrap().push(epoch);
        epoch == 3
    }
}

#[test]
fn the_users_own_strategies_are_asked() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let (saves, stops) = (Asked::default(), Asked::default());
    let lr = scheduler();
    let feedback = feedback(&lr)
        .with_checkpointing_strategy(saves.clone())
        .with_early_stopping(stops.clone());
    let outcome = feedback.outcome();
    let training = feedback.install(training(directory.path(), None, &rates));
    succeeded(training.num_epochs(EPOCHS).launch(learner(lr)));
    assert_eq!((outcome.check(), outcome.last_epoch()), (Ok(()), Some(3)));
    for asked in [saves, stops] {
        assert_eq!(*asked.0.lock().unwrap(), [1, 2, 3]);
    }
    let kept = |epoch: usize| {
        let path = directory
            .path()
            .join(format!("checkpoint/model-{epoch}.bpk"));
        path.exists()
    };
    assert!(kept(1) && kept(2) && kept(3));
}

#[test]
fn without_them_it_is_as_burn_has_it() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    // A metric of the training split, and one that is better the higher it is.
    let rule = ReduceOnPlateauConfig::new().with_mode(Mode::Max);
    let rule = rule.with_patience(0).with_threshold(10.0);
    let lr = Scheduler::with_feedback(Constant::new(0.01), rule.build().unwrap());
    let accuracy = AccuracyMetric::new();
    let feedback = MetricFeedback::new(&lr, &accuracy, Direction::Highest, Split::Train).unwrap();
    let training = training(directory.path(), None, &rates).metrics((accuracy,));
    let training = feedback.install(training);
    succeeded(training.num_epochs(6).launch(learner(lr)));
    assert_eq!(cuts(&rates.take()), [46, 69, 92, 115]); // all but the first epoch's

    let mut kept: Vec<String> = std::fs::read_dir(directory.path().join("checkpoint"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("scheduler"))
        .collect();
    kept.sort();
    assert!(kept.len() <= 3, "{kept:?}"); // the last two, and the best if that is another one
    assert!(kept.ends_with(&["scheduler-5.bpk".into(), "scheduler-6.bpk".into()]));
}

#[test]
fn the_rates_that_burn_train_logs_are_audited() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let schedule = |peak| Cosine::new(peak, 0.0, 50).warmup(10).into_dyn();
    let training = training(directory.path(), None, &rates);
    let training = training.metric_train_numeric(LearningRateMetric::new());
    let lr = Scheduler::new(schedule(0.01));
    succeeded(training.num_epochs(3).launch(learner(lr)));

    let log = Log::open(directory.path(), None).unwrap();
    let right = audit(&log, &schedule(0.01), None).unwrap();
    assert_eq!((right.format.name(), right.rows), ("burn", 3 * 23));
    assert_eq!((right.steps, right.after_step), ((0, 3 * 23 - 1), false));
    assert!(right.first.is_none(), "{:?}", right.first);
    let wrong = audit(&log, &schedule(0.02), None).unwrap();
    assert_eq!(wrong.first.unwrap().step, 1); // both begin with 0
    assert_eq!(wrong.mistakes[0].kind.name(), "base-rate");
}

#[test]
fn several_schedulers_hear_a_metric_each() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let rule = |mode| {
        let rule = ReduceOnPlateauConfig::new()
            .with_mode(mode)
            .with_patience(0);
        rule.with_threshold(10.0).build().unwrap() // nothing is an improvement
    };
    let base = Scheduler::with_feedback(Constant::new(0.01), rule(Mode::Min));
    let own = Scheduler::with_feedback(Constant::new(0.02), rule(Mode::Max));
    let accuracy = AccuracyMetric::new();
    let hears_accuracy = MetricFeedback::new(&own, &accuracy, Direction::Highest, Split::Train);
    let feedback = feedback(&base).and(hears_accuracy.unwrap());
    let model = network();
    let groups = Groups::new().with(Group::new("output").scheduled(own));
    let lr = groups.build(base, &model).unwrap();
    let handle = lr.handle();

    let training = training(directory.path(), None, &rates).metrics((accuracy,));
    let training = lr.register_metrics(training).num_epochs(3);
    let learner = Learner::new(model, AdamConfig::new().init(), lr);
    succeeded(feedback.install(training).launch(learner));
    // The first epoch is the best so far; the second is worse, and cuts the third's.
    let [base, own] = [handle.base(), handle.of("output").unwrap()].map(LrHandle::lr);
    assert!((base - 0.001).abs() < 1e-12 && (own - 0.002).abs() < 1e-12);
    // What burn-train has logged of the group is its rate, in every epoch.
    let logged = |epoch: usize| {
        let path = format!("train/epoch-{epoch}/Learning_Rate_output.log");
        let text = std::fs::read_to_string(directory.path().join(path)).unwrap();
        text.lines().count()
    };
    assert_eq!((logged(1), logged(3)), (23 + 1, 23 + 1)); // the steps, and the epoch
    let log = Log::open(directory.path(), Some("Learning Rate output")).unwrap();
    assert_eq!(log.rows().unwrap().count(), 3 * 23);
}

#[test]
fn a_metric_that_is_not_there_ends_the_training() {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let rule = ReduceOnPlateau::new(Mode::Max);
    let lr = Scheduler::with_feedback(Constant::new(0.01), rule);
    let metric = AccuracyMetric::new();
    let wrong = MetricFeedback::new(&lr, &metric, Direction::Lowest, Split::Valid).err();
    assert_eq!(
        wrong.unwrap().to_string(),
        "`Accuracy` is better the other way than the rule takes it to be: its mode must be Min"
    );
    let feedback = MetricFeedback::new(&lr, &metric, Direction::Highest, Split::Valid).unwrap();
    let outcome = feedback.outcome();
    let training = feedback.install(training(directory.path(), None, &rates));
    let interrupter = training.interrupter();
    let result = training.num_epochs(EPOCHS).launch(learner(lr));
    let error = result.error.expect("the metric was not registered");
    let TrainingError::Checkpoint(CheckpointerError::IOError(error)) = &*error else {
        panic!("another error: {error}");
    };
    let found = error.get_ref().and_then(|error| error.downcast_ref());
    let expected = MetricFeedbackError::NotFound {
        metric: "Accuracy".to_string(),
        split: Split::Valid,
        epoch: 1,
    };
    assert_eq!(found, Some(&expected));
    interrupter.reset(); // as burn-train's dashboard does before the result is made
    assert_eq!(
        (outcome.check(), outcome.last_epoch()),
        (Err(expected), None)
    );
    assert_eq!(rates.take().len(), 23); // one epoch
    let saved = directory.path().join("checkpoint/scheduler-1.bpk");
    assert!(
        !saved.exists(),
        "what was saved is not what the run would go on with"
    );
}

/// Two workers with clones of a learner, each on its thread with its half of the digits, which meet
/// after each epoch; the first validates and saves. It is what burn-train's distributed training
/// does, less the exchange of gradients, for which no CPU backend has the means.
struct TwoWorkers {
    rates: [Rates; 2],
}

impl SupervisedLearningStrategy<Network> for TwoWorkers {
    fn fit(
        &self,
        components: TrainingComponents<Network>,
        learner: Learner<Network>,
        train: TrainLoader<Network>,
        valid: ValidLoader<Network>,
        starting_epoch: usize,
    ) -> (Network, SupervisedTrainingEventProcessor<Network>) {
        let devices = [Device::flex().autodiff(), Device::flex().autodiff()];
        let parts = split_dataloader(train, &devices);
        let barrier = Arc::new(Barrier::new(2));
        let processor = Arc::new(Mutex::new(components.event_processor));
        let mut checkpointer = components.checkpointer;
        let workers: Vec<_> = parts
            .into_iter()
            .enumerate()
            .map(|(number, part)| {
                let mut learner = learner.clone();
                // The clone's first graph would be one with the other's.
                learner.fork(&devices[number]);
                let mut early_stopping = components.early_stopping.clone();
                let mut checkpointer = if number == 0 {
                    checkpointer.take()
                } else {
                    None
                };
                let (processor, barrier) = (processor.clone(), barrier.clone());
                let (store, valid) = (components.event_store.clone(), valid.clone());
                let rates = self.rates[number].clone();
                let epochs = starting_epoch..=components.num_epochs;
                std::thread::spawn(move || {
                    for epoch in epochs {
                        let start = LearnerEvent::StartSplit {
                            epoch_number: epoch,
                            total_items: 1_438,
                        };
                        if number == 0 {
                            processor.lock().unwrap().process_train(start).unwrap();
                        }
                        let mut batches = part.iter();
                        while let Some(batch) = batches.next() {
                            let output = learner.train_step(batch.unwrap());
                            learner.lr_step();
                            learner.optimizer_step(output.grads);
                            rates.0.lock().unwrap().push(learner.lr_current().base());
                            let item = TrainingItem::new(
                                output.item,
                                batches.progress(),
                                None,
                                Some(learner.lr_current()),
                            );
                            let event = LearnerEvent::ProcessedItem(item);
                            processor.lock().unwrap().process_train(event).unwrap();
                        }
                        if number == 0 {
                            let model = learner.model().valid();
                            let mut processor = processor.lock().unwrap();
                            processor
                                .process_train(LearnerEvent::EndSplit(epoch))
                                .unwrap();
                            let start = LearnerEvent::StartSplit {
                                epoch_number: epoch,
                                total_items: 359,
                            };
                            processor.process_valid(start).unwrap();
                            let mut batches = valid.iter();
                            while let Some(batch) = batches.next() {
                                let output =
                                    burn::train::InferenceStep::step(&model, batch.unwrap());
                                let item =
                                    TrainingItem::new(output, batches.progress(), None, None);
                                processor
                                    .process_valid(LearnerEvent::ProcessedItem(item))
                                    .unwrap();
                            }
                            processor
                                .process_valid(LearnerEvent::EndSplit(epoch))
                                .unwrap();
                            processor
                                .process_train(LearnerEvent::EndEpoch(epoch))
                                .unwrap();
                        }
                        barrier.wait();
                        processor.lock().unwrap().flush().unwrap();
                        if let Some(checkpointer) = &mut checkpointer {
                            checkpointer.checkpoint(&learner, epoch, &store);
                        }
                        let early_stopping = early_stopping.as_mut().expect("feedback sits there");
                        if early_stopping.should_stop(epoch, &store) {
                            break;
                        }
                    }
                    learner.model()
                })
            })
            .collect();
        let models: Vec<Network> = workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect();
        drop(components.event_store);
        let processor = Arc::try_unwrap(processor)
            .ok()
            .unwrap()
            .into_inner()
            .unwrap();
        (models.into_iter().next().unwrap(), processor)
    }
}

/// Four epochs on two workers: the rates that each of them had.
fn on_two_workers(lr: Lr, optimizer: ModuleOptimizer, feedback: MetricFeedback) -> [Vec<f64>; 2] {
    let (directory, rates) = (tempfile::tempdir().unwrap(), Rates::default());
    let workers = TwoWorkers {
        rates: Default::default(),
    };
    let of_each = workers.rates.clone();
    let training = training(directory.path(), None, &rates)
        .num_epochs(4)
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(workers)));
    let learner = Learner::new(network(), optimizer, lr);
    succeeded(feedback.install(training).launch(learner));
    of_each.map(|rates| rates.take())
}

/// A batch more or less in the halves of the digits: one has 719, the other as many.
const STEPS: usize = 719usize.div_ceil(64);

fn assert_same(of_each: &[Vec<f64>; 2]) {
    let [first, second] = of_each;
    assert_eq!(first.len(), 4 * STEPS);
    let pairs = first.iter().zip(second);
    let differs = pairs
        .map(|(a, b)| a.to_bits() == b.to_bits())
        .position(|same| !same);
    assert_eq!(differs, None, "of {first:?} and {second:?}");
}

#[test]
fn two_workers_hear_the_same_before_the_same_step() {
    let lr = scheduler();
    let feedback = feedback(&lr);
    let of_each = on_two_workers(lr, SgdConfig::new().init(), feedback);
    assert_same(&of_each);
    let cuts = cuts(&of_each[0]);
    assert!(
        !cuts.is_empty() && cuts.iter().all(|step| step % STEPS == 0),
        "{cuts:?}"
    );
}

#[test]
fn two_workers_take_up_what_is_done_by_hand_at_the_same_step() {
    let mut lr = scheduler();
    let handle = lr.handle();
    // Another thread changes the rate every few steps, whenever that happens to be.
    let running = Arc::new(AtomicBool::new(true));
    let changes = std::thread::spawn({
        let running = running.clone();
        move || {
            let mut changes = 0;
            while running.load(Ordering::Relaxed) {
                match changes % 4 {
                    0 => handle.scale(0.999).unwrap(),
                    1 => handle.set(0.01 + f64::from(changes) * 1e-7).unwrap(),
                    2 => handle.start_decay(500),
                    _ => handle.release(),
                }
                changes += 1;
                std::thread::sleep(std::time::Duration::from_micros(700));
            }
            changes
        }
    });
    let momentum = ("momentum", LinearRamp::new(0.95, 0.85, 100).into_dyn());
    let optimizer = ScheduledOptimizer::new(&mut lr, [momentum], |[momentum]| {
        let momentum = MomentumConfig::new().with_momentum(momentum);
        let config = SgdConfig::new().with_momentum(Some(momentum.with_dampening(0.0)));
        config.build()
    });
    let feedback = feedback(&lr);
    let of_each = on_two_workers(lr, optimizer.into(), feedback);
    running.store(false, Ordering::Relaxed);
    let changes = changes.join().unwrap();
    assert!(changes > 20, "only {changes} changes by hand");
    assert_same(&of_each);
}

#[test]
fn several_devices_have_one_rate_also_when_resumed() {
    for optim in [
        MultiDeviceOptim::OptimMainDevice,
        MultiDeviceOptim::OptimSharded,
    ] {
        let train = |path: &Path, resumed: Option<usize>, epochs: usize| {
            let (lr, rates) = (scheduler(), Rates::default());
            let devices = vec![Device::flex(), Device::flex()];
            let training = training(path, resumed, &rates)
                .num_epochs(epochs)
                .with_training_strategy(ExecutionStrategy::multi(devices, optim).into());
            succeeded(feedback(&lr).install(training).launch(learner(lr)));
            rates.take()
        };
        let directory = tempfile::tempdir().unwrap();
        let rates = train(directory.path(), None, 6);
        // Both devices report each step.
        assert_eq!(rates.len(), 6 * 2 * STEPS);
        let [first, second] = [0, 1].map(|device| {
            let rates = rates.iter().skip(device).step_by(2);
            rates.copied().collect::<Vec<f64>>()
        });
        assert_eq!(first, second);
        let cuts = cuts(&first);
        assert!(
            !cuts.is_empty() && cuts.iter().all(|step| step % STEPS == 0),
            "{cuts:?}"
        );

        let directory = tempfile::tempdir().unwrap();
        let mut in_two = train(directory.path(), None, 3);
        in_two.extend(train(directory.path(), Some(3), 6));
        assert_eq!(rates, in_two);
    }
}

/// The way of burn-train's distributed training today on devices that have no collective operations,
/// which all CPU backends are. Where this fails one day, the two workers above can be Burn's own.
#[test]
#[should_panic(expected = "Distributed operations are not supported for device Flex(Cpu)")]
fn burns_distributed_training_needs_other_devices() {
    let config = DistributedConfig {
        all_reduce_op: ReduceOperation::Mean,
    };
    ExecutionStrategy::ddp(vec![Device::flex(), Device::flex()], config);
}
