use lr_schedule::Spec;
use lr_schedule::curves::ConstantSpec;
use lr_torch::{OptimizerState, ReadOptions, SchedulerState, TorchError, TorchFile};
use serde_json::{Value, json};

use super::rates::files;
use super::saved::directory;
use crate::torch_file::{entries, packed, saved, with_pickle};

fn error_of(state: &Value) -> String {
    let file = TorchFile::from_bytes(saved(state)).unwrap();
    SchedulerState::read(&file.root()).unwrap_err().to_string()
}

/// The state of a scheduler with some keys of its own.
fn state(own: Value) -> Value {
    let mut state =
        json!({"base_lrs": [0.1], "last_epoch": 3, "_step_count": 4, "_last_lr": [0.1]});
    let fields = state.as_object_mut().unwrap();
    fields.extend(own.as_object().unwrap().clone());
    state
}

#[test]
fn what_is_wrong_in_a_state_is_said_with_its_place() {
    let step = |gamma: Value| state(json!({"step_size": 5, "gamma": gamma}));
    let sequence = |parts: Vec<Value>, milestones: Value| json!({"_schedulers": parts, "_milestones": milestones, "last_epoch": 3, "_last_lr": [0.1]});
    let good = || step(json!(0.5));
    let cyclic = |own: Value| {
        let mut state = state(json!({
            "max_lrs": [0.5], "total_size": 8.0, "step_ratio": 0.25, "mode": "triangular",
            "gamma": 1.0, "scale_mode": "cycle", "cycle_momentum": false,
        }));
        state
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        state
    };
    let restarts = |length: u64, current: Value| {
        state(json!({"T_0": 5, "T_i": length, "T_mult": 2, "eta_min": 0.0, "T_cur": current}))
    };
    let plateau = |own: Value| {
        let mut state = json!({
            "factor": 0.5, "patience": 3, "cooldown": 0, "eps": 1e-8, "threshold": 1e-4,
            "mode": "min", "threshold_mode": "rel", "min_lrs": [0.0], "last_epoch": 3,
            "_last_lr": [0.1], "best": 0.5, "num_bad_epochs": 1, "cooldown_counter": 0,
        });
        state
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        state
    };
    for (state, message) in [
        (json!([1]), "the file: must be a dict, is a list of 1"),
        (
            json!({"a": 1}),
            "the file: has not the keys of any of PyTorch's schedulers",
        ),
        (
            state(json!({"step_size": 5, "gamma": 0.5, "T_max": 7, "eta_min": 0})),
            "the file: may be of CosineAnnealingLR or of StepLR: give the class by its name",
        ),
        (step(json!(-1)), "gamma: must be at least 0, got -1"),
        (step(json!("x")), "gamma: must be a number, is \"x\""),
        (
            state(json!({"step_size": 0, "gamma": 0.5})),
            "step_size: must be at least 1, got 0",
        ),
        (
            state(json!({"step_size": 2.5, "gamma": 0.5})),
            "step_size: must be an integer, is 2.5",
        ),
        (
            json!({"step_size": 5, "gamma": 0.5, "_last_lr": [0.1], "last_epoch": 3}),
            "the file: has no \"base_lrs\"; there are _last_lr, gamma, last_epoch, step_size",
        ),
        (
            state(json!({"step_size": 5, "gamma": 0.5, "base_lrs": [-0.1]})),
            "base_lrs[0]: must be at least 0, is -0.1",
        ),
        (
            state(json!({"step_size": 5, "gamma": 0.5, "_last_lr": [0.1, 0.2]})),
            "base_lrs: must be a list with an item 1, is a list of 1",
        ),
        (
            state(json!({"step_size": 5, "gamma": 0.5, "_last_lr": []})),
            "_last_lr: must be the rates of one parameter group or more, is a list of 0",
        ),
        (
            state(json!({"step_size": 5, "gamma": 0.5, "last_epoch": -1})),
            "last_epoch: must be at least 0, is -1",
        ),
        (
            state(json!({"milestones": {"#5": -1}, "gamma": 0.5})),
            "milestones[5]: must be at least 0, is -1",
        ),
        (
            state(json!({"milestones": {"#-5": 1}, "gamma": 0.5})),
            "milestones: must be steps from 0 on, is -5",
        ),
        (
            state(json!({"milestones": {"#5": 9_000_000_000u64}, "gamma": 0.5})),
            "the number of parameter groups, and of schedulers and milestones in all of them, is \
             9000000002, and at most 10000 is read",
        ),
        (
            sequence(vec![good(), step(json!(-2))], json!([2])),
            "_schedulers[1].gamma: must be at least 0, got -2",
        ),
        (
            sequence(vec![good(), good()], json!([2, 5])),
            "_milestones: must be one fewer than _schedulers, is a list of 2",
        ),
        (
            sequence(vec![good(), good(), good()], json!([5, 2])),
            "_milestones: must be in ascending order, is a list of 2",
        ),
        (
            sequence(vec![good(), sequence(vec![good()], json!([]))], json!([7])),
            "the file: comes to a SequentialLR or a ChainedScheduler that is not its first part, \
             where PyTorch raises a NotImplementedError",
        ),
        (
            sequence(
                vec![state(
                    json!({"step_size": 5, "gamma": 0.5, "last_epoch": -1}),
                )],
                json!([]),
            ),
            "_schedulers[0]: is stepped next, and has not begun: its last_epoch is negative",
        ),
        (
            sequence(vec![plateau(json!({}))], json!([])),
            "_schedulers[0]: is a ReduceLROnPlateau, which PyTorch takes for no part of another one",
        ),
        (
            state(json!({"anneal_epochs": 5, "_anneal_strategy": "cos"})),
            "the file: keeps its `swa_lr` in the optimizer's param_groups: give the optimizer's \
             state too, with `ReadOptions::with_optimizer`",
        ),
        (
            restarts(7, json!(1)),
            "T_i: must be T_0 times a power of T_mult, is 7",
        ),
        (
            restarts(10, json!(2.5)),
            "T_cur: is 2.5, by a step(epoch) between two epochs; only whole steps are followed",
        ),
        (restarts(10, json!(11)), "T_cur: must be within T_i, is 11"),
        (
            cyclic(json!({"step_ratio": 0.3})),
            "step_ratio: must be a share of total_size that is a whole number of steps, is 0.3",
        ),
        (
            // Not what the cycle gives at its third step.
            cyclic(json!({})),
            "the file: is a CyclicLR with a `scale_fn`, which is not in the file: make the schedule \
             yourself",
        ),
        (
            cyclic(json!({"scale_mode": "iterations"})),
            "the file: is a CyclicLR with a `scale_fn`, which is not in the file: make the schedule \
             yourself",
        ),
        (
            cyclic(json!({"mode": "square", "last_epoch": 0})),
            "mode: must be one of \"triangular\", \"triangular2\", \"exp_range\", got \"square\"",
        ),
        (
            plateau(json!({"mode": "mean"})),
            "mode: must be one of \"min\", \"max\", got \"mean\"",
        ),
        (
            plateau(json!({"factor": 1.5})),
            "factor: must be at least 0 and below 1, got 1.5",
        ),
        (
            plateau(json!({"num_bad_epochs": -1})),
            "num_bad_epochs: must be at least 0, is -1",
        ),
    ] {
        assert_eq!(error_of(&state), message, "{state}");
    }
}

#[test]
fn a_function_is_asked_for_and_must_be_the_files() {
    let lambda = state(json!({"lr_lambdas": [null]}));
    assert_eq!(
        error_of(&lambda),
        "the file: is a LambdaLR or a MultiplicativeLR, whose function is not in the file: give the \
         schedule that it makes, with `ReadOptions::with_schedule` (transformers' from its config, \
         by `transformers::parse`), or make it with `torch::lambda_lr` or \
         `torch::multiplicative_lr`"
    );
    let parts = json!([lambda.clone(), lambda.clone()]);
    let nested =
        json!({"_schedulers": parts, "_milestones": [5], "last_epoch": 3, "_last_lr": [0.1]});
    assert_eq!(
        error_of(&nested),
        "_schedulers[0]: is a LambdaLR or a MultiplicativeLR within another scheduler, whose function \
         is not in the file, and cannot be given for a part: make the whole schedule by hand"
    );
    let file = TorchFile::from_bytes(saved(&lambda)).unwrap();
    let with = |rate: f64| {
        let options =
            ReadOptions::new().with_schedule(move |_| Ok(Spec::from(ConstantSpec { rate })));
        options.read(&file.root())
    };
    assert_eq!(
        with(0.1).unwrap().groups[0].spec,
        Spec::from(ConstantSpec { rate: 0.1 })
    );
    assert_eq!(
        with(0.2).unwrap_err().to_string(),
        "_last_lr[0]: must be the rate 0.2 of the schedule that was given, is 0.1"
    );
}

#[test]
fn a_class_is_given_by_its_name() {
    let both = state(json!({"step_size": 5, "gamma": 0.5, "T_max": 7, "eta_min": 0}));
    let file = TorchFile::from_bytes(saved(&both)).unwrap();
    let read = |class: &str| ReadOptions::new().with_class(class).read(&file.root());
    let class = "torch.optim.lr_scheduler.StepLR";
    assert_eq!(read(class).unwrap().class, "StepLR");
    assert_eq!(
        read("StepRL").unwrap_err().to_string(),
        "StepRL: is no known scheduler; did you mean `StepLR`?"
    );
    assert_eq!(
        read("LinearLR").unwrap_err().to_string(),
        "the file: has no \"start_factor\"; there are T_max, _last_lr, _step_count, base_lrs, \
         eta_min, gamma, last_epoch, step_size"
    );
}

#[test]
fn an_optimizer_is_the_schedulers() {
    let optimizer = |state: Value, groups: Value| json!({"state": state, "param_groups": groups});
    let group = json!({"lr": 0.1, "params": [0]});
    let file = TorchFile::from_bytes(saved(&optimizer(
        json!({}),
        json!([group, {"params": [1]}]),
    )));
    let (file, scheduler) = (file.unwrap(), state(json!({"step_size": 5, "gamma": 0.5})));
    let two = OptimizerState::read(&file.root()).unwrap();
    let scheduler = TorchFile::from_bytes(saved(&scheduler)).unwrap();
    let read = ReadOptions::new()
        .with_optimizer(&two)
        .read(&scheduler.root());
    assert_eq!(
        read.unwrap_err().to_string(),
        "_last_lr: must be the rates of the optimizer's 2 groups, is a list of 1"
    );
    for (state, message) in [
        (
            json!({}),
            "the file: has no \"param_groups\"; there are no keys",
        ),
        (
            optimizer(json!({}), json!([group, group])),
            "param_groups[1].params: must be indices of parameters that are in no other place, is 0 \
             once more",
        ),
        (
            optimizer(json!({"#7": {}}), json!([group])),
            "state[7]: must be that of a parameter of one of param_groups, is 7",
        ),
        (
            optimizer(json!({}), json!([{"params": [0], "param_names": []}])),
            "param_groups[0].param_names: must be as many names as params, is a list of 0",
        ),
    ] {
        let file = TorchFile::from_bytes(saved(&state)).unwrap();
        let error = OptimizerState::read(&file.root()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn what_is_no_file_of_pytorchs_says_so() {
    let error = |bytes: Vec<u8>| TorchFile::from_bytes(bytes).unwrap_err();
    assert!(matches!(error(Vec::new()), TorchError::NotTorch(_)));
    assert!(matches!(
        error(b"something else".to_vec()),
        TorchError::NotTorch(_)
    ));
    let old = std::fs::read(directory().join("legacy/combined.pt")).unwrap();
    for length in [15, 100, 1000, old.len() - 1] {
        let error = error(old[..length].to_vec());
        assert!(
            matches!(error, TorchError::CutShort(_)),
            "{length}: {error}"
        );
    }
    for (start, named) in [
        (&b""[..], "empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "git lfs pull",
        ),
        (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
        (b"\x80\x04\x95", "pickle.dump"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"{}", "JSON"),
        (b"\x1f\x8b", "gzip"),
        (b"\x93NUMPY", "neither as a ZIP archive nor as a pickle"),
    ] {
        let message = error(start.to_vec()).to_string();
        assert!(message.contains(named), "{message}");
        assert!(
            message.starts_with("is no file of torch.save: it "),
            "{message}"
        );
    }
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(matches!(error(tar), TorchError::OldFormat("tar")));
    let other = packed(&[("a/b".to_string(), Vec::new())]);
    assert_eq!(
        error(other).to_string(),
        "is no file of torch.save: it is a ZIP archive without data.pkl"
    );
    let file = std::fs::read(files().join("step_lr-40.pt")).unwrap();
    let mut big = entries(&file);
    for (name, bytes) in &mut big {
        if name.ends_with("byteorder") {
            *bytes = b"big".to_vec();
        }
    }
    assert_eq!(
        error(packed(&big)).to_string(),
        "its byte order is \"big\", of which only \"little\" is read"
    );
    let missing = TorchFile::open(files().join("nothing.pt")).unwrap_err();
    assert!(matches!(missing, TorchError::Io { .. }));
    // A byte of a storage other than its checksum says.
    let mut file = std::fs::read(files().join("checkpoint.pt")).unwrap();
    let storage = file
        .windows(12)
        .position(|name| name == b"checkpoint/d")
        .unwrap();
    let data = storage
        + file[storage..]
            .windows(6)
            .position(|name| name == b"data/0")
            .unwrap();
    file[data + 70] ^= 1;
    let file = TorchFile::from_bytes(file).unwrap();
    let optimizer = file.root().field("model").unwrap();
    let bytes = optimizer
        .field("0.weight")
        .unwrap()
        .tensor()
        .unwrap()
        .bytes();
    assert_eq!(
        bytes.unwrap_err().to_string(),
        "model.0.weight: its storage is damaged: checkpoint/data/0: Invalid checksum; copy or download it \
         again"
    );
}

#[test]
fn what_is_wrong_in_a_pickle_is_said_with_its_byte() {
    let error = |operations: &[u8]| {
        let error = TorchFile::from_bytes(with_pickle(operations)).unwrap_err();
        error.to_string()
    };
    for (operations, message) in [
        (
            &b""[..],
            "byte 2 of data.pkl: takes a value that isn't there",
        ),
        (
            b"X\x05\0\0\0ab",
            "byte 2 of data.pkl: takes 5 bytes more, and 3 are left",
        ),
        (
            b"h\x07",
            "byte 2 of data.pkl: refers to memo 7, which isn't there",
        ),
        (b"Ne", "byte 3 of data.pkl: ends what has not begun"),
        (b"NNa", "byte 4 of data.pkl: adds to what is no list"),
        (
            b"}NNNs",
            "byte 6 of data.pkl: sets a key of what is no dict",
        ),
        (b"}(Nu", "byte 5 of data.pkl: sets a key without a value"),
        (
            b"N)R",
            "byte 4 of data.pkl: calls what is no class or function",
        ),
        (
            b"NNb",
            "byte 4 of data.pkl: sets the state of what is no object",
        ),
        (
            b"X\x01\0\0\0\xff",
            "byte 2 of data.pkl: holds a text that is no UTF-8",
        ),
        (
            b"I5\n",
            "byte 2 of data.pkl: is the operation 0x49, which isn't read",
        ),
        (
            b"\x80\x00",
            "byte 2 of data.pkl: is of protocol 0; 2 to 5 are read",
        ),
    ] {
        assert_eq!(error(operations), message);
    }
    // What would run a command is a name here.
    let file = TorchFile::from_bytes(with_pickle(b"cos\nsystem\nX\x02\0\0\0ls\x85R")).unwrap();
    assert_eq!(file.root().describe(), "a os.system");
}
