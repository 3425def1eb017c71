//! `lr table`.

use crate::common::*;

#[test]
fn rates_are_printed_side_by_side() {
    let out = lr(&["table", "-e", COSINE, "-e", LINEAR, "--steps", "0..100:25"]).yes();
    let expected = "\
step                cosine               linear
   0                   0.1                  0.1
  25   0.08535533905932738  0.07500000000000001
  50                  0.05                 0.05
  75  0.014644660940672627                0.025
 100                     0                    0
";
    assert_eq!(out, expected);
}

#[test]
fn a_spec_may_come_from_standard_input() {
    let out = lr_with(&["table", "-", "--steps", "50..50"], COSINE).yes();
    assert_eq!(out, "step  cosine\n  50    0.05\n");
    let toml = "[linear]\nstart = 0.1\nsteps = 100\n";
    let out = lr_with(&["table", "-", "--steps", "50..50"], toml).yes();
    assert_eq!(out, "step  linear\n  50    0.05\n");
}

#[test]
fn the_default_is_some_twenty_rows_of_the_whole() {
    let json = lr(&["table", "-e", COSINE, "--json"]).json();
    let steps: Vec<u64> = (0..=20).map(|row| row * 5).collect();
    assert_eq!(json["steps"], serde_json::json!(steps));
    assert_eq!(json["schedules"][0]["rates"][10], 0.05);
}

/// Rates of PyTorch's that go by the one before them.
#[test]
fn a_recurrence_gives_what_the_library_gave() {
    let table = tables()
        .into_iter()
        .find(|path| path.ends_with("torch.json"))
        .unwrap();
    let id = "torch/ChainedScheduler/step_poly";
    let case = cases(&table)
        .into_iter()
        .find(|case| case["id"] == id)
        .unwrap();
    let expected = case["lr"].as_array().unwrap();
    let table = table.to_str().unwrap();
    for every in [1, 7] {
        let expected: Vec<_> = expected.iter().step_by(every).collect();
        let steps = format!("0..{}:{every}", every * (expected.len() - 1));
        let json = lr(&["table", table, "--case", id, "--steps", &steps, "--json"]).json();
        let rates = json["schedules"][0]["rates"].as_array().unwrap();
        assert_eq!(rates.len(), expected.len());
        for (ours, theirs) in rates.iter().zip(expected) {
            assert!((ours.as_f64().unwrap() - theirs.as_f64().unwrap()).abs() < 1e-12);
        }
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let bad = |arguments: &[&str], code| lr(&[&["table"], arguments].concat()).fails(code);
    assert_eq!(
        bad(&["-e", COSINE, "--steps", "0..100000000"], 2),
        "--steps: must be at most 1000000 rows, got 100000001"
    );
    assert_eq!(
        bad(&["-e", r#"{"cosine": {"start": 0.1, "steps": 0}}"#], 1),
        "-e: cosine.steps: must be at least 1, got 0"
    );
    let chain = r#"{"recurrence": {"start": 1, "links": []}}"#;
    assert_eq!(
        bad(
            &["-e", chain, "--steps", "0..2000000000000:1000000000000"],
            2
        ),
        "recurrence: is a recurrence, which is gone through step by step: --steps must end at \
         1073741824 or before, got 2000000000000"
    );
    let wrong = lr(&["table", "-e", COSINE, "--steps", "9..3"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.error.contains("must not end before it begins"),
        "{}",
        wrong.error
    );
}
