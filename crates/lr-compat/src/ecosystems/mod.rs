//! Config files of training programs, as they stand.
//!
//! A file is recognised by its shape, or read as that of the ecosystem that is [named]. Of a file, only
//! the fields of the schedule (and those that say how long the run is) are read, and these strictly:
//!
//! ```
//! use lr_compat::ecosystems::{self, Facts};
//! use lr_schedule::Schedule;
//! use lr_schedule::spec::Format;
//!
//! let text = r#"{
//!     "train_micro_batch_size_per_gpu": 4,
//!     "optimizer": {"type": "AdamW", "params": {"lr": 3e-4}},
//!     "scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": 20, "warmup_type": "linear"}}
//! }"#;
//! let schedule = ecosystems::read(Format::Json.read(text)?, &Facts::default())?.build()?;
//! assert_eq!([schedule.at(1), schedule.at(11), schedule.at(30)], [0.0, 1.5e-4, 3e-4]);
//!
//! let wrong = Format::Json.read(&text.replace("warmup_type", "warmup_typ"))?;
//! assert_eq!(
//!     ecosystems::read(wrong, &Facts::default()).unwrap_err().to_string(),
//!     "scheduler.params.warmup_typ: is no known argument; did you mean `warmup_type`?",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Facts that a file leaves out are [given](Facts) beside it; the error names the one that is needed. Each
//! ecosystem's own way of counting is followed:
//!
//! | ecosystem | names | its files |
//! | --- | --- | --- |
//! | PyTorch, optax, Burn | `torch`, `optax`, `burn` | `{"scheduler": NAME, "args": {...}}`, as the libraries' modules here read it |
//! | transformers, TRL, LLaMA-Factory | `transformers`, `hf`, `trl`, `llama_factory` | `TrainingArguments`; that form |
//! | axolotl | `axolotl` | its YAML |
//! | DeepSpeed | `deepspeed` | its JSON |
//! | Hydra | `hydra` | a scheduler's `_target_`, anywhere |
//! | Keras | `keras` | schedules, optimizers and compiled models as serialized; that form |
//! | Lightning CLI | `lightning`, `lightning_cli` | `lr_scheduler` with a `class_path` |
//! | Composer, LLM Foundry | `composer`, `llm_foundry`, `mosaicml` | `scheduler` beside a `max_duration` |
//! | detectron2 | `detectron2` | `SOLVER` of its YAML |
//! | fairseq | `fairseq` | its YAML, or the arguments of its command |
//! | Megatron-LM | `megatron`, `megatron_lm` | the arguments of its command; the same in YAML |
//! | MMEngine | `mmengine`, `openmmlab` | `param_scheduler` |
//! | NeMo | `nemo` | `optim.sched` |
//! | PaddlePaddle | `paddle`, `paddlepaddle` | `Optimizer.lr`, with the names of `paddle.optimizer.lr` |
//! | torchtitan | `torchtitan` | its TOML |
//! | timm | `timm` | `args.yaml`; that form |
//! | Ultralytics | `ultralytics`, `yolo` | `args.yaml` |

mod axolotl;
mod composer;
mod deepspeed;
mod detectron2;
mod ecosystem;
mod envelope;
mod fairseq;
mod hf;
mod hydra;
mod interpolation;
mod keras;
mod lightning;
mod megatron;
mod mmengine;
mod nemo;
mod paddle;
mod ramp;
mod targets;
mod timm;
mod torchtitan;
mod ultralytics;

use lr_schedule::spec::Data;
use lr_schedule::{ScheduleError, Spec};

pub use ecosystem::{Ecosystem, Facts};
pub use hf::trainer;

/// All of them. A file is that of the first one that recognises it.
pub const ECOSYSTEMS: &[Ecosystem] = &[
    envelope::TORCH,
    envelope::OPTAX,
    envelope::BURN,
    axolotl::ECOSYSTEM,
    deepspeed::ECOSYSTEM,
    hf::ECOSYSTEM,
    hydra::ECOSYSTEM,
    keras::ECOSYSTEM,
    lightning::ECOSYSTEM,
    timm::ECOSYSTEM,
    composer::ECOSYSTEM,
    detectron2::ECOSYSTEM,
    fairseq::ECOSYSTEM,
    megatron::ECOSYSTEM,
    mmengine::ECOSYSTEM,
    nemo::ECOSYSTEM,
    paddle::ECOSYSTEM,
    torchtitan::ECOSYSTEM,
    ultralytics::ECOSYSTEM,
];

/// Finds the ecosystem that goes by a name.
pub fn named(name: &str) -> Option<&'static Ecosystem> {
    ECOSYSTEMS
        .iter()
        .find(|ecosystem| ecosystem.names.contains(&name))
}

/// Finds the ecosystem whose files have the shape of `data`.
pub fn recognise(data: &Data) -> Option<&'static Ecosystem> {
    ECOSYSTEMS
        .iter()
        .find(|ecosystem| (ecosystem.recognises)(data))
}

/// Reads a file of any ecosystem, or a spec.
///
/// # Errors
///
/// A shape that isn't known; a field of the schedule that is missing, unknown, of another type or out of its
/// bounds; a fact of the run that is needed and not given.
pub fn read(data: Data, facts: &Facts) -> Result<Spec, ScheduleError> {
    match recognise(&data) {
        Some(ecosystem) => (ecosystem.read)(data, facts),
        None => match (data.at("scheduler"), &data) {
            (Some(Data::Text(name)), _) => Err(envelope::unknown(name)),
            (_, Data::Table(entries)) if entries.len() > 1 => {
                let why = "has neither the shape of a spec nor that of a config that is known";
                Err(ScheduleError::unsupported("", why))
            }
            _ => Spec::from_data(data),
        },
    }
}
