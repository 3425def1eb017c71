use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The numbers below `len` in the order of an epoch: a permutation that is a function of `seed`,
/// `epoch` and `len`, on every machine and in every version.
///
/// Fisher and Yates' shuffle with numbers from ChaCha8, the epoch being the stream. (That of a
/// library might become another one some day, and a resumed run with it.)
pub(super) fn shuffled(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch);
    let mut order: Vec<usize> = (0..len).collect();
    for last in (1..len).rev() {
        let below = u128::from(last as u64 + 1);
        let chosen = (u128::from(rng.next_u64()) * below) >> 64;
        order.swap(last, chosen as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_what_it_always_was() {
        // as an implementation of ChaCha8 from its paper, in another language, gives it
        assert_eq!(shuffled(10, 42, 1), [8, 2, 4, 6, 9, 0, 5, 3, 1, 7]);
        assert_eq!(shuffled(10, 42, 2), [5, 3, 6, 7, 8, 9, 0, 4, 2, 1]);
        assert_eq!(shuffled(10, 43, 1), [3, 4, 0, 2, 1, 9, 7, 8, 5, 6]);
    }

    #[test]
    fn it_is_a_permutation_and_a_fair_one() {
        assert!(shuffled(0, 1, 1).is_empty());
        assert_eq!(shuffled(1, 1, 1), [0]);
        let mut counts = [[0; 5]; 5];
        for epoch in 0..10_000 {
            let order = shuffled(5, 7, epoch);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4]);
            for (place, item) in order.into_iter().enumerate() {
                counts[place][item] += 1;
            }
        }
        // 2,000 each, with a standard deviation of 40
        assert!(
            counts
                .iter()
                .flatten()
                .all(|count| (1_800..2_200).contains(count))
        );
    }
}
