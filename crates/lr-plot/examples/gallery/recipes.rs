use lr_plot::PlotError;
use lr_schedule::prelude::*;

use crate::picture::{Picture, STEPS, one, several};

pub fn draw(pictures: &mut Vec<Picture>) -> Result<(), PlotError> {
    pictures.push(one(
        "hard_restarts",
        "HardRestarts: three cycles",
        HardRestarts::new(0.1, STEPS, 3.0),
        STEPS,
    )?);
    pictures.push(one("noam", "Noam", Noam::new(1.0, 512, 200), STEPS)?);
    let cycle = OneCycle::new(0.1, STEPS);
    pictures.push(one("one_cycle", "OneCycle", cycle, STEPS)?);
    let momentum = crate::picture::plot("OneCycle's momentum");
    let momentum = momentum
        .schedule("momentum", cycle.momentum())
        .y_label("momentum");
    pictures.push(("one_cycle_momentum", momentum.steps(0..STEPS).to_svg()?));
    let restarts = RestartsConfig::new(0.1, 0.0, 150)
        .with_t_mult(2.0)
        .with_decay(0.7);
    pictures.push(one(
        "restarts",
        "Restarts: cycles twice as long, peaks 0.7 as high",
        restarts.build().expect("it is one"),
        STEPS,
    )?);
    pictures.push(one(
        "tri_stage",
        "TriStage",
        TriStage::new(0.1, 100, 400, 500),
        STEPS,
    )?);
    pictures.push(one(
        "warm_restarts",
        "WarmRestarts: cycles twice as long",
        WarmRestarts::new(0.1, 0.0, 150, 2),
        STEPS,
    )?);
    pictures.push(one(
        "warmup_stable_decay",
        "WarmupStableDecay",
        WarmupStableDecay::new(0.1, 100, 700, 200),
        STEPS,
    )?);
    pictures.push(several(
        "recipes",
        "Some recipes",
        &[
            ("OneCycle", &cycle),
            ("WarmRestarts", &WarmRestarts::new(0.1, 0.0, 150, 2)),
            (
                "WarmupStableDecay",
                &WarmupStableDecay::new(0.1, 100, 700, 200),
            ),
            ("TriStage", &TriStage::new(0.1, 100, 400, 500)),
        ],
        STEPS,
    )?);
    Ok(())
}
