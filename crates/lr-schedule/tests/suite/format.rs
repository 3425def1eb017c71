//! The formats of texts.

use std::path::Path;

use lr_schedule::spec::{Data, Format};

#[test]
fn the_format_of_a_text_is_told_by_its_beginning() {
    for (text, format) in [
        ("{\"cosine\": 1}", Format::Json),
        ("# what\n\n[training]\nlr = 1", Format::Toml),
        ("lr = 0.1", Format::Toml),
        ("a.b-c = 'x: y'", Format::Toml),
        ("lr: 0.1", Format::Yaml),
        ("name: a = b", Format::Yaml),
        ("---\nlr: 1", Format::Yaml),
        ("- type: LinearLR", Format::Yaml),
        ("%YAML 1.2\n---\n{a: 1}", Format::Yaml),
        ("--lr 0.1", Format::Arguments),
        ("python train.py --lr 0.1", Format::Arguments),
        ("torchrun $NODES train.py \\\n  --lr 0.1", Format::Arguments),
        ("# of GPT\nTRAINING=(\n  --lr 0.1\n)", Format::Arguments),
        ("command: python train.py --lr 0.1", Format::Yaml),
        ("command = \"train.py --lr 0.1\"", Format::Toml),
        ("", Format::Yaml),
    ] {
        assert_eq!(Format::of(text), format, "{text}");
    }
    assert_eq!(Format::of_ending("YML"), Some(Format::Yaml));
    assert_eq!(Format::of_ending("txt"), None);
    let of_file = |name: &str| Format::of_file(Path::new(name), "lr = 0.1");
    assert_eq!(of_file("config.yaml"), Format::Yaml);
    assert_eq!(of_file("config"), Format::Toml);
}

#[test]
fn arguments_are_a_table() {
    let text = "train.py --lr 3e-4 --lr=1e-3 \\\n  --adam-betas \"(0.9, 0.98)\" # of Adam\n\
                --steps 3 7 --momentum -0.5 --nesterov";
    let data = Format::Arguments.read(text).unwrap();
    assert_eq!(data.at("lr"), Some(&Data::Number(1e-3)));
    assert_eq!(
        data.at("adam_betas"),
        Some(&Data::Text("(0.9, 0.98)".to_string()))
    );
    let steps = Data::List([3, 7].map(Data::Integer).into());
    assert_eq!(data.at("steps"), Some(&steps));
    assert_eq!(data.at("momentum"), Some(&Data::Number(-0.5)));
    assert_eq!(data.at("nesterov"), Some(&Data::Bool(true)));
    assert!(Format::Arguments.read("--lr \"1").is_err());
    let arrays = "MODEL=(\n  --layers 2\n)\nTRAINING=(\n  --lr 0.1 # the rate\n)";
    let data = Format::Arguments.read(arrays).unwrap();
    assert_eq!(data.at("layers"), Some(&Data::Integer(2)));
    assert_eq!(data.at("lr"), Some(&Data::Number(0.1)));
}

#[test]
fn arguments_of_scripts_have_their_variables() {
    let text = "#!/bin/bash\nset -eu\nLR=3e-4\nITERS=${ITERS:-500}\nMIN='1e-5'\n\n\
                TRAINING=(\n  --lr $LR # the rate\n  --min-lr=${MIN}\n)\n\
                MORE=\"\n  --iters ${ITERS} \\\n  --steps 3 7 --other ${OTHER}\n\"\n\
                torchrun train.py ${TRAINING[@]} $MORE --bf16 2>&1 | tee log\n";
    let data = Format::of_ending("sh").unwrap().read(text).unwrap();
    assert_eq!(data.at("lr"), Some(&Data::Number(3e-4)));
    assert_eq!(data.at("min_lr"), Some(&Data::Number(1e-5)));
    assert_eq!(data.at("iters"), Some(&Data::Integer(500)));
    let steps = Data::List([3, 7].map(Data::Integer).into());
    assert_eq!(data.at("steps"), Some(&steps));
    let other = Data::Text("${OTHER}".to_string());
    assert_eq!(data.at("other"), Some(&other));
    assert_eq!(data.at("bf16"), Some(&Data::Bool(true)));
}

#[test]
fn arguments_with_dots_are_in_tables() {
    let text = "--optimizer.lr 0.1 --training.steps 9 --optimizer.name Adam --sched Step --sched.gamma 0.5";
    let data = Format::Arguments.read(text).unwrap();
    assert_eq!(data.at("optimizer.lr"), Some(&Data::Number(0.1)));
    assert_eq!(data.at("training.steps"), Some(&Data::Integer(9)));
    let name = Data::Text("Adam".to_string());
    assert_eq!(data.at("optimizer.name"), Some(&name));
    // Of one that is a value already, the name stays.
    let Data::Table(entries) = data else {
        panic!("is no table");
    };
    assert!(entries.iter().any(|(name, _)| name == "sched.gamma"));
    let deep = format!("--a{} 1", ".a".repeat(10_000));
    assert!(Format::Arguments.read(&deep).is_ok());
}

#[test]
fn yaml_is_read_as_python_means_it() {
    let text = "a: &one {lr: 1e-3, on: yes}\nb: {<<: *one, lr: 2}\nc: !!python/tuple [1, 0x10, 1_000, .inf]\n\
                d: null\ne: '1'\nf: ~\n7: x\n";
    let data = Format::Yaml.read(text).unwrap();
    assert_eq!(data.at("a.lr"), Some(&Data::Number(1e-3)));
    assert_eq!(data.at("b.on"), Some(&Data::Bool(true)));
    assert_eq!(data.at("b.lr"), Some(&Data::Integer(2)));
    let numbers = [
        Data::Integer(1),
        Data::Integer(16),
        Data::Integer(1000),
        Data::Number(f64::INFINITY),
    ];
    assert_eq!(data.at("c"), Some(&Data::List(numbers.into())));
    assert_eq!([data.at("d"), data.at("f")], [None, None]);
    assert_eq!(data.at("e"), Some(&Data::Text("1".to_string())));
    assert!(data.at("7").is_some());
    let error = Format::Yaml.read("a: 1\nb: [1\n").unwrap_err();
    assert!(error.line >= 2, "{error}");
}
