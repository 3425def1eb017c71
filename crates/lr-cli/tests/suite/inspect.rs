//! `lr inspect`.

use std::path::Path;

use crate::common::*;
use lr_schedule::{Schedule, Spec};

fn file(name: &str) -> String {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lr-torch/tests/pytorch/files");
    files.join(name).to_str().unwrap().to_string()
}

#[test]
fn a_scheduler_is_shown_with_its_schedule() {
    let out = lr(&["inspect", &file("step_lr-40.pt")]).yes();
    let expected = "\
scheduler: StepLR, next is step 40
  group 0: rate 0.03, began with 0.1
    schedule: {\"step\":{\"start\":0.1,\"step_size\":30,\"gamma\":0.3}}
";
    assert_eq!(out, expected);
    let json = lr(&["inspect", &file("step_lr-40.pt"), "--json"]).json();
    let group = &json["schedulers"][0]["groups"][0];
    let spec: Spec = serde_json::from_value(group["schedule"].clone()).unwrap();
    assert_eq!(Some(spec.build().unwrap().at(40)), group["rate"].as_f64());
}

#[test]
fn a_file_of_a_whole_run_is_shown_in_its_parts() {
    let out = lr(&["inspect", &file("checkpoint.pt")]).yes();
    for line in [
        "scheduler at scheduler: SequentialLR, next is step 25",
        "optimizer at optimizer: AdamW, 4 parameters, 4 with a state",
        "weights at model: 4 tensors, 21 elements",
        "    0: exp_avg f32 [4, 3], exp_avg_sq f32 [4, 3], step 25.0",
        "epoch: 25",
    ] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    let json = lr(&["inspect", &file("checkpoint.pt"), "--json"]).json();
    assert_eq!(
        json["optimizers"][0]["groups"][0]["options"]["weight_decay"],
        0.01
    );
    assert_eq!(json["schedulers"][0]["position"], 25);
    assert_eq!(json["values"]["epoch"], 25);
}

#[test]
fn what_is_kept_elsewhere_is_asked_for() {
    let scheduler = file("one_cycle_lr-40.pt");
    let out = lr(&["inspect", &scheduler]).yes();
    assert!(
        out.ends_with("give the optimizer's state too, with --optimizer\n"),
        "{out}"
    );
    let optimizer = file("one_cycle_lr-40.optimizer.pt");
    let out = lr(&["inspect", &scheduler, "--optimizer", &optimizer]).yes();
    assert!(
        out.contains("\n    momentum: {\"one_cycle_momentum\":"),
        "{out}"
    );

    let lambda = file("transformers_linear-55.pt");
    let out = lr(&["inspect", &lambda]).yes();
    let expected = "\
scheduler: LambdaLR or MultiplicativeLR, next is step 55
  rates now: [0.0005]; began with [0.001]; lr_lambdas [null]
  can't be continued: the file: is a LambdaLR or a MultiplicativeLR, whose function is not in the \
                    file: give its config, with --config
";
    assert_eq!(out, expected);
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.json");
    let text =
        r#"{"scheduler": "linear", "args": {"num_warmup_steps": 10, "num_training_steps": 100}}"#;
    std::fs::write(&config, text).unwrap();
    let out = lr(&["inspect", &lambda, "--config", config.to_str().unwrap()]).yes();
    assert!(
        out.starts_with("scheduler: LambdaLR, next is step 55\n  group 0: rate 0.0005,"),
        "{out}"
    );

    // As the trainer has it.
    let yaml = directory.path().join("args.yaml");
    std::fs::write(
        &yaml,
        "learning_rate: 1e-3\nwarmup_steps: 10\nnum_train_epochs: 2\n",
    )
    .unwrap();
    let yaml = yaml.to_str().unwrap();
    let given = [
        "inspect",
        &lambda,
        "--config",
        yaml,
        "--steps-per-epoch",
        "50",
    ];
    assert_eq!(lr(&given).yes(), out);
    // A mistake in it is not one of the file that it is for.
    assert_eq!(
        lr(&given[..4]).fails(1),
        format!(
            "{yaml}: num_train_epochs: depends on the run's `samples`, which the file doesn't say: give --samples"
        )
    );
    std::fs::write(&config, text.replace("warmup_steps", "warmup")).unwrap();
    let config = config.to_str().unwrap();
    let line = lr(&["inspect", &lambda, "--config", config]).fails(1);
    assert!(
        line.starts_with(&format!("{config}: get_linear_schedule_with_warmup.")),
        "{line}"
    );
    let help = lr(&["inspect", "--help"]).yes();
    assert!(
        help.contains(r#"{"scheduler": "cosine", "args": {"#),
        "{help}"
    );
}

#[test]
fn a_checkpoint_is_shown_with_its_run() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let checkpoint = fixtures.join("checkpoint-v1.bpk");
    let out = lr(&["inspect", checkpoint.to_str().unwrap()]).yes();
    assert!(out.starts_with("checkpoint of version 1: epoch "), "{out}");
    let json = lr(&["inspect", checkpoint.to_str().unwrap(), "--json"]).json();
    assert_eq!(json["kind"], "checkpoint");
    let digest = json["digest"].as_str().unwrap();
    assert!(out.ends_with(&format!("digest: {digest}\n")), "{out}");
    assert!(json["schedule"].is_null() || json["schedule"].is_object());

    let averaged = fixtures.join("checkpoint-average.bpk");
    let out = lr(&["inspect", averaged.to_str().unwrap()]).yes();
    let rule = r#"{"ema":{"constant":{"rate":0.9}}}"#;
    let line = format!("\naverage of the weights: {rule}\n");
    assert!(out.contains(&line), "{out}");
    assert!(
        out.contains("  weight-average.linear.weight: f32 [10, 1]\n"),
        "{out}"
    );
    let json = lr(&["inspect", averaged.to_str().unwrap(), "--json"]).json();
    assert_eq!(json["average"], rule);

    let directory = tempfile::tempdir().unwrap();
    let damaged = directory.path().join("damaged.bpk");
    let mut bytes = std::fs::read(checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let line = lr(&["inspect", damaged.to_str().unwrap()]).fails(1);
    assert!(line.contains(".bpk: is damaged: its "), "{line}");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let line = lr(&["inspect", "no/such/file.pt"]).fails(2);
    assert!(
        line.starts_with("no/such/file.pt: can't be read: "),
        "{line}"
    );
    let optimizer = ["--optimizer", "no/such/file.pt"];
    let line = lr(&[&["inspect", &file("checkpoint.pt")], &optimizer[..]].concat()).fails(2);
    assert!(
        line.starts_with("no/such/file.pt: can't be read: "),
        "{line}"
    );
    let line = lr(&["inspect", &file("rates.json")]).fails(1);
    assert!(
        line.ends_with("is no file of torch.save: it is JSON"),
        "{line}"
    );

    let directory = tempfile::tempdir().unwrap();
    let cut = directory.path().join("cut.pt");
    let whole = std::fs::read(file("checkpoint.pt")).unwrap();
    for length in [4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let line = lr(&["inspect", cut.to_str().unwrap()]).fails(1);
        assert!(line.starts_with(cut.to_str().unwrap()), "{line}");
    }
}
