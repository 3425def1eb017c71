"""Trains two models with two PyTorch optimizers and writes `optimizers.json`.

The reference of a Rust test: data, initial weights and batches are by formula, with no random
numbers, on one thread, in float64 and again in float32. See README.md for the formulas.
"""

import csv
import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
STEPS = 200
BATCH = 64
MODELS = ("linear", "two_layer")
OPTIMIZERS = ("sgd_one_cycle", "adamw_weight_decay")


def read(path: Path) -> Tensor:
    """The rows of a CSV file of numbers, without its header."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return torch.tensor([[float(cell) for cell in row] for row in rows], dtype=torch.float64)


def diabetes() -> tuple[Tensor, Tensor]:
    """Ten features and the target, each standardised over all rows (population deviation)."""
    table = read(EXAMPLES / "linear/data/diabetes.csv")
    table = (table - table.mean(0)) / table.std(0, correction=0)
    return table[:, :-1], table[:, -1:]


def digits() -> tuple[Tensor, Tensor]:
    """64 pixels from 0 to 1, and the label."""
    table = read(EXAMPLES / "digits/data/digits.csv")
    return table[:, :-1] / 16, table[:, -1].long()


def layer(inputs: int, outputs: int) -> nn.Linear:
    """A float64 layer: weight[o][i] = 0.2 * sin(1 + o * inputs + i), bias 0."""
    linear = nn.Linear(inputs, outputs, dtype=torch.float64)
    weight = [[0.2 * math.sin(1 + o * inputs + i) for i in range(inputs)] for o in range(outputs)]
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(weight, dtype=torch.float64))
        linear.bias.zero_()
    return linear


def weight_decay(step: int) -> float:
    """From 0.2 down to 0.01 along half a cosine."""
    return 0.01 + 0.5 * (0.2 - 0.01) * (1 + math.cos(math.pi * step / STEPS))


def train(model_name: str, optimizer_name: str, dtype: torch.dtype) -> dict[str, Any]:
    """One run: its rates, its second schedule, the loss before each step and the last weights."""
    if model_name == "linear":
        (inputs, targets), loss_of = diabetes(), F.mse_loss
        model = nn.Sequential(layer(10, 1))
    else:
        (inputs, targets), loss_of = digits(), F.cross_entropy
        model = nn.Sequential(layer(64, 32), nn.ReLU(), layer(32, 10))
    model, inputs = model.to(dtype), inputs.to(dtype)
    targets = targets.to(dtype) if targets.is_floating_point() else targets

    if optimizer_name == "sgd_one_cycle":
        second = "momentum"
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scheduler = OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS)
    else:
        second = "weight_decay"
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
        scheduler = CosineAnnealingLR(optimizer, T_max=STEPS)

    run: dict[str, Any] = {"lr": [], second: [], "losses": []}
    for step in range(STEPS):
        if second == "weight_decay":
            for group in optimizer.param_groups:
                group["weight_decay"] = weight_decay(step)
        rows = [(37 * step + 11 * k) % len(inputs) for k in range(BATCH)]
        loss = loss_of(model(inputs[rows]), targets[rows])
        run["lr"].append(optimizer.param_groups[0]["lr"])
        run[second].append(optimizer.param_groups[0][second])
        run["losses"].append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step + 1 < STEPS:  # OneCycleLR refuses a step beyond its last
            scheduler.step()

    layers = [
        {"weight": part.weight.tolist(), "bias": part.bias.tolist()}
        for part in model
        if isinstance(part, nn.Linear)
    ]
    return run | {"weights": {"after": STEPS, "layers": layers}}


def flat(weights: dict[str, Any]) -> Tensor:
    """All weights and biases as one float64 vector."""
    parts = [part for each in weights["layers"] for part in (each["weight"], each["bias"])]
    return torch.cat([torch.tensor(part, dtype=torch.float64).flatten() for part in parts])


def main() -> None:
    torch.set_num_threads(1)
    cases = []
    for model in MODELS:
        for optimizer in OPTIMIZERS:
            run = train(model, optimizer, torch.float64)
            single = train(model, optimizer, torch.float32)
            run["weights_float32"] = single["weights"]
            cases.append({"model": model, "optimizer": optimizer} | run)

            exact, rounded = flat(run["weights"]), flat(single["weights"])
            difference = ((rounded - exact).abs().max() / exact.abs().max()).item()
            loss = run["losses"][-1]
            print(f"{model} {optimizer}: last loss {loss!r}, float32 differs by {difference:.3e}")

    lines = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    text = f'{{"torch": {json.dumps(torch.__version__.split("+")[0])}, "cases": [\n{lines}\n]}}\n'
    (HERE / "optimizers.json").write_text(text)


if __name__ == "__main__":
    main()
