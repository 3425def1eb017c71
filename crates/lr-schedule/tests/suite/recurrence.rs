//! Recurrences of links.

use lr_schedule::prelude::*;
use lr_schedule::spec::Link;

#[test]
fn a_link_goes_on_from_where_another_one_was_left() {
    let anneal = Link::Anneal {
        start: 0.1,
        floor: 0.001,
        t_max: 7.into(),
    };
    let multiply = |of: Option<Spec>| Link::Multiply {
        of: Box::new(of.unwrap()),
    };
    let chain = Link::Chain(vec![
        anneal.clone(),
        multiply(MultiStep::new(1.0, [5, 20], 0.5).to_spec()),
    ]);
    let then = Link::Then {
        first: Box::new(chain),
        steps: 12.into(),
        start: Some(0.05),
        next: Box::new(multiply(Exponential::new(1.0, 0.9).to_spec())),
    };
    for link in [anneal, then] {
        let whole = Recurrence::chained(0.1, [link.clone()]);
        for left in [0, 1, 6, 7, 8, 11, 12, 13, 30] {
            let rest = Link::Skip {
                steps: left.into(),
                of: Box::new(link.clone()),
            };
            let rest = Recurrence::chained(whole.at(left), [rest]);
            for n in 0..40 {
                assert_eq!(rest.at(n), whole.at(left + n), "{n} after {left}");
            }
        }
    }
}
