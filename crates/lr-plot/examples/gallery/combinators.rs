use lr_plot::PlotError;
use lr_schedule::prelude::*;

use crate::picture::{Picture, STEPS, one, several};

/// What most are shown on.
fn cosine() -> Cosine {
    Cosine::new(0.1, 0.0, STEPS)
}

/// What a combinator makes of a schedule, over that.
fn beside(
    name: &'static str,
    title: &str,
    made: &dyn Schedule,
    of: &dyn Schedule,
) -> Result<Picture, PlotError> {
    several(name, title, &[("before", of), ("after", made)], STEPS)
}

pub fn draw(pictures: &mut Vec<Picture>) -> Result<(), PlotError> {
    pictures.push(several(
        "batch_scale",
        "scale_batch from 256 samples to 1,024",
        &[
            ("before", &cosine()),
            (
                "linear",
                &cosine().scale_batch(BatchRule::Linear, 1_024, 256),
            ),
            (
                "square root",
                &cosine().scale_batch(BatchRule::SquareRoot, 1_024, 256),
            ),
        ],
        STEPS,
    )?);
    pictures.push(beside(
        "clamp",
        "clamp to 0.02 .. 0.08",
        &cosine().clamp(Some(0.02), Some(0.08)),
        &cosine(),
    )?);
    let decay = || InverseSqrt::new(0.1, 100.0).warmup(100);
    pictures.push(one(
        "cooldown",
        "cooldown of the last 250 steps",
        decay().cooldown(CooldownConfig::new(750, 250)),
        STEPS,
    )?);
    let short = || Cosine::new(0.1, 0.0, 700);
    pictures.push(beside(
        "delay",
        "delay by 250 steps",
        &short().delay(250),
        &short(),
    )?);
    pictures.push(one(
        "noise",
        "noise of up to 20%",
        Cosine::new(0.1, 0.0, 200).noise(NoiseConfig::new(1).with_std(0.1).with_limit(0.2)),
        200,
    )?);
    pictures.push(one(
        "per_epoch",
        "per_epoch: ten epochs of 100 steps",
        Cosine::new(0.1, 0.0, 10).per_epoch(100),
        STEPS,
    )?);
    let drop = || Step::new(1.0, 250, 0.5).into_dyn();
    pictures.push(beside(
        "product",
        "product with a step that halves",
        &product([cosine().into_dyn(), drop()]),
        &cosine(),
    )?);
    pictures.push(one(
        "repeat",
        "repeat every 250 steps",
        Polynomial::new(0.1, 0.0, 250, 2.0).repeat(250),
        STEPS,
    )?);
    pictures.push(beside(
        "scale",
        "scale by 0.5",
        &cosine().scale(0.5),
        &cosine(),
    )?);
    pictures.push(one(
        "sequence",
        "sequence: up, a while there, and down",
        sequence([
            LinearRamp::new(0.0, 0.1, 150).into_dyn(),
            Constant::new(0.1).take(350).into_dyn(),
            Cosine::new(0.1, 0.0, 500).into_dyn(),
        ]),
        STEPS,
    )?);
    pictures.push(beside(
        "skip",
        "skip of 300 steps",
        &cosine().skip(300),
        &cosine(),
    )?);
    let wave = || CosineWave::new(0.02, 0.0, STEPS, 8.0);
    pictures.push(several(
        "sum",
        "sum of a cosine and a wave",
        &[
            ("sum", &sum([cosine().into_dyn(), wave().into_dyn()])),
            ("cosine", &cosine()),
            ("wave", &wave()),
        ],
        STEPS,
    )?);
    pictures.push(beside(
        "take",
        "take of 600 steps",
        &cosine().take(600),
        &cosine(),
    )?);
    Ok(())
}
