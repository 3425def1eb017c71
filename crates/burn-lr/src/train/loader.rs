use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;

use super::order::shuffled;

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
/// ```
///
/// For several devices, [`slice`](DataLoader::slice) gives each its share of every epoch's order,
/// so that all items are seen once per epoch and each device gets other ones in the next.
///
/// # What else a run that resumes exactly needs
///
/// - No randomness in the model that is drawn from the device's own generator: dropout goes on with
///   whatever that generator is at. Seeding the device at the start of a run does not help a
///   resumed one, which has drawn fewer numbers.
/// - One thread that loads. This loader has no others; Burn's with several workers gives batches as
///   they come.
/// - A batcher that is a function of its items.
/// - The same number of devices, and a backend that adds up in the same order every time. CPU
///   backends do; on a GPU some kernels don't.
pub struct EpochDataLoader<I, O> {
    dataset: Arc<dyn Dataset<I>>,
    batcher: Arc<dyn Batcher<I, O>>,
    batch_size: usize,
    seed: u64,
    device: Device,
    /// The epoch of the next pass.
    next_epoch: AtomicU64,
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
            next_epoch: AtomicU64::new(1),
        }
    }

    /// This loader, whose next pass is `epoch`.
    pub fn starting_with(self, epoch: u64) -> Self {
        self.next_epoch.store(epoch, Ordering::Relaxed);
        self
    }

    /// The epoch of the next pass.
    pub fn next_epoch(&self) -> u64 {
        self.next_epoch.load(Ordering::Relaxed)
    }

    /// A pass over any epoch, which is not counted as one.
    pub fn epoch(&self, epoch: u64) -> impl DataLoaderIterator<O> + use<I, O> {
        let mut order = shuffled(self.dataset.len(), self.seed, epoch);
        order.truncate(self.part.end);
        order.drain(..self.part.start);
        Pass {
            order,
            position: 0,
            batch_size: self.batch_size,
            dataset: self.dataset.clone(),
            batcher: self.batcher.clone(),
            device: self.device.clone(),
        }
    }

    /// The same at the same epoch, for another part or device.
    fn with(&self, part: Range<usize>, device: &Device) -> Self {
        Self {
            dataset: self.dataset.clone(),
            batcher: self.batcher.clone(),
            batch_size: self.batch_size,
            seed: self.seed,
            device: device.clone(),
            next_epoch: AtomicU64::new(self.next_epoch()),
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
        Box::new(self.epoch(epoch))
    }

    fn num_items(&self) -> usize {
        self.part.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<O>> {
        Arc::new(self.with(self.part.clone(), device))
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<O>> {
        let Range {
            start: first,
            end: last,
        } = self.part;
        let end = first.saturating_add(end).min(last);
        let start = first.saturating_add(start).min(end);
        Arc::new(self.with(start..end, &self.device))
    }
}

/// A pass over an epoch.
struct Pass<I, O> {
    order: Vec<usize>,
    position: usize,
    batch_size: usize,
    dataset: Arc<dyn Dataset<I>>,
    batcher: Arc<dyn Batcher<I, O>>,
    device: Device,
}

impl<I, O> Iterator for Pass<I, O> {
    type Item = Result<O, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = &self.order[self.position..];
        let batch = &left[..left.len().min(self.batch_size)];
        if batch.is_empty() {
            return None;
        }
        self.position += batch.len();
        let items = self.dataset.get_many(batch.to_vec());
        Some(items.map(|items| self.batcher.batch(items, &self.device)))
    }
}

impl<I, O> DataLoaderIterator<O> for Pass<I, O> {
    fn progress(&self) -> Progress {
        let unit = Some("items".to_string());
        Progress::new(self.position, self.order.len(), unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::data::dataset::InMemDataset;

    struct Numbers;

    impl Batcher<usize, (Vec<usize>, Device)> for Numbers {
        fn batch(&self, items: Vec<usize>, device: &Device) -> (Vec<usize>, Device) {
            (items, device.clone())
        }
    }

    fn loader() -> EpochDataLoader<usize, (Vec<usize>, Device)> {
        let dataset = Arc::new(InMemDataset::new((0..103).collect()));
        EpochDataLoader::new(dataset, Numbers, 10, 42, &Device::flex())
    }

    fn pass(loader: &dyn DataLoader<(Vec<usize>, Device)>) -> Vec<usize> {
        let mut batches = loader.iter();
        let mut items = vec![];
        while let Some(batch) = batches.next() {
            items.extend(batch.unwrap().0);
            assert_eq!(batches.progress().items_processed, items.len());
        }
        assert!(batches.progress().is_completed());
        assert_eq!(items.len(), loader.num_items());
        items
    }

    #[test]
    fn an_epoch_does_not_depend_on_what_came_before() {
        let one = loader();
        let epochs: Vec<_> = (0..3).map(|_| pass(&one)).collect();
        assert_ne!(epochs[0], epochs[1]);
        assert_eq!(one.next_epoch(), 4);
        assert_eq!(pass(&loader().starting_with(3)), epochs[2]);
        let again: Vec<usize> = one.epoch(2).flat_map(|batch| batch.unwrap().0).collect();
        assert_eq!((again, one.next_epoch()), (epochs[1].clone(), 4));
        // A clone, and one for another device, go on by themselves.
        let (clone, moved) = (one.clone(), one.to_device(&Device::flex().autodiff()));
        let (ours, clones, moveds) = (pass(&one), pass(&clone), pass(&*moved));
        assert!(ours == clones && ours == moveds);
        let first = moved.iter().next().unwrap().unwrap();
        assert!(first.1.is_autodiff());
    }

    #[test]
    fn slices_share_out_every_epoch() {
        let whole = loader();
        let slices = [whole.slice(0, 50), whole.slice(50, 103)];
        let mut seen: Vec<Vec<usize>> = vec![];
        for _ in 0..2 {
            let order = pass(&whole);
            let parts: Vec<usize> = slices.iter().flat_map(|slice| pass(&**slice)).collect();
            assert_eq!(parts, order);
            seen.push(order);
        }
        let first_device = |order: &Vec<usize>| {
            let mut items = order[..50].to_vec();
            items.sort_unstable();
            items
        };
        assert_ne!(first_device(&seen[0]), first_device(&seen[1]));

        // A slice of a slice, and what is beyond the end.
        let inner = slices[1].slice(10, 20);
        assert_eq!(pass(&*inner), pass(&loader().starting_with(3))[60..70]);
        assert_eq!(whole.slice(90, 1_000).num_items(), 13);
        assert_eq!(whole.slice(200, 300).num_items(), 0);
        assert!(pass(&*whole.slice(7, 3)).is_empty());
    }
}
