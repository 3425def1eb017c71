//! Training on a device that another process serves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use burn::nn::LinearConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::remote::RemoteHost;
use burn::tensor::{Device, Tensor};
use burn_lr::prelude::*;
use rand::{Rng, SeedableRng};

use crate::common::{RunDir, assert_same, error, failed, linear, run, signal, succeeded};
use crate::server::Server;

/// The seconds that a server may be silent, where a test waits for that.
const TIMEOUT: u64 = 4;

fn server() -> Server {
    Server::start(serve("flex", "127.0.0.1:0"))
}

fn serve(backend: &str, listen: &str) -> Command {
    linear(backend, &["serve", "--listen", listen])
}

/// The program on the device of a server that may be silent for [`TIMEOUT`].
fn impatient(address: &str, args: &[&str]) -> Command {
    let mut command = linear(address, args);
    command.env("BURN_REMOTE_TIMEOUT", TIMEOUT.to_string());
    command
}

#[test]
fn a_run_ends_bit_for_bit_as_the_local_one() {
    let (here, there) = (RunDir::new(), RunDir::new());
    let server = server();
    run("flex", &["--out", here.str()]);
    let done = run(&server.address, &["--out", there.str()]);
    assert_eq!(done.text("backend"), server.address);
    assert_same(&there, &here, "remote");
}

#[test]
fn a_run_goes_on_in_every_direction() {
    let server = server();
    let options = ["--epochs", "60", "--checkpoint-every", "1"];
    let whole = RunDir::new();
    run("flex", &[&["--out", whole.str()], &options[..]].concat());
    let places = ["flex", &server.address];
    for saved_on in places {
        for resumed_on in places {
            let dir = RunDir::new();
            let begun = [&["--out", dir.str()], &options[..]].concat();
            let mut child = linear(saved_on, &begun).spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let half = lines.find(|line| line.as_ref().unwrap().starts_with("epoch 30/60 "));
            half.expect("a line per tenth of a run").unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            run(resumed_on, &["resume", dir.str()]);
            let case = format!("from {saved_on} to {resumed_on}");
            assert_same(&dir, &whole, &case);
        }
    }
}

#[cfg(feature = "wgpu")]
#[test]
fn a_served_gpu_ends_near_the_local_cpu_and_its_run_goes_on_there() {
    let server = Server::start(serve("wgpu", "127.0.0.1:0"));
    let options = ["--epochs", "60"];
    let [whole, there] = [RunDir::new(), RunDir::new()];
    let [here, remote] = [("flex", &whole), (&server.address, &there)]
        .map(|(place, dir)| run(place, &[&["--out", dir.str()], &options[..]].concat()));
    assert_eq!(there.rates(), whole.rates());
    let (mse, expected) = (remote.figure("valid_mse"), here.figure("valid_mse"));
    assert!(
        (mse - expected).abs() <= 1e-4 * expected,
        "{mse}, {expected}"
    );

    let stopped = RunDir::new();
    let args = [
        &["--out", stopped.str(), "--checkpoint-every", "1"],
        &options[..],
    ]
    .concat();
    let mut child = linear(&server.address, &args).spawn().unwrap();
    while !stopped.path().join("history.csv").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let resumed = run("flex", &["resume", stopped.str()]);
    let mse = resumed.figure("valid_mse");
    assert!(
        (mse - expected).abs() <= 1e-4 * expected,
        "{mse}, {expected}"
    );
}

#[test]
fn nothing_is_lost_when_the_server_or_the_client_is_killed() {
    let options = ["--epochs", "60", "--checkpoint-every", "1"];
    let whole = RunDir::new();
    let mut server = server();
    let start = Instant::now();
    let begun = [&["--out", whole.str()], &options[..]].concat();
    run(&server.address, &begun);
    let longest = start.elapsed() / 4;

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let (mut servers, mut clients) = (0, 0);
    while servers < 20 || clients < 20 {
        let dir = RunDir::new();
        loop {
            let begun = [&["--out", dir.str()], &options[..]].concat();
            let args = match dir.checkpoint().exists() {
                true => vec!["resume", dir.str()],
                false => begun,
            };
            let address = server.address.clone();
            let mut child = linear(&address, &args).spawn().unwrap();
            thread::sleep(longest.mul_f64(random.random()));
            let kills_the_server = servers < 20 && random.random();
            if kills_the_server {
                server = self::server(); // the other one is killed
            } else if clients < 20 {
                child.kill().unwrap();
            }
            let output = child.wait_with_output().unwrap();
            match output.status.code() {
                Some(0) => break,
                None => clients += 1,
                Some(_) => {
                    assert!(kills_the_server, "{output:?}");
                    let text = error(output);
                    assert!(text.contains(&address), "{text}");
                    servers += 1;
                }
            }
        }
        assert_same(&dir, &whole, "killed");
    }
}

/// A rate is a number in a message that a constant one needs too.
#[test]
fn a_schedule_sends_no_more_than_a_constant_rate() {
    let server = server();
    let [constant, scheduled] =
        ["constant", "warmup-cosine"].map(|schedule| bytes_sent(&server, schedule));
    let steps = 20 * 12;
    assert!(constant > 1_000 * steps, "{constant}");
    assert!(
        constant.abs_diff(scheduled) < steps,
        "{constant}, {scheduled}"
    );
}

/// The number of bytes that a run sends to the server, by what comes through a process between them.
fn bytes_sent(server: &Server, schedule: &str) -> u64 {
    let between = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", between.local_addr().unwrap());
    let to = server.address.trim_start_matches("ws://").to_string();
    let sent = Arc::new(AtomicU64::new(0));
    let counts = sent.clone();
    thread::spawn(move || {
        for client in between.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let counts = counts.clone();
            thread::spawn(move || {
                pass_on(client, server, |count| {
                    counts.fetch_add(count, Ordering::Relaxed);
                })
            });
            thread::spawn(move || pass_on(back.0, back.1, |_| ()));
        }
    });
    let dir = RunDir::new();
    #[rustfmt::skip]
    let args = [
        "--out", dir.str(), "--epochs", "20", "--schedule", schedule, "--checkpoint-every", "1000",
    ];
    let mut command = linear(&address, &args);
    command.env("BURN_REMOTE_TIMEOUT", "600"); // is asked at the beginning only
    succeeded(command.output().unwrap());
    loop {
        let count = sent.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(500));
        if sent.load(Ordering::Relaxed) == count {
            return count; // nothing is under way any more
        }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, passed: impl Fn(u64)) {
    let mut buffer = [0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        passed(count as u64);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    _ = to.shutdown(Shutdown::Write);
}

#[test]
fn a_server_that_stalls_ends_the_run_in_time() {
    let server = server();
    let dir = RunDir::new();
    let args = ["--out", dir.str(), "--checkpoint-every", "1"];
    let mut child = impatient(&server.address, &args).spawn().unwrap();
    while !dir.path().join("history.csv").exists() {
        assert!(child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(20));
    }
    signal(&server.process, "STOP");
    let start = Instant::now();
    let text = error(child.wait_with_output().unwrap());
    assert!(text.contains("does not answer for 4 seconds"), "{text}");
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(3 * TIMEOUT), "{elapsed:?}");

    signal(&server.process, "CONT");
    let whole = RunDir::new();
    run("flex", &["--out", whole.str(), "--checkpoint-every", "1"]);
    run("flex", &["resume", dir.str()]);
    assert_same(&dir, &whole, "stalled");
}

#[test]
fn a_token_opens_the_server_and_nothing_else_does() {
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("token");
    std::fs::write(&file, "right\n").unwrap();
    let mut command = serve("flex", "127.0.0.1:0");
    command.env("BURN_REMOTE_TOKEN_FILE", &file);
    let server = Server::start(command);

    let dir = RunDir::new();
    let args = ["--out", dir.str(), "--epochs", "1"];
    let refused = [None, Some("wrong"), Some("righ")].map(|token| {
        let mut command = linear(&server.address, &args);
        command.envs(token.map(|token| ("BURN_REMOTE_TOKEN", token)));
        failed(command)
    });
    assert!(
        refused[0].contains("rejected the credential"),
        "{refused:?}"
    );
    assert!(
        refused.iter().all(|text| *text == refused[0]),
        "{refused:?}"
    );

    let dir = RunDir::new();
    let mut begin = linear(&server.address, &["--out", dir.str(), "--epochs", "1"]);
    succeeded(begin.env("BURN_REMOTE_TOKEN", "right").output().unwrap());
}

#[test]
fn a_server_for_other_machines_asks_for_a_token() {
    let text = failed(serve("flex", "0.0.0.0:0"));
    assert!(
        text.contains("set BURN_REMOTE_TOKEN or BURN_REMOTE_TOKEN_FILE"),
        "{text}"
    );
    let mut command = serve("flex", "0.0.0.0:0");
    let text = failed({
        command.env("BURN_REMOTE_TOKEN", "");
        command
    });
    assert!(text.contains("the token is empty"), "{text}");
    let help = run_help();
    assert!(!help.contains("--token"), "{help}");
}

fn run_help() -> String {
    let output = linear("flex", &["serve", "--help"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_no_server_is_said_in_one_line() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = other.local_addr().unwrap();
    thread::spawn(move || {
        for stream in other.incoming() {
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 4_096]);
            _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n");
        }
    });
    let server = server();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = silent.local_addr().unwrap();
    for (address, says) in [
        (format!("ws://{nobody}"), "refused"),
        (format!("ws://{web}"), "cannot be reached"),
        (format!("ws://{mute}"), "does not answer for 4 seconds"),
        (
            "ws://127.0.0.1:1,ws://127.0.0.1:2".to_string(),
            "ws://127.0.0.1:1",
        ),
        (format!("{}/1", server.address), "hosts only 1 device"),
        (format!("{}/x", server.address), "ws://HOST:PORT/DEVICE"),
        ("wss://127.0.0.1:1".to_string(), "ws://HOST:PORT"),
        ("ws://nowhere".to_string(), "invalid socket address"),
    ] {
        let dir = RunDir::new();
        let text = failed(impatient(&address, &["--out", dir.str()]));
        assert!(text.contains(&address) && text.contains(says), "{text}");
    }
}

/// Burn 0.22's tensors of a served device can't be held by two threads: with processors that are busy, a training that
/// shared them with a save broke within seconds.
#[test]
fn saving_in_the_background_leaves_a_training_alone() {
    let server = server();
    let host = RemoteHost::websocket(&server.address);
    let device = Device::remote_options(&host).init().unwrap().autodiff();
    let config = AdamConfig::new();
    let mut model = LinearConfig::new(10, 1).init(&device);
    let mut optimizer = config.init();
    let mut lr = Scheduler::new(Constant::new(1e-3));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("checkpoint.bpk");
    let mut writer = BackgroundWriter::new(&path);
    let training = Arc::new(());
    for _ in 0..6 {
        let training = Arc::downgrade(&training);
        thread::spawn(move || while training.strong_count() > 0 {});
    }
    for step in 1..=600 {
        let loss = model.forward(Tensor::<2>::ones([4, 10], &device)).sum();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(lr.step(), model, grads);
        let progress = Progress {
            step,
            ..Progress::default()
        };
        let checkpoint = Checkpoint::capture(&model, &optimizer, &config, &lr, progress);
        writer.save(checkpoint.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(Checkpoint::inspect(&path).unwrap().progress.step, 600);
}
