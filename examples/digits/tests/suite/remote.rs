//! Training on the devices of two servers.

use crate::common::{digits, directory, history, run};
use crate::killed::{EPOCHS, state};
use crate::server::Server;

fn server() -> Server {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_digits"));
    command.env("BURN_DEVICE", "flex");
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    Server::start(command)
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
    assert_eq!(history(&two), history(&one));
    assert!(state(&two) == state(&one));
    let text = history(&two);
    let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let mut names = rows.next().unwrap().into_iter();
    let rate = names.position(|name| name.contains("Rate")).unwrap();
    let rates: Vec<f64> = rows.map(|row| row[rate].parse().unwrap()).collect();
    assert_eq!(rates.len(), EPOCHS * 2 * 12); // 12 steps of two batches, one on each device
    let largest = rates.iter().copied().fold(0.0, f64::max);
    assert!(*rates.last().unwrap() < largest, "no cut");

    let (_stopped, stopped) = directory();
    run(&both, &stopped, &["--epochs", "5", "--patience", "0"]);
    let output = digits(&both, &stopped, &["--resume", "--epochs", &epochs]).output();
    assert!(output.unwrap().status.success());
    assert_eq!(history(&stopped), history(&two));
    assert!(state(&stopped) == state(&two));
}
