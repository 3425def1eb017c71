"""Writes the learning-rate tables that this crate's tests compare its schedules with.

A table is a JSON file of cases of one library, and what that library did in each:

    { "library", "version", "tolerance", "cases": [
        { "id", "scheduler", "args", "base_lr", "lr", "momentum"?, "metrics"? } ] }

`lr[k]` (and `momentum[k]`) is in effect for optimizer step k; `metrics[k]` was reported
after step k. A metric of null is NaN, "inf" and "-inf" are the infinities.

Install the libraries, at the versions whose tables these are:

    python -m venv venv
    venv/bin/pip install -r requirements.txt

Run every case of some tables again, which rewrites their `lr` and `momentum` and nothing
else. To add a case, give it its `id`, `scheduler`, `args`, `base_lr` and either `"steps": N`
or `metrics`, and refresh its table:

    venv/bin/python write_tables.py refresh torch.json keras.json [--out DIR]

Draw cases at random, as many as asked for of each library, over all its schedulers:

    venv/bin/python write_tables.py random --out DIR --seed 1 --count 200 [--library torch ...]
"""

import argparse
import functools
import importlib.metadata
import json
import math
import os
import random
import tempfile
import warnings
from pathlib import Path

from draw_cases import COMPOSED, SCHEDULERS, draw

TOLERANCE = {"torch": 1e-12, "transformers": 1e-12, "timm": 1e-12, "optax": 1e-12, "keras": 1e-6}


# ---- Running the libraries: each function returns the columns of one case. ----


def sgd(base_lr):
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base_lr, momentum=0.9)


def drive(optimizer, advance, steps):
    """Reads the optimizer's one group at every step, with `advance(k)` between k and k + 1."""
    group = optimizer.param_groups[0]
    lr, momentum = [], []
    for k in range(steps):
        lr.append(float(group["lr"]))
        momentum.append(group["momentum"])
        optimizer.step()
        if k + 1 < steps:
            advance(k)
    return lr, momentum


def stepper(scheduler, metrics):
    """How PyTorch's kind of scheduler advances: with the metric of the step, if it hears any."""
    return (lambda k: scheduler.step(metrics[k])) if metrics else (lambda k: scheduler.step())


def build_torch(node, optimizer):
    from torch.optim import lr_scheduler, swa_utils

    args = dict(node["args"])
    if "schedulers" in args:
        args["schedulers"] = [build_torch(part, optimizer) for part in args["schedulers"]]
    if "lr_lambda" in args:
        args["lr_lambda"] = eval("lambda epoch: " + args["lr_lambda"])
    module = swa_utils if node["scheduler"] == "SWALR" else lr_scheduler
    return getattr(module, node["scheduler"])(optimizer=optimizer, **args)


def run_torch(case, steps, metrics):
    optimizer = sgd(case["base_lr"])
    scheduler = build_torch(case, optimizer)
    lr, momentum = drive(optimizer, stepper(scheduler, metrics), steps)
    moves_momentum = case["scheduler"] in ("CyclicLR", "OneCycleLR")
    if moves_momentum and case["args"].get("cycle_momentum", True):
        return {"lr": lr, "momentum": momentum}
    return {"lr": lr}


def run_transformers(case, steps, metrics):
    from transformers import optimization

    optimizer = sgd(case["base_lr"])
    scheduler = getattr(optimization, case["scheduler"])(optimizer=optimizer, **case["args"])
    return {"lr": drive(optimizer, stepper(scheduler, metrics), steps)[0]}


def run_timm(case, steps, metrics):
    import timm.scheduler

    optimizer = sgd(case["base_lr"])
    scheduler = getattr(timm.scheduler, case["scheduler"])(optimizer, **case["args"])

    def advance(k):
        scheduler.step(k + 1, metrics[k] if metrics else None)

    return {"lr": drive(optimizer, advance, steps)[0]}


def build_optax(node):
    import optax

    args = dict(node["args"])
    if "schedules" in args:
        args["schedules"] = [build_optax(part) for part in args["schedules"]]
    if args.get("boundaries_and_scales"):
        scales = args["boundaries_and_scales"]
        args["boundaries_and_scales"] = {int(step): scale for step, scale in scales.items()}
    return getattr(optax, node["scheduler"])(**args)


@functools.cache
def set_up_jax():
    """Sets JAX to 64 bits, and to keep what it compiles: Keras's branches are new at every step."""
    import jax

    cache = tempfile.TemporaryDirectory()
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_compilation_cache_dir", cache.name)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return cache


def run_optax(case, steps, metrics):
    set_up_jax()
    if metrics:
        return {"lr": optax_plateau(case, metrics)}
    schedule = build_optax(case)
    return {"lr": [float(schedule(k)) for k in range(steps)]}


def optax_plateau(case, metrics):
    import jax
    import jax.numpy as jnp
    from optax import contrib

    transform = getattr(contrib, case["scheduler"])(**case["args"])
    hear = jax.jit(lambda state, metric: transform.update(jnp.ones(()), state, value=metric)[1])
    state, lr = transform.init(jnp.ones(())), []
    for metric in metrics:
        lr.append(case["base_lr"] * float(state.scale))
        state = hear(state, metric)
    return lr


def run_keras(case, steps, _metrics):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    set_up_jax()
    from keras.optimizers import schedules

    schedule = getattr(schedules, case["scheduler"])(**case["args"])
    return {"lr": [float(schedule(k)) for k in range(steps)]}


RUN = {
    "torch": run_torch,
    "transformers": run_transformers,
    "timm": run_timm,
    "optax": run_optax,
    "keras": run_keras,
}


def run(library, case):
    """The case with its columns as the library gives them now."""
    heard = case.get("metrics")
    metrics = heard and [math.nan if m is None else float(m) for m in heard]
    steps = len(heard) if heard else case.get("steps") or len(case["lr"])
    kept = {key: case[key] for key in ("id", "scheduler", "args", "base_lr")}
    columns = RUN[library](case, steps, metrics)
    return kept | columns | ({"metrics": heard} if heard else {})


def write(library, tolerance, cases, path):
    table = {
        "library": library,
        "version": importlib.metadata.version(library),
        "tolerance": tolerance,
        "cases": cases,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table, allow_nan=False))
    print(f"{path}: {len(cases)} cases of {library} {table['version']}")


def refresh(tables, out):
    for path in tables:
        table = json.loads(path.read_text())
        library = table["library"]
        cases = [run(library, case) for case in table["cases"]]
        tolerance = table.get("tolerance", TOLERANCE[library])
        write(library, tolerance, cases, out / path.name if out else path)


def run_if_sound(library, case):
    """The case as run, or None if the library refuses it or what it gives fits no table."""
    try:
        done = run(library, case)
    except (ArithmeticError, TypeError, ValueError):
        return None
    values = done["lr"] + done.get("momentum", [])
    return done if all(map(math.isfinite, values)) and 0 <= max(done["lr"]) < 1e9 else None


def write_random(libraries, seed, count, out):
    for library in libraries:
        # Its own random numbers, whichever other libraries are asked for.
        r = random.Random(f"{seed} {library}")
        names = [n for n in SCHEDULERS[library] for _ in range(3 if n in COMPOSED else 1)]
        cases = []
        while len(cases) < count:
            i = len(cases)
            case = {"id": f"{library}/random/{seed}/{i}"} | draw(r, library, names[i % len(names)])
            done = run_if_sound(library, case)
            cases += [done] if done else []
        write(library, TOLERANCE[library], cases, out / f"{library}.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    again = commands.add_parser("refresh", help="run the cases of tables again")
    again.add_argument("tables", nargs="+", type=Path)
    again.add_argument("--out", type=Path, help="a folder for the new tables (default: in place)")
    drawn = commands.add_parser("random", help="write tables of cases drawn at random")
    drawn.add_argument("--out", type=Path, required=True)
    drawn.add_argument("--seed", type=int, required=True)
    drawn.add_argument("--count", type=int, required=True, help="cases of each library")
    drawn.add_argument("--library", nargs="+", choices=RUN, default=list(RUN))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.command == "refresh":
        refresh(options.tables, options.out)
    else:
        write_random(options.library, options.seed, options.count, options.out)


if __name__ == "__main__":
    main()
