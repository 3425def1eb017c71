use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;

use crate::train::order::shuffled;

/// A shuffling data loader whose order in an epoch is a function of the seed and the epoch, so that
/// a resumed run sees the batches of an uninterrupted one.
///
/// Burn's own loader advances a generator with each pass, and a run that is resumed at epoch 6 has
/// the order of epoch 1 again. This one is told its first epoch, as burn-train counts them: from 1,
/// and after a checkpoint of epoch `n` with epoch `n + 1`. Each pass ([`DataLoader::iter`]) is the
/// next epoch.
///
/// ```
/// use std::sync::Arc;
///
/// use burn::data::dataloader::DataLoader;
/// use burn::data::dataloader::batcher::Batcher;
/// use burn::data::dataset::InMemDataset;
/// use burn::tensor::Device;
/// use burn_lr::train::EpochDataLoader;
///
/// struct Numbers;
/// impl Batcher<u32, Vec<u32>> for Numbers {
///     fn batch(&self, items: Vec<u32>, _device: &Device) -> Vec<u32> {
///         items
///     }
/// }
///
/// let device = Device::flex();
/// let dataset = Arc::new(InMemDataset::new((0..10).collect()));
/// let loader = EpochDataLoader::new(dataset, Numbers, 4, 42, &device);
/// let pass = |loader: &dyn DataLoader<Vec<u32>>| loader.iter().map(Result::unwrap).collect::<Vec<_>>();
/// let epochs: Vec<_> = (1..=6).map(|_| pass(&loader)).collect();
/// assert_eq!(epochs[0].iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
///
/// // SupervisedTraining::new(…).checkpoint(5), with the loader's
/// let resumed = loader.starting_with(6);
/// assert_eq!(pass(&resumed), epochs[5]);
///
/// // passes of 2 steps, where an epoch of the data has 3
/// let short = resumed.with_steps_per_epoch(2).starting_with(1);
/// assert_eq!([pass(&short), pass(&short), pass(&short)].concat(), epochs[..2].concat());
/// ```
///
/// For several devices, [`slice`](DataLoader::slice) gives each its share of every epoch's order,
/// so that all items are seen once per epoch and each device gets other ones in the next.
///
/// # Within an epoch
///
/// An epoch that takes a week can be resumed in its middle: a loop of one's own tells the loader the
/// [step](Self::starting_at), and burn-train, which saves at the end of an epoch only, gets
/// [epochs of some steps](Self::with_steps_per_epoch), whose order runs on through those of the data.
///
/// # What else a run that resumes exactly needs
///
/// A batcher that is a function of its items, the same number of devices, and what the chapter
/// [on resuming](crate::guide::resuming) says of randomness in the model, of threads that load, and of GPUs.
pub struct EpochDataLoader<I, O> {
    dataset: Arc<dyn Dataset<I>>,
    batcher: Arc<dyn Batcher<I, O>>,
    batch_size: usize,
    seed: u64,
    device: Device,
    /// The batches of a pass, where those aren't all of an epoch.
    steps_per_epoch: Option<u64>,
    /// The epoch of the next pass.
    next_epoch: AtomicU64,
    /// The batches of it that are left out.
    skipped: AtomicU64,
    /// The part of each epoch's order that is given.
    part: Range<usize>,
}

impl<I: 'static, O: 'static> EpochDataLoader<I, O> {
    /// All of `dataset`, in batches of `batch_size` on `device` (the last one may be smaller), from
    /// epoch 1 on.
    ///
    /// # Panics
    ///
    /// With batches of no items.
    pub fn new(
        dataset: Arc<dyn Dataset<I>>,
        batcher: impl Batcher<I, O> + 'static,
        batch_size: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        assert!(batch_size > 0, "batch_size: must be at least 1, got 0");
        Self {
            part: 0..dataset.len(),
            dataset,
            batcher: Arc::new(batcher),
            batch_size,
            seed,
            device: device.clone(),
            steps_per_epoch: None,
            next_epoch: AtomicU64::new(1),
            skipped: AtomicU64::new(0),
        }
    }

    /// This loader with epochs of so many steps (batches), whatever the data has. The order of the items is
    /// the same: it runs on from one pass to the next, through the epochs of the data. So burn-train saves a
    /// checkpoint every `steps`, and an epoch of the data can be resumed in its middle.
    ///
    /// With slices for several devices, each runs on through its own share: give them shares of as many batches.
    ///
    /// # Panics
    ///
    /// With epochs of no steps.
    pub fn with_steps_per_epoch(mut self, steps: u64) -> Self {
        assert!(steps > 0, "steps_per_epoch: must be at least 1, got 0");
        self.steps_per_epoch = Some(steps);
        self
    }

    /// This loader, whose next pass begins with the batch of step `step` (from 0 on, through all epochs) and
    /// ends with its epoch. Of [short epochs](Self::with_steps_per_epoch), it has to be told before.
    pub fn starting_at(self, step: u64) -> Self {
        let steps = self.steps_per_pass().max(1);
        self.skipped.store(step % steps, Ordering::Relaxed);
        self.next_epoch.store(step / steps + 1, Ordering::Relaxed);
        self
    }

    /// This loader, whose next pass is `epoch`.
    pub fn starting_with(self, epoch: u64) -> Self {
        self.skipped.store(0, Ordering::Relaxed);
        self.next_epoch.store(epoch, Ordering::Relaxed);
        self
    }

    /// The epoch of the next pass.
    pub fn next_epoch(&self) -> u64 {
        self.next_epoch.load(Ordering::Relaxed)
    }

    /// A pass over any epoch, which is not counted as one.
    pub fn epoch(&self, epoch: u64) -> impl DataLoaderIterator<O> + use<I, O> {
        self.pass(epoch, 0)
    }

    /// The batches of the data's epochs.
    fn batches(&self) -> u64 {
        self.part.len().div_ceil(self.batch_size) as u64
    }

    fn steps_per_pass(&self) -> u64 {
        self.steps_per_epoch.unwrap_or(self.batches())
    }

    fn pass(&self, epoch: u64, skipped: u64) -> Pass<I, O> {
        let steps = self.steps_per_pass();
        let begin = epoch.saturating_sub(1).saturating_mul(steps);
        let end = match self.part.is_empty() {
            true => begin,
            false => begin.saturating_add(steps),
        };
        Pass {
            steps: begin..end,
            next: begin.saturating_add(skipped).min(end),
            order: None,
            loader: self.clone(),
        }
    }

    /// The items before the batch of `step`, from the first epoch on.
    fn items_before(&self, step: u64) -> u64 {
        let (items, batches) = (self.part.len() as u64, self.batches().max(1));
        let in_epoch = (step % batches).saturating_mul(self.batch_size as u64);
        (step / batches)
            .saturating_mul(items)
            .saturating_add(in_epoch.min(items))
    }

    /// The same at the same epoch, for another part or device.
    fn with(&self, part: Range<usize>, device: &Device) -> Self {
        Self {
            dataset: self.dataset.clone(),
            batcher: self.batcher.clone(),
            batch_size: self.batch_size,
            seed: self.seed,
            device: device.clone(),
            steps_per_epoch: self.steps_per_epoch,
            next_epoch: AtomicU64::new(self.next_epoch()),
            skipped: AtomicU64::new(self.skipped.load(Ordering::Relaxed)),
            part,
        }
    }
}

impl<I: 'static, O: 'static> Clone for EpochDataLoader<I, O> {
    fn clone(&self) -> Self {
        self.with(self.part.clone(), &self.device)
    }
}

impl<I: 'static, O: 'static> DataLoader<O> for EpochDataLoader<I, O> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<O> + 'a> {
        let epoch = self.next_epoch.fetch_add(1, Ordering::Relaxed);
        let skipped = self.skipped.swap(0, Ordering::Relaxed);
        Box::new(self.pass(epoch, skipped))
    }

    /// The items of an epoch of the data, by which Burn makes slices.
    fn num_items(&self) -> usize {
        self.part.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<O>> {
        Arc::new(self.with(self.part.clone(), device))
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<O>> {
        let end = self.part.start.saturating_add(end).min(self.part.end);
        let start = self.part.start.saturating_add(start).min(end);
        Arc::new(self.with(start..end, &self.device))
    }
}

/// A pass over an epoch.
struct Pass<I, O> {
    steps: Range<u64>,
    /// The step of the next batch.
    next: u64,
    /// The epoch of the data that the last batch was of, and its order.
    order: Option<(u64, Vec<usize>)>,
    loader: EpochDataLoader<I, O>,
}

impl<I: 'static, O: 'static> Iterator for Pass<I, O> {
    type Item = Result<O, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.steps.end {
            return None;
        }
        let loader = &self.loader;
        let batches = loader.batches();
        let (epoch, batch) = (self.next / batches + 1, self.next % batches);
        self.next += 1;
        if self.order.as_ref().is_none_or(|(other, _)| *other != epoch) {
            let mut order = shuffled(loader.dataset.len(), loader.seed, epoch);
            order.truncate(loader.part.end);
            order.drain(..loader.part.start);
            self.order = Some((epoch, order));
        }
        let (_, order) = self.order.as_ref()?;
        let items = order.chunks(loader.batch_size).nth(batch as usize)?;
        let items = loader.dataset.get_many(items.to_vec());
        Some(items.map(|items| loader.batcher.batch(items, &loader.device)))
    }
}

impl<I: 'static, O: 'static> DataLoaderIterator<O> for Pass<I, O> {
    fn progress(&self) -> Progress {
        let unit = Some("items".to_string());
        let before = self.loader.items_before(self.steps.start);
        let items = |step| (self.loader.items_before(step) - before) as usize;
        Progress::new(items(self.next), items(self.steps.end), unit)
    }
}

#[cfg(test)]
mod tests;
