use lr_plot::{Figure, PlotError};
use lr_schedule::prelude::*;

use crate::picture::{Picture, plot};

const EPOCHS: usize = 100;

pub fn draw(pictures: &mut Vec<Picture>) -> Result<(), PlotError> {
    let plateau = ReduceOnPlateauConfig::new()
        .with_patience(5)
        .with_factor(0.3);
    let plateau = plateau.build().expect("it is one");
    pictures.push(heard("reduce_on_plateau", "ReduceOnPlateau", plateau, 0.1)?);
    let greedy = GreedyConfig::new().with_patience(2).with_factor(0.8);
    let greedy = greedy.with_max_lr(0.1).build().expect("it is one");
    pictures.push(heard("greedy", "Greedy", greedy, 0.02)?);
    Ok(())
}

/// A rule that hears a loss that comes as far down as its rates let it: what it hears, and what it
/// makes of a constant.
fn heard(
    name: &'static str,
    title: &str,
    mut rule: impl Feedback,
    start: f64,
) -> Result<Picture, PlotError> {
    let mut loss = 1.0;
    let (mut losses, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..EPOCHS {
        let rate = rule.rate(start);
        let lowest = 0.05 + 4.0 * rate;
        // Slow with small rates, and with all of them as far as `lowest`.
        loss += (lowest - loss) * (0.15 + rate).min(0.5);
        losses.push(loss);
        rates.push(rate);
        rule.observe(loss, start);
    }
    let rate = from_fn(move |epoch| rates[(epoch as usize).min(EPOCHS - 1)]);
    let rate = plot(title).schedule("rate", rate).steps(0..EPOCHS as u64);
    let losses = losses
        .into_iter()
        .enumerate()
        .map(|(epoch, loss)| (epoch as f64, loss));
    let loss = plot("").points("loss", losses).steps(0..EPOCHS as u64);
    let figure = Figure::new([
        rate.x_label("").size(640, 200),
        loss.x_label("epoch")
            .y_label("loss that it hears")
            .size(640, 180),
    ]);
    Ok((name, figure.to_svg()?))
}
