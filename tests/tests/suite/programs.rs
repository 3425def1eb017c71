//! Runs of other programs than a loop of one's own that go on in Burn, as those of [`pytorch`](super::pytorch) do.
//! `torch/programs.py` wrote the files, and what became of the runs.

use burn::store::{ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use burn::tensor::{DType, Device};
use burn_lr::pytorch::{
    OptimizerState, ReadOptions, TorchFile, TorchNames, TorchOptimizer, TrainingArguments,
    load_weights,
};
use tests::torch::{Data, Place};
use tests::{devices, tolerance};

use super::pytorch::{Case, Network, Rates, Run, Sequential, cases_of};

fn path(file: &str) -> String {
    format!("{}/torch/programs/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn open(file: &str) -> TorchFile {
    TorchFile::open(path(file)).unwrap()
}

/// One file with all in it, at these places.
fn whole(file: &str, places: [&str; 3], names: TorchNames, device: &Device) -> Run<Sequential> {
    let file = open(file);
    let root = file.root();
    let [weights, optimizer, scheduler] = places.map(|place| root.at(place).unwrap());
    let model = load_weights(Sequential::new(device), &weights, &names).unwrap();
    let names = names.with_order_of(&weights).unwrap();
    let saved = TorchOptimizer::read(&optimizer).unwrap();
    let state = OptimizerState::read(&optimizer).unwrap();
    let state = ReadOptions::new().with_optimizer(&state).read(&scheduler);
    Run::of(model, &saved, &state.unwrap(), &names).unwrap()
}

fn legacy(device: &Device) -> Run<Sequential> {
    let places = ["model", "optimizer", "scheduler"];
    whole("legacy.pth", places, Sequential::names(), device)
}

fn lightning(device: &Device) -> Run<Sequential> {
    let file = open("lightning.ckpt");
    let step = file.root().field("global_step").unwrap().count().unwrap();
    assert_eq!(step, 100);
    let names = TorchNames::new().with_key_remapping(r"^net\.", "layers.");
    let places = ["state_dict", "optimizer_states.0", "lr_schedulers.0"];
    whole("lightning.ckpt", places, names.unwrap(), device)
}

/// A folder, whose weights are no file of PyTorch's.
fn trainer(device: &Device) -> Run<Sequential> {
    let folder = "trainer/checkpoint-100";
    let mut weights = SafetensorsStore::from_file(path(&format!("{folder}/model.safetensors")))
        .with_from_adapter(PyTorchToBurnAdapter)
        .with_key_remapping(r"^net\.", "layers.");
    let mut model = Sequential::new(device);
    model.load_from(&mut weights).unwrap();

    let optimizer = open(&format!("{folder}/optimizer.pt"));
    let saved = TorchOptimizer::read(&optimizer.root()).unwrap();
    let optimizer = OptimizerState::read(&optimizer.root()).unwrap();
    let arguments = open(&format!("{folder}/training_args.bin"));
    let arguments = TrainingArguments::read(&arguments.root()).unwrap();
    let state = std::fs::read(path(&format!("{folder}/trainer_state.json"))).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
    let total = state["max_steps"].as_u64();
    let state = ReadOptions::new()
        .with_optimizer(&optimizer)
        .with_schedule(|base_lr| arguments.schedule(base_lr, total))
        .read(&open(&format!("{folder}/scheduler.pt")).root());
    // The Trainer has two groups: with weight decay, and biases and norms without.
    let names = TorchNames::new().with_key_remapping(r"^net\.", "layers.");
    let names = names.unwrap().with_order(["net.0.weight", "net.0.bias"]);
    Run::of(model, &saved, &state.unwrap(), &names).unwrap()
}

#[test]
fn runs_of_other_programs_go_on() {
    let cases: Vec<Case> = cases_of(include_str!("../../torch/programs.json"));
    let data = Data::diabetes();
    for device in devices() {
        let place = Place {
            device,
            dtype: DType::F32,
        };
        for case in &cases {
            let run = match case.optimizer.as_str() {
                "legacy" => legacy(&place.device),
                "lightning" => lightning(&place.device),
                "trainer" => trainer(&place.device),
                other => panic!("no run of {other}"),
            };
            let groups = match run.rates {
                Rates::One(_) => 1,
                Rates::Groups(_) => 2,
            };
            assert_eq!(groups, case.rates[0].len());
            let name = format!("{} on {:?}", case.optimizer, place.device);
            let [rate, weight] = run.train(case, &data, &place);
            println!("{name}: rates off by {rate:.1e}, weights by {weight:.1e} of the largest");
            assert!(rate < 1e-12, "{name}: a rate is off by {rate:e}");
            assert!(
                weight < tolerance(&place.device),
                "{name}: a weight is off by {weight:e}"
            );
        }
    }
    assert_eq!(cases.len(), 3);
}
