//! `lr diff`.

use crate::common::*;

#[test]
fn schedules_that_are_the_same_have_no_difference() {
    let out = lr(&["diff", "-e", COSINE, "-e", COSINE]).yes();
    assert_eq!(out, "no difference in 101 steps from 0 to 100\n");
    // PyTorch's cosine is optax's, for as long as it lasts.
    let torch = r#"{"scheduler": "CosineAnnealingLR", "args": {"T_max": 100}, "base_lr": 0.1}"#;
    let optax = r#"{"scheduler": "cosine_decay_schedule", "args": {"init_value": 0.1, "decay_steps": 100}}"#;
    let both = [
        "diff", "-e", torch, "-e", optax, "--from", "torch", "--from", "optax",
    ];
    let tolerant = [&both[..], &["--steps", "0..99", "--tolerance", "1e-12"]].concat();
    lr(&tolerant).yes();
}

#[test]
fn the_first_and_the_largest_difference_are_said() {
    let ran = lr(&["diff", "-e", COSINE, "-e", LINEAR]);
    assert_eq!((ran.code, ran.error.as_str()), (1, ""));
    let expected = "\
first at step 1: 0.09997532801828658 and 0.099, by -9.753280182865781e-4
most at step 22: 0.08852566213878947 and 0.07800000000000001, by -1.0525662138789457e-2
at 98 of 101 steps from 0 to 100
";
    assert_eq!(ran.out, expected);

    let ran = lr(&["diff", "-e", COSINE, "-e", LINEAR, "--json"]);
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!(json["first"]["step"], 1);
    assert_eq!(json["differing"], 98);
    let tolerant = lr(&[
        "diff",
        "-e",
        COSINE,
        "-e",
        LINEAR,
        "--steps",
        "0..20",
        "--tolerance",
        "0.2",
    ]);
    tolerant.yes();
}

#[test]
fn a_file_and_a_text_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("line.json");
    std::fs::write(&path, LINEAR).unwrap();
    let path = path.to_str().unwrap();
    let names = |arguments: &[&str]| {
        let json = lr(&[&["diff", "--json"], arguments].concat()).json();
        [&json["a"], &json["b"]].map(|name| name.as_str().unwrap().to_string())
    };
    assert_eq!(names(&["-e", COSINE, path]), ["cosine", "line"]);
    assert_eq!(names(&[path, "-e", COSINE]), ["line", "cosine"]);
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    assert_eq!(
        lr(&["diff", "-e", COSINE]).fails(2),
        "diff takes two SPECs, got 1"
    );
    let bad = lr(&["diff", "-e", COSINE, "-e", r#"{"cosin": {}}"#]).fails(1);
    assert_eq!(
        bad,
        "-e (the 2nd): cosin: is no known schedule; did you mean `cosine`?"
    );
    let constant = r#"{"constant": {"rate": 0.1}}"#;
    let bad = lr(&["diff", "-e", constant, "-e", constant]).fails(2);
    assert_eq!(bad, "constant, constant: none has an end, so give --steps");
    let all = "0..18446744073709551615";
    let bad = lr(&["diff", "-e", COSINE, "-e", constant, "--steps", all]).fails(2);
    assert!(bad.starts_with("--steps: must be at most"), "{bad}");
    let bad = lr(&["diff", "-e", COSINE, "-e", COSINE, "--tolerance", "nan"]).fails(2);
    assert_eq!(bad, "--tolerance: must be at least 0, got NaN");
    let three = ["--from", "torch", "--from", "lr", "--from", "lr"];
    let bad = lr(&[&["diff", "-e", COSINE, "-e", COSINE], &three[..]].concat()).fails(2);
    assert_eq!(
        bad,
        "--from: must be given once, or once for each of 2 specs, got it 3 times"
    );
}
