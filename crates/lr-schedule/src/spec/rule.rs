use crate::data::Data;
use crate::error::ScheduleError;
use crate::feedback::*;
use crate::field::Field;
use crate::length::TrainingLength;
use crate::place::{Place, Resolve};

described! {
    /// A feedback rule as plain data: what it is called and its options.
    enum RuleSpec: "rule" => DynFeedback;

    wraps {}
    each {
    /// [`Greedy`]
    Greedy greedy {
        mode: Mode = GreedyConfig::DEFAULT.mode,
        factor: f64 = GreedyConfig::DEFAULT.factor,
        patience: u64 = GreedyConfig::DEFAULT.patience,
        threshold: f64 = GreedyConfig::DEFAULT.threshold,
        threshold_mode: ThresholdMode = GreedyConfig::DEFAULT.threshold_mode,
        cooldown: u64 = GreedyConfig::DEFAULT.cooldown,
        warmup: u64 = GreedyConfig::DEFAULT.warmup,
        min_lr: f64 = GreedyConfig::DEFAULT.min_lr,
        max_lr: f64 = GreedyConfig::DEFAULT.max_lr,
        eps: f64 = GreedyConfig::DEFAULT.eps,
        window: Option<u64> = GreedyConfig::DEFAULT.window,
        reset_start: u64 = GreedyConfig::DEFAULT.reset_start,
        dialect: Option<Dialect> = None,
    } => {
        let config = GreedyConfig {
            mode, factor, patience, threshold, threshold_mode, cooldown, warmup, min_lr, max_lr,
            eps, window, reset_start, dialect: dialect.unwrap_or_default(),
        };
        config.build().map(DynFeedback::new)
    };
    /// [`ReduceOnPlateau`]
    ReduceOnPlateau reduce_on_plateau {
        mode: Mode = ReduceOnPlateauConfig::DEFAULT.mode,
        factor: f64 = ReduceOnPlateauConfig::DEFAULT.factor,
        patience: u64 = ReduceOnPlateauConfig::DEFAULT.patience,
        threshold: f64 = ReduceOnPlateauConfig::DEFAULT.threshold,
        threshold_mode: ThresholdMode = ReduceOnPlateauConfig::DEFAULT.threshold_mode,
        cooldown: u64 = ReduceOnPlateauConfig::DEFAULT.cooldown,
        min_lr: f64 = ReduceOnPlateauConfig::DEFAULT.min_lr,
        eps: f64 = ReduceOnPlateauConfig::DEFAULT.eps,
        // Those that came later are written only where they are given, so that rules keep the
        // fingerprints that saved runs know them by.
        threshold_abs: Option<f64> = None,
        min_scale: Option<f64> = None,
        accumulation: Option<u64> = None,
        skip: Option<u64> = None,
        dialect: Option<Dialect> = None,
    } => {
        let config = ReduceOnPlateauConfig {
            mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps,
            threshold_abs: threshold_abs.unwrap_or(ReduceOnPlateauConfig::DEFAULT.threshold_abs),
            min_scale: min_scale.unwrap_or(ReduceOnPlateauConfig::DEFAULT.min_scale),
            accumulation: accumulation.unwrap_or(ReduceOnPlateauConfig::DEFAULT.accumulation),
            skip: skip.unwrap_or(ReduceOnPlateauConfig::DEFAULT.skip),
            dialect: dialect.unwrap_or_default(),
        };
        config.build().map(DynFeedback::new)
    };

    }
    lists {}
}

impl Resolve for RuleSpec {}
