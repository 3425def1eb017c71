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
fn short_epochs_and_a_step_to_begin_at_keep_the_order() {
    let whole = loader(); // epochs of 11 steps, the last one of 3 items
    let batches = |loader: &dyn DataLoader<(Vec<usize>, Device)>| -> Vec<Vec<usize>> {
        loader.iter().map(|batch| batch.unwrap().0).collect()
    };
    let expected: Vec<_> = (0..4).flat_map(|_| batches(&whole)).collect();
    for steps in [1, 4, 11, 12, 30] {
        let short = loader().with_steps_per_epoch(steps);
        let passes = 44 / steps;
        let seen: Vec<_> = (0..passes).flat_map(|_| batches(&short)).collect();
        assert_eq!(seen, expected[..(passes * steps) as usize], "{steps}");
        for start in [0, 1, 10, 11, 12, 27] {
            // The rest of the epoch that the step is in, then the next one.
            let resumed = loader().with_steps_per_epoch(steps).starting_at(start);
            let end = (start / steps + 1) * steps;
            assert_eq!(batches(&resumed), expected[start as usize..end as usize]);
            assert_eq!(resumed.next_epoch(), start / steps + 2);
            assert_eq!(
                batches(&resumed)[0],
                expected[end as usize],
                "{steps}, {start}"
            );
        }
    }
    let resumed = loader().starting_at(13);
    let mut rest = resumed.iter();
    assert_eq!(rest.progress().items_processed, 20);
    assert_eq!(rest.by_ref().count(), 9);
    assert!(rest.progress().is_completed());
    let short = loader().with_steps_per_epoch(12).starting_with(2);
    let second = short.iter(); // 10 steps of the data's second epoch, and 2 of its third
    assert_eq!(second.progress().items_total, 93 + 20);
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
