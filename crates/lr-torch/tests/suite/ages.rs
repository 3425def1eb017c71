//! States as PyTorch saved them once, and as others do.

use lr_torch::{OptimizerState, PartKind, ReadOptions, SchedulerState, TorchError, TorchFile};
use serde_json::{Value, json};

use crate::torch_file::{old, saved, with_pickle};

fn read(state: &Value) -> Result<SchedulerState, TorchError> {
    let file = TorchFile::from_bytes(saved(state)).unwrap();
    SchedulerState::read(&file.root())
}

fn merged(a: Value, b: Value) -> Value {
    let mut a = a;
    a.as_object_mut()
        .unwrap()
        .extend(b.as_object().unwrap().clone());
    a
}

#[test]
fn milestones_may_be_a_list() {
    let state = |milestones| json!({"milestones": milestones, "gamma": 0.5, "base_lrs": [0.1], "last_epoch": 3});
    let list = read(&state(json!([2, 2, 5]))).unwrap();
    assert_eq!(list, read(&state(json!({"#2": 2, "#5": 1}))).unwrap());
    assert_eq!(list.groups[0].rate, 0.1 * 0.25);
}

/// A `OneCycleLR` had no phases until PyTorch 1.6, and its function until 2.0.
#[test]
fn one_cycle_is_read_as_it_was() {
    let group =
        json!({"lr": 0.1, "params": [0], "initial_lr": 0.01, "max_lr": 0.1, "min_lr": 1e-5});
    let optimizer =
        TorchFile::from_bytes(saved(&json!({"state": {}, "param_groups": [group]}))).unwrap();
    let optimizer = OptimizerState::read(&optimizer.root()).unwrap();
    let shared = json!({
        "base_lrs": [0.01], "last_epoch": 30, "total_steps": 101, "cycle_momentum": false, "_anneal_func_type": "cos",
    });
    let read = |own: Value| {
        let file = TorchFile::from_bytes(saved(&merged(shared.clone(), own))).unwrap();
        ReadOptions::new()
            .with_optimizer(&optimizer)
            .read(&file.root())
            .map_err(|error| error.to_string())
    };
    let phases = json!([{"end_step": 29.3}, {"end_step": 100}]);
    let now = read(json!({"_schedule_phases": phases})).unwrap();
    let then = read(json!({"step_size_up": 29.3, "step_size_down": 70.7})).unwrap();
    assert_eq!((now.class, &now), ("OneCycleLR", &then));
    let error = read(json!({"step_size_up": "29"})).unwrap_err();
    assert_eq!(error, "step_size_up: must be a number, is \"29\"");
}

#[test]
fn a_class_with_keys_of_its_own_is_not_taken_for_another() {
    let state = json!({
        "step_size": 5, "gamma": 0.5, "warmup": 3, "base_lrs": [0.1], "last_epoch": 3, "_last_lr": [0.1],
    });
    assert_eq!(
        read(&state).unwrap_err().to_string(),
        "the file: has the keys of StepLR, and warmup, which that has not: give the class by its name if it is one"
    );
    let file = TorchFile::from_bytes(saved(&state)).unwrap();
    let named = ReadOptions::new().with_class("StepLR").read(&file.root());
    assert_eq!(named.unwrap().class, "StepLR");
}

#[test]
fn a_state_without_a_rate_asks_for_the_optimizers() {
    let plateau = json!({"factor": 0.5, "patience": 3, "num_bad_epochs": 0, "min_lrs": [0.0], "last_epoch": 0});
    let chained = json!({"_schedulers": [], "_milestones": []});
    assert_eq!(
        read(&plateau).unwrap_err().to_string(),
        "the file: has no `_last_lr`, since it has not stepped yet: give the optimizer's state too, with \
         `ReadOptions::with_optimizer`"
    );
    assert!(
        read(&chained)
            .unwrap_err()
            .to_string()
            .contains("has no \"min_lrs\"")
    );
}

/// Python 2 has bytes for texts.
#[test]
fn texts_of_python_2_are_read() {
    let file = TorchFile::from_bytes(with_pickle(
        b"}(U\x05gammaG\x3f\xe0\0\0\0\0\0\0T\x01\0\0\0kU\x01\xffu",
    ))
    .unwrap();
    assert_eq!(file.root().field("gamma").unwrap().number().unwrap(), 0.5);
    assert_eq!(file.root().field("k").unwrap().describe(), "1 bytes");
}

#[test]
fn numbers_of_numpys_are_numbers() {
    let scalar = |code: &[u8], order: u8, bytes: &[u8]| {
        let dtype = [
            b"cnumpy\ndtype\nU\x02".as_slice(),
            code,
            b"\x85R(K\x03U\x01",
            &[order],
            b"tb",
        ]
        .concat();
        let data = [b"C".as_slice(), &[bytes.len() as u8], bytes].concat();
        with_pickle(
            &[
                b"cnumpy.core.multiarray\nscalar\n".as_slice(),
                &dtype,
                &data,
                b"\x86R",
            ]
            .concat(),
        )
    };
    for (code, order, bytes, number) in [
        (b"f8", b'<', &0.25f64.to_le_bytes()[..], 0.25),
        (b"f4", b'>', &0.25f32.to_be_bytes(), 0.25),
        (b"i8", b'<', &(-3i64).to_le_bytes(), -3.0),
        (b"i2", b'<', &(-3i16).to_le_bytes(), -3.0),
        (b"u2", b'<', &u16::MAX.to_le_bytes(), 65_535.0),
    ] {
        let file = TorchFile::from_bytes(scalar(code, order, bytes)).unwrap();
        assert_eq!(file.root().number().unwrap(), number, "{code:?}");
        assert_eq!(file.root().integer().is_ok(), number.fract() == 0.0);
    }
    let flag = TorchFile::from_bytes(scalar(b"b1", b'|', &[1])).unwrap();
    assert!(flag.root().bool().unwrap());
    for (code, bytes) in [
        (b"f8", &[0; 4][..]),
        (b"c8", &[0; 8]),
        (b"f8", &[0; 20]),
        (b"i8", &[]),
        (b"u8", &[]),
    ] {
        let file = TorchFile::from_bytes(scalar(code, b'<', bytes)).unwrap();
        assert_eq!(
            file.root().number().unwrap_err().to_string(),
            "the file: must be a number, is a numpy.core.multiarray.scalar"
        );
    }
}

#[test]
fn parts_are_found_by_the_way_to_them() {
    let scheduler = json!({"gamma": 0.5, "base_lrs": [0.1], "last_epoch": 3});
    let optimizer = json!({"state": {}, "param_groups": [{"lr": 0.1, "params": [0]}]});
    let value =
        json!({"a.b": [1, {"c": scheduler, "#7": optimizer}], "last_epoch": 5, "n": [1, 2]});
    let file = TorchFile::from_bytes(saved(&value)).unwrap();
    let parts = file.root().parts().unwrap();
    let parts: Vec<_> = parts
        .iter()
        .map(|part| (part.at.as_str(), part.kind))
        .collect();
    let expected = [
        ("last_epoch", PartKind::Value),
        ("n", PartKind::Value),
        ("a.b.0", PartKind::Value),
        ("a.b.1.7", PartKind::Optimizer),
        ("a.b.1.c", PartKind::Scheduler),
    ];
    assert_eq!(parts, expected);
    assert_eq!(
        file.root().at("a.b.1.c.gamma").unwrap().number().unwrap(),
        0.5
    );
    assert_eq!(file.root().at("a.b.1.7").unwrap().place(), "a.b[1][7]");
    let error = |path: &str| file.root().at(path).unwrap_err().to_string();
    assert_eq!(
        error("a.b.4"),
        "a.b: must be a list with an item 4, is a list of 2"
    );
    assert_eq!(
        error("x.y"),
        "the file: has no \"x\"; there are a.b, last_epoch, n"
    );
}

#[test]
fn a_class_is_named_where_it_is_certain() {
    let classes = |group: Value| {
        let state = json!({"state": {}, "param_groups": [merged(group, json!({"lr": 0.1, "params": [0]}))]});
        let file = TorchFile::from_bytes(saved(&state)).unwrap();
        OptimizerState::read(&file.root()).unwrap().classes()
    };
    let adam = json!({"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1, "amsgrad": false});
    assert_eq!(classes(adam.clone()), ["Adam", "AdamW"]);
    assert_eq!(
        classes(merged(
            adam.clone(),
            json!({"decoupled_weight_decay": true})
        )),
        ["AdamW"]
    );
    assert_eq!(
        classes(merged(adam, json!({"bias_correction": true}))),
        [""; 0]
    );
    let adamax = json!({"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1});
    assert_eq!(classes(adamax), ["Adamax", "RAdam"]);
}

#[test]
fn a_part_of_a_storage_is_read_in_the_old_format() {
    let text = |text: &str| {
        [
            b"X",
            (text.len() as u32).to_le_bytes().as_slice(),
            text.as_bytes(),
        ]
        .concat()
    };
    let tensor = |size: &[u8]| {
        [
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
            text("storage"),
            b"ctorch\nFloatStorage\n".to_vec(),
            text("0"),
            text("cpu"),
            b"K\x04".to_vec(),
            // A view of it: its key, the element where it begins, and its size.
            [
                b"(",
                text("1").as_slice(),
                b"K\x02K\x02ttQK\x00K",
                size,
                b"\x85K\x01\x85\x89}tR.",
            ]
            .concat(),
        ]
        .concat()
    };
    let numbers: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let storage = [4u64.to_le_bytes().as_slice(), &numbers].concat();
    let file = TorchFile::from_bytes(old(&tensor(&[2]), &["0"], &storage)).unwrap();
    assert_eq!(file.format(), "legacy");
    let tensor_of = |file: &TorchFile| {
        file.root()
            .tensor()
            .unwrap()
            .bytes()
            .map_err(|error| error.to_string())
    };
    assert_eq!(tensor_of(&file).unwrap(), numbers[8..]);
    let file = TorchFile::from_bytes(old(&tensor(&[3]), &["0"], &storage)).unwrap();
    assert_eq!(
        tensor_of(&file).unwrap_err(),
        "the file: takes more than the 4 elements of its storage"
    );
    let cut = TorchFile::from_bytes(old(&tensor(&[2]), &["0"], &storage[..20]));
    assert_eq!(
        cut.unwrap_err().to_string(),
        "is cut short: storage \"0\" is longer than the 12 bytes that are left; copy or download it again"
    );
    let system = b"\x80\x02}X\x0d\0\0\0little_endian\x89s.";
    let whole = old(&tensor(&[2]), &["0"], &storage);
    let at = whole
        .windows(4)
        .position(|bytes| bytes == b"\x80\x02}.")
        .unwrap();
    let big = [&whole[..at], system, &whole[at + 4..]].concat();
    assert_eq!(
        TorchFile::from_bytes(big).unwrap_err().to_string(),
        "its byte order is \"big\", of which only \"little\" is read"
    );
}
