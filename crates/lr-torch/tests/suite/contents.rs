use lr_torch::{Dtype, OptimizerState, SchedulerState, TorchFile};

use super::rates::files;
use crate::torch_file::saved;

fn floats(bytes: &[u8]) -> Vec<f32> {
    let chunks = bytes.chunks_exact(4);
    chunks
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

#[test]
fn a_file_with_everything_gives_each_of_it_by_its_key() {
    let file = TorchFile::open(files().join("checkpoint.pt")).unwrap();
    let root = file.root();
    assert_eq!(root.field("epoch").unwrap().count().unwrap(), 25);
    let scheduler = SchedulerState::read(&root.field("scheduler").unwrap()).unwrap();
    assert_eq!((scheduler.class, scheduler.position), ("SequentialLR", 25));

    let optimizer = OptimizerState::read(&root.field("optimizer").unwrap()).unwrap();
    assert_eq!(optimizer.groups.len(), 1);
    let group = &optimizer.groups[0];
    assert_eq!(
        (group.place(), group.params.as_slice()),
        ("optimizer.param_groups[0]", &[0, 1, 2, 3][..])
    );
    assert_eq!(
        group.option("lr").unwrap().number().unwrap(),
        scheduler.groups[0].rate
    );
    assert_eq!(
        group
            .option("betas")
            .unwrap()
            .item(1)
            .unwrap()
            .number()
            .unwrap(),
        0.999
    );
    assert_eq!(group.momentum().unwrap(), Some(0.9));
    assert!(group.option("fused").unwrap().is_none());

    // The weights of the two layers and their biases, in PyTorch's order of their dimensions.
    let shapes = [vec![4, 3], vec![4], vec![1, 4], vec![1]];
    assert_eq!(optimizer.state.len(), 4);
    for ((index, state), shape) in optimizer.state.iter().zip(shapes) {
        assert_eq!(state.place(), format!("optimizer.state[{index}]"));
        assert_eq!(state.step().unwrap(), 25);
        for name in ["exp_avg", "exp_avg_sq"] {
            let tensor = state.field(name).unwrap().tensor().unwrap();
            assert_eq!(
                (tensor.dtype(), tensor.shape()),
                (Dtype::F32, shape.as_slice())
            );
            let values = floats(&tensor.bytes().unwrap());
            assert_eq!(values.len(), shape.iter().product::<usize>());
            assert!(
                values
                    .iter()
                    .all(|value| value.is_finite() && *value != 0.0)
            );
            assert!(name == "exp_avg" || values.iter().all(|value| *value > 0.0));
        }
    }

    let weight = root
        .field("model")
        .unwrap()
        .field("0.weight")
        .unwrap()
        .tensor()
        .unwrap();
    assert_eq!(weight.shape(), [4, 3]);
}

#[test]
fn a_root_name_of_21_bytes_is_like_any_other() {
    // zip 9.1 to 9.8 refuse such a file.
    let name = "cosine_annealing_lr-7";
    assert_eq!(name.len(), 21);
    TorchFile::open(files().join(format!("{name}.pt"))).unwrap();
}

#[test]
fn tensors_are_read_as_they_lie_in_their_storage() {
    let file = TorchFile::open(files().join("tensors.pt")).unwrap();
    let tensor = |key: &str| file.root().field(key).unwrap().tensor().unwrap();
    let whole = floats(&tensor("whole").bytes().unwrap());
    assert_eq!(whole, (0..12).map(|i| i as f32).collect::<Vec<_>>());
    let across = tensor("across");
    assert_eq!(
        (across.shape(), across.strides()),
        (&[4, 3][..], &[1, 4][..])
    );
    assert_eq!(
        floats(&across.bytes().unwrap())[..5],
        [0.0, 4.0, 8.0, 1.0, 5.0]
    );
    let part = tensor("part");
    assert_eq!(
        (part.offset(), floats(&part.bytes().unwrap())),
        (6, vec![6.0, 10.0])
    );
    assert!(tensor("empty").bytes().unwrap().is_empty());
    for (key, dtype) in [
        ("f64", Dtype::F64),
        ("f16", Dtype::F16),
        ("bf16", Dtype::BF16),
        ("i64", Dtype::I64),
        ("i32", Dtype::I32),
        ("i16", Dtype::I16),
        ("i8", Dtype::I8),
        ("u8", Dtype::U8),
        ("bool", Dtype::Bool),
    ] {
        assert_eq!(
            (tensor(key).dtype(), tensor(key).number().unwrap()),
            (dtype, 1.0),
            "{key}"
        );
    }
    let parameter = file.root().field("parameter").unwrap();
    assert_eq!(parameter.tensor().unwrap().shape(), [3, 4]);
    for (key, error) in [
        (
            "repeated",
            "repeated: takes more than the 1 elements of its storage",
        ),
        ("u16", "u16: is a tensor of torch.uint16, which isn't read"),
    ] {
        let bytes = file
            .root()
            .field(key)
            .unwrap()
            .tensor()
            .and_then(|tensor| tensor.bytes());
        assert_eq!(bytes.unwrap_err().to_string(), error);
    }
}

#[test]
fn a_key_without_letters_leads_to_what_is_below_it() {
    let file =
        saved(&serde_json::json!({"": {"version": 1, "": 2, "deep": {"": [[3], "a"]}}, "b": 4}));
    let file = TorchFile::from_bytes(file).unwrap();
    let root = file.root();
    let parts = root.parts().unwrap();
    let places: Vec<&str> = parts.iter().map(|part| part.at.as_str()).collect();
    assert_eq!(places, ["b", ".", ".version", ".deep..0", ".deep..1"]);
    for part in &parts {
        let found = root.at(&part.at).unwrap();
        assert_eq!(format!("{found:?}"), format!("{:?}", part.value));
    }
}
