//! Training on the devices of two servers.

use std::path::Path;

use crate::common::{digits, directory, history, run};
use crate::killed::{EPOCHS, state};
use crate::server::Server;

fn server() -> Server {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_digits"));
    command.env("BURN_DEVICE", "flex");
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    Server::start(command)
}

/// The rows of each step in the history: one for each device, of which either may be first. The rate is the last column.
fn steps(out: &Path) -> Vec<[String; 2]> {
    let history = history(out);
    assert!(history.starts_with("Epoch,Loss,Accuracy,Learning Rate\n"));
    let rows: Vec<String> = history.lines().skip(1).map(String::from).collect();
    let pairs = rows.chunks(2).map(|rows| {
        let mut pair = [rows[0].clone(), rows[1].clone()];
        pair.sort();
        pair
    });
    pairs.collect()
}

#[test]
fn two_servers_train_as_one_does_that_stands_for_two() {
    let servers = [server(), server()];
    let [first, second] = [0, 1].map(|index| servers[index].address.as_str());
    let epochs = EPOCHS.to_string();
    let options = ["--epochs", epochs.as_str(), "--patience", "0"];

    let (_one, one) = directory();
    run(&format!("{first},{first}"), &one, &options);
    let (_two, two) = directory();
    let both = format!("{first},{second}");
    run(&both, &two, &options);
    assert!(steps(&two) == steps(&one));
    assert!(state(&two) == state(&one));
    let rate = |rows: &[String; 2]| rows[0].rsplit(',').next().unwrap().parse::<f64>().unwrap();
    let rates: Vec<f64> = steps(&two).iter().map(rate).collect();
    assert_eq!(rates.len(), EPOCHS * 12); // half as many as on one device
    let largest = rates.iter().copied().fold(0.0, f64::max);
    assert!(*rates.last().unwrap() < largest, "no cut");

    let (_stopped, stopped) = directory();
    run(&both, &stopped, &["--epochs", "5", "--patience", "0"]);
    let output = digits(first, &stopped, &["--resume"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "error: the run was begun on 2 devices, and there are 1\n"
    );
    let output = digits(&both, &stopped, &["--resume", "--epochs", &epochs]).output();
    assert!(output.unwrap().status.success());
    assert!(steps(&stopped) == steps(&two));
    assert!(state(&stopped) == state(&two));
}
