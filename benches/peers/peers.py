"""What a step of a scheduler costs in PyTorch, transformers, timm and optax, and here, in one run.

    python -m venv venv
    venv/bin/pip install -r requirements.txt
    venv/bin/python peers.py [--rounds 15] [ID ...]

Runs `cargo bench -p benches --bench peers`, then every schedule of `schedules.json` in its library, and prints
the median time of a step of both, and how many times as fast it is here. A step is what training with that
library does between two optimizer steps: `scheduler.step()` of PyTorch and transformers, `step_update(n)` of timm,
and for optax, whose schedules are functions, `schedule(n)` as it stands ("eager") and under `jax.jit`, with a
wait for the number. What a step gives is checked against nothing here: `cargo test -p lr-compat` does that.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "crates" / "lr-compat" / "tables"))

from write_tables import build_optax, build_torch, sgd  # noqa: E402

BOUND, AIM = 50, 200


def ours():
    """Nanoseconds of a step here, by the schedule's id."""
    command = ["cargo", "bench", "--quiet", "-p", "benches", "--bench", "peers"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["id"]: line["ns"] for line in lines}


def torch_step(case):
    optimizer = sgd(case["base_lr"])
    scheduler = build_torch(case, optimizer)
    optimizer.step()  # which PyTorch asks for, before the first step of a scheduler
    if not case.get("hears"):
        return scheduler.step
    metric = 1.0

    def step():
        nonlocal metric
        metric *= 0.999999
        scheduler.step(metric)

    return step


def transformers_step(case):
    from transformers import optimization

    optimizer = sgd(case["base_lr"])
    scheduler = getattr(optimization, case["scheduler"])(optimizer=optimizer, **case["args"])
    optimizer.step()
    return scheduler.step


def timm_step(case):
    import timm.scheduler

    kind = getattr(timm.scheduler, case["scheduler"])
    scheduler = kind(sgd(case["base_lr"]), t_in_epochs=False, **case["args"])
    n = 0

    def step():
        nonlocal n
        n += 1
        scheduler.step_update(n)

    return step


def optax_steps(case):
    import jax

    schedule = build_optax(case)

    def counted(function):
        n = 0

        def step():
            nonlocal n
            n += 1
            float(function(n))

        return step

    return [("eager", counted(schedule)), ("jit", counted(jax.jit(schedule)))]


def steps_of(case):
    """Its ways to take a step, each with a name."""
    library = case["library"]
    if library == "optax":
        return optax_steps(case)
    step = {"torch": torch_step, "transformers": transformers_step, "timm": timm_step}[library]
    return [("", step(case))]


def nanoseconds(step, rounds):
    """The median over some rounds, each of about 20 ms, of what a step takes."""
    for _ in range(10):  # the first of which may compile something
        step()
    start = time.perf_counter_ns()
    for _ in range(10):
        step()
    steps = max(10, int(20e6 * 10 / (time.perf_counter_ns() - start)))
    times = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(steps):
            step()
        times.append((time.perf_counter_ns() - start) / steps)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ids", nargs="*", help="which schedules (default: all)")
    parser.add_argument("--rounds", type=int, default=15, help="of each (default: 15)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = json.loads((HERE / "schedules.json").read_text())
    cases = [case for case in cases if not options.ids or case["id"] in options.ids]
    if not cases:
        parser.error("there are no such schedules")
    here = ours()
    print(f"{'schedule':<68} {'there, ns':>10} {'here, ns':>9} {'times as fast':>14}")
    missed = 0
    for case in cases:
        for way, step in steps_of(case):
            there = nanoseconds(step, options.rounds)
            ratio = there / here[case["id"]]
            verdict = ""
            if case["library"] == "torch":
                missed += ratio < BOUND
                verdict = "missed" if ratio < BOUND else "aim" if ratio >= AIM else "holds"
            name = f"{case['id']} {way}".strip()
            print(f"{name:<68} {there:>10.0f} {here[case['id']]:>9.1f} {ratio:>14.0f} {verdict}")
    print(f"PyTorch: at least {BOUND} times as fast, {AIM} the aim: {'missed' if missed else 'holds'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
