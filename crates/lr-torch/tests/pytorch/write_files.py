"""Writes the PyTorch files that this crate's tests read, and the rates that PyTorch used after them.

    python -m venv venv
    venv/bin/pip install -r requirements.txt

The files that ship with the tests, each scheduler's at several steps:

    venv/bin/python write_files.py shipped

As many drawn at random as asked for, over all schedulers and nested ones, with several parameter
groups and rates changed by hand among them:

    venv/bin/python write_files.py random --out DIR --seed 1 --count 200

Beside the files stands `rates.json`, a list of:

    { "file", "class", "position", "optimizer": whether FILE.optimizer.pt is there, "schedule"?,
      "groups": [ { "lr": [...], "momentum"?: [...] } ], "metrics"?: [...] }

`lr[k]` was in effect for step `position + k`; `metrics[k]` was reported after it. `schedule` is the
config of what a `LambdaLR` makes, for transformers' schedulers.
"""

import argparse
import json
import random
import sys
import warnings
from pathlib import Path

import torch
from torch.optim import lr_scheduler

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "tables"))
from draw_cases import COMPOSED, TORCH, draw, metrics  # noqa: E402
from write_tables import build_torch  # noqa: E402

STEPS = 200
POSITIONS = [7, 40, 130]


def case(scheduler, positions=POSITIONS, name=None, **args):
    return {"name": name, "scheduler": scheduler, "args": args, "positions": positions}


def part(scheduler, **args):
    return {"scheduler": scheduler, "args": args}


def warmed_up(*after, milestones):
    warmup = part("LinearLR", start_factor=0.01, total_iters=20)
    return {"schedulers": [warmup, *after], "milestones": milestones}


SHIPPED = [
    case("StepLR", step_size=30, gamma=0.3),
    case("StepLR", name="step_lr_by_hand", step_size=30, gamma=0.3) | {"by_hand": {25: 0.07}},
    case("MultiStepLR", milestones=[30, 31, 31, 80, 150], gamma=0.5),
    case("ConstantLR", factor=0.25, total_iters=50),
    case("LinearLR", start_factor=0.1, end_factor=0.7, total_iters=150),
    case("LinearLR", name="linear_lr_by_hand", start_factor=0.1, total_iters=150) | {"by_hand": {5: 0.2}},
    case("ExponentialLR", gamma=0.97),
    case("ExponentialLR", name="exponential_lr_groups", gamma=0.97) | {"lr": [0.1, 0.02, 0.5]},
    case("PolynomialLR", total_iters=150, power=1.7),
    case("PolynomialLR", name="polynomial_lr_by_hand", total_iters=150, power=0.5) | {"by_hand": {6: 0.03}},
    case("CosineAnnealingLR", T_max=100, eta_min=0.001),
    case("CosineAnnealingLR", name="cosine_annealing_lr_long", positions=[7, 1900, 2130], T_max=2000),
    case("CosineAnnealingLR", name="cosine_annealing_lr_by_hand", T_max=60, eta_min=0.001)
    | {"by_hand": {5: 0.2}},
    case("CosineAnnealingWarmRestarts", T_0=25, T_mult=2, eta_min=0.002),
    case("CosineAnnealingWarmRestarts", name="cosine_annealing_warm_restarts_even", T_0=30),
    case("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=15, step_size_down=35),
    case("CyclicLR", name="cyclic_lr_halved", base_lr=0.01, max_lr=0.1, step_size_up=20, mode="triangular2"),
    case("CyclicLR", name="cyclic_lr_adam", base_lr=[0.01, 0.02], max_lr=[0.1, 0.3], step_size_up=20,
         mode="exp_range", gamma=0.99) | {"lr": [0.1, 0.2], "optimizer": "AdamW"},
    case("OneCycleLR", max_lr=0.5, total_steps=340),
    case("OneCycleLR", name="one_cycle_lr_phases", max_lr=[0.5, 0.2], total_steps=333, pct_start=0.27,
         anneal_strategy="linear", three_phase=True, div_factor=10.0, base_momentum=0.7)
    | {"lr": [0.1, 0.1], "optimizer": "Adam"},
    case("SWALR", swa_lr=0.02, anneal_epochs=60),
    case("SWALR", name="swalr_by_hand", swa_lr=0.02, anneal_epochs=60, anneal_strategy="linear")
    | {"by_hand": {39: 0.3}},
    case("ReduceLROnPlateau", patience=3, cooldown=4, factor=0.5, min_lr=1e-4),
    case("ReduceLROnPlateau", name="reduce_lr_on_plateau_max", mode="max", threshold_mode="abs",
         threshold=0.01, patience=2, factor=0.7, min_lr=[0.01, 0.001]) | {"lr": [0.1, 0.02]},
    case("ReduceLROnPlateau", name="reduce_lr_on_plateau_broken", patience=5, cooldown=3, threshold=0.0)
    | {"metrics": [1.0, "inf", None, 0.5, "-inf", 0.4] * 60},
    case("SequentialLR", **warmed_up(part("CosineAnnealingLR", T_max=60), milestones=[20])),
    case("SequentialLR", name="sequential_lr_many", positions=[7, 25, 40, 130],
         **warmed_up(part("MultiStepLR", milestones=[5, 10]), part("ExponentialLR", gamma=0.98),
                     part("CosineAnnealingWarmRestarts", T_0=30, T_mult=2),
                     part("PolynomialLR", total_iters=40, power=2.0), milestones=[20, 35, 60, 150])),
    case("SequentialLR", name="sequential_lr_by_hand",
         **warmed_up(part("StepLR", step_size=20), part("ConstantLR", total_iters=9), milestones=[30, 90]))
    | {"by_hand": {5: 0.2, 38: 0.3}},
    case("SequentialLR", name="sequential_lr_nested",
         schedulers=[part("SequentialLR", **warmed_up(part("ExponentialLR", gamma=0.99), milestones=[20])),
                     part("SWALR", swa_lr=0.01, anneal_epochs=30)], milestones=[100]),
    case("SequentialLR", name="sequential_lr_cycles",
         **warmed_up(part("CyclicLR", base_lr=0.01, max_lr=0.1, step_size_up=9),
                     part("ConstantLR", factor=0.1, total_iters=1000),
                     part("OneCycleLR", max_lr=0.4, total_steps=400), milestones=[20, 60, 150])),
    case("ChainedScheduler", schedulers=[part("ConstantLR", factor=0.1, total_iters=20),
                                         part("ExponentialLR", gamma=0.98)]),
    case("ChainedScheduler", name="chained_scheduler_cosine",
         schedulers=[part("LinearLR", total_iters=30), part("CosineAnnealingLR", T_max=50, eta_min=0.003),
                     part("MultiStepLR", milestones=[35, 90], gamma=0.5)]),
    case("ChainedScheduler", name="chained_scheduler_nested",
         schedulers=[part("SequentialLR", **warmed_up(part("StepLR", step_size=25), milestones=[20])),
                     part("ExponentialLR", gamma=0.995)]),
    case("LambdaLR", name="transformers_linear", positions=[7, 55, 95],
         lr_lambda="epoch / 10 if epoch < 10 else max(0.0, (100 - epoch) / 90)")
    | {"lr": [0.001], "schedule": {"scheduler": "linear",
                                  "args": {"num_warmup_steps": 10, "num_training_steps": 100}}},
]


def rates_of(optimizer):
    groups = []
    for group in optimizer.param_groups:
        momentum = group["betas"][0] if "betas" in group else group["momentum"]
        groups.append((float(group["lr"]), float(momentum)))
    return groups


def moves_momentum(state):
    """Whether a scheduler with this state, or one inside of it, moves the momentum."""
    parts = state.get("_schedulers", [])
    return state.get("cycle_momentum", False) or any(moves_momentum(part) for part in parts)


def is_beyond(scheduler):
    """Whether a OneCycleLR has taken the one step that PyTorch lets it take beyond its curve."""
    parts = getattr(scheduler, "_schedulers", [])
    total = getattr(scheduler, "total_steps", None)
    return scheduler.last_epoch == total if total else any(is_beyond(part) for part in parts)


def start(case):
    rates = case.get("lr", [0.1])
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates]
    kind = case.get("optimizer", "SGD")
    options = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(torch.optim, kind)(groups, lr=rates[0], **options)
    return optimizer, build_torch(case, optimizer)


def write(case, out, heard=None):
    """Runs a case, and writes its files."""
    optimizer, scheduler = start(case)
    name = case["name"] or "".join(
        f"_{c.lower()}" if c.isupper() and not before.isupper() else c.lower()
        for before, c in zip("_" + case["scheduler"], case["scheduler"])
    ).lstrip("_")
    entries, recorded = [], []
    last = max(case["positions"]) + STEPS
    for step in range(last + 1):
        if is_beyond(scheduler):
            break
        if step in case.get("by_hand", {}):
            recorded, entries = recorded + entries, []  # what follows isn't theirs
            for group in optimizer.param_groups:
                group["lr"] = case["by_hand"][step]
        if step in case["positions"]:
            state = scheduler.state_dict()
            moves = moves_momentum(state)
            entry = {"file": f"{name}-{step}", "class": case["scheduler"], "position": step}
            entry["optimizer"] = bool(
                moves or "by_hand" in case or "SWALR" in str(case) or case.get("optimizer_file"))
            if "schedule" in case:
                entry["schedule"] = case["schedule"]
            entry["groups"] = [{"lr": []} | ({"momentum": []} if moves else {}) for _ in optimizer.param_groups]
            entry |= {"metrics": []} if heard else {}
            entries.append(entry)
            torch.save(state, out / f"{name}-{step}.pt")
            if entry["optimizer"]:
                torch.save(optimizer.state_dict(), out / f"{name}-{step}.optimizer.pt")
        for entry in entries:
            if step <= entry["position"] + STEPS:
                for group, (lr, momentum) in zip(entry["groups"], rates_of(optimizer)):
                    group["lr"].append(lr)
                    if "momentum" in group:
                        group["momentum"].append(momentum)
                if heard:
                    entry["metrics"].append(heard[step])
        optimizer.step()
        if step == last:
            break
        scheduler.step(*([number(heard[step])] if heard else []))
    return recorded + entries


def number(metric):
    return float("nan" if metric is None else metric)


def checkpoint(out):
    """One file with everything, of a network that was trained for a few steps."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
    cosine = part("CosineAnnealingLR", T_max=90)
    scheduler = build_torch(part("SequentialLR", schedulers=[part("LinearLR", total_iters=10), cosine],
                                 milestones=[10]), optimizer)
    for _ in range(25):
        optimizer.zero_grad()
        model(torch.randn(8, 3)).square().mean().backward()
        optimizer.step()
        scheduler.step()
    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
              "scheduler": scheduler.state_dict(), "epoch": 25}
    torch.save(states, out / "checkpoint.pt")


def tensors(out):
    """Tensors of every kind that is read, and of some that aren't."""
    whole = torch.arange(12.0).reshape(3, 4)
    kinds = {"f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
             "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8,
             "bool": torch.bool, "u16": torch.uint16}
    values = {name: torch.ones(1, dtype=dtype) for name, dtype in kinds.items()}
    values |= {"whole": whole, "across": whole.t(), "part": whole[1:, 2], "empty": torch.zeros(0, 3),
               "repeated": torch.ones(1).expand(5), "parameter": torch.nn.Parameter(whole)}
    torch.save(values, out / "tensors.pt")


def write_rates(entries, out):
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (out / "rates.json").write_text(f"[\n{lines}\n]\n")


def shipped(out):
    out.mkdir(parents=True, exist_ok=True)
    entries = []
    for case in SHIPPED:
        hears = case["scheduler"] == "ReduceLROnPlateau"
        length = max(case["positions"]) + STEPS + 1
        heard = (case.get("metrics") or metrics(random.Random(1), length)) if hears else None
        entries += write(case, out, heard)
    checkpoint(out)
    tensors(out)
    write_rates(entries, out)


def draw_by_torch(r):
    """A case of `draw`'s, with groups, positions and changes by hand."""
    names = [*TORCH, *COMPOSED[:2] * 20]
    names = [name for name in names if "lr_lambda" not in TORCH[name]]
    drawn = draw(r, "torch", r.choice(names))
    positions = sorted(r.sample(range(0, drawn["steps"]), 2))
    by_hand = {}
    if r.random() < 0.3:
        by_hand = {r.randrange(positions[-1] + 1): 10 ** r.uniform(-4, -0.5)}
    groups = r.choice([1, 1, 2])
    rates = [drawn["base_lr"] * r.uniform(0.5, 2) for _ in range(groups)]
    return drawn | {"positions": positions, "by_hand": by_hand, "lr": rates, "optimizer_file": True,
                    "optimizer": r.choice(["SGD", "Adam"])}


def write_random(out, seed, count):
    out.mkdir(parents=True, exist_ok=True)
    r = random.Random(seed)
    entries, tried = [], 0
    while len(entries) < count:
        tried += 1
        case = draw_by_torch(r) | {"name": f"{seed}-{tried}"}
        hears = case["scheduler"] == "ReduceLROnPlateau"
        heard = metrics(r, 1000) if hears else None
        try:
            entries += write(case, out, heard)
        except (ValueError, ZeroDivisionError, NotImplementedError, OverflowError, TypeError) as error:
            print(f"{case['name']}: PyTorch: {type(error).__name__}: {error}", file=sys.stderr)
    write_rates(entries, out)


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("shipped").add_argument("--out", type=Path, default=HERE / "files")
    drawn = what.add_parser("random")
    drawn.add_argument("--out", type=Path, required=True)
    drawn.add_argument("--seed", type=int, default=1)
    drawn.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    if args.what == "shipped":
        shipped(args.out)
    else:
        write_random(args.out, args.seed, args.count)


if __name__ == "__main__":
    main()
