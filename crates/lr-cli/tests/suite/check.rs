//! `lr check`.

use crate::common::*;

#[test]
fn what_makes_a_schedule_is_said() {
    let rule = r#"{"feedback": {"rule": {"greedy": {}}, "of": {"constant": {"rate": 0.1}}}}"#;
    let repeat = r#"{"repeat": {"every": 5, "of": {"constant": {"rate": 0.1}}}}"#;
    let out = lr(&["check", "-e", COSINE, "-e", rule, "-e", repeat]);
    assert_eq!(out.code, 0, "{}", out.error);
    let expected = "\
-e (the 1st): ok, cosine of 100 steps
-e (the 2nd): ok, greedy over constant
-e (the 3rd): ok, repeat without an end
";
    assert_eq!(out.out, expected);
    let json = lr(&["check", "-e", COSINE, "--json"]).json();
    assert_eq!(json[0]["ok"], true);
    assert_eq!(json[0]["steps"], 100);
}

#[test]
fn each_that_makes_none_is_a_line_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let place = |path: &str, text: &str| {
        let line = lr(&["check", path]).fails(1);
        let place = format!("{path}{text}");
        assert!(line.starts_with(&place), "{line}");
    };
    place(
        &write(
            "zero.json",
            r#"{"sequence": [{"linear": {"start": 0, "end": 1, "steps": 5}}, {"cosine": {"start": 1, "steps": 0}}]}"#,
        ),
        ": sequence[1].cosine.steps: must be at least 1, got 0",
    );
    place(
        &write("syntax.json", "{\n  \"cosine\": {\"start\" 1}}"),
        ":2:22: expected `:`",
    );
    place(
        &write("syntax.toml", "[cosine]\nstart = 1\nsteps = \n"),
        ":3:9: ",
    );
    place(
        &write(
            "twice.json",
            r#"{"cosine": {"steps": 5, "start": 1, "start": 2}}"#,
        ),
        ":1:",
    );
    place(&write("deep.json", &"[".repeat(100_000)), ":1:");
    place(&write("bytes.json", ""), ":1:0: ");
    std::fs::write(directory.path().join("binary"), b"\xff\xfe\x00").unwrap();
    place(
        directory.path().join("binary").to_str().unwrap(),
        ": is no text: byte 0 is not UTF-8",
    );
    let config = write(
        "config.toml",
        "[training]\nepochs = 3\n[training.schedule.cosine]\nstart = 1\nsteps = 0\n",
    );
    let line = lr(&["check", &config, "--field", "training.schedule"]).fails(1);
    assert!(
        line.ends_with(": training.schedule: cosine.steps: must be at least 1, got 0"),
        "{line}"
    );
    let line = lr(&["check", &config, "--field", "training.plan"]).fails(1);
    assert!(
        line.ends_with(": training.plan: is not there, or no table"),
        "{line}"
    );
}

#[test]
fn all_are_checked_though_one_is_bad() {
    let ran = lr(&["check", "-e", r#"{"cosin": {}}"#, "-e", COSINE]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, "-e (the 2nd): ok, cosine of 100 steps\n");
    assert_eq!(
        ran.error,
        "lr: -e (the 1st): cosin: is no known schedule; did you mean `cosine`?\n"
    );
    let ran = lr(&["check", "-e", r#"{"cosin": {}}"#, "-e", COSINE, "--json"]);
    assert_eq!(ran.code, 1);
    let json = ran.json();
    assert_eq!([&json[0]["ok"], &json[1]["ok"]], [false, true]);
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let line = lr(&["check", "no/such/file.json"]).fails(2);
    assert!(
        line.starts_with("no/such/file.json: can't be read: "),
        "{line}"
    );
    lr(&["check"]).fails(2);
}
