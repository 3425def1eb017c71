"""Trains with PyTorch, saves at step 100, trains on, and writes what became of it.

The reference of a Rust test that goes on from the files: what stands in `runs/*/` are those of
`torch.save` at step 100, and `runs.json` has the rates of all 200 steps and the last weights. Data,
initial weights and batches are by formula, with no random numbers, on one thread, in float32. See
README.md for the formulas.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

from optimizers import BATCH, HERE, diabetes, digits, layer

SAVED = 100
STEPS = 200
EVERY = 5
"""A plateau hears the loss once in so many steps."""


class TwoLayer(nn.Module):
    """Declared from its output to its input, so that the order of its parameters is that."""

    def __init__(self) -> None:
        super().__init__()
        self.head = layer(10, 10)
        self.norm = nn.LayerNorm(10)
        self.hidden = layer(64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.hidden(inputs))))


def linear() -> nn.Module:
    return nn.Sequential(layer(10, 1))


def sgd_one_cycle(model: nn.Module) -> tuple:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return optimizer, lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=250)


def sgd_groups(model: nn.Module) -> tuple:
    named = dict(model.named_parameters())
    head = [(name, value) for name, value in named.items() if name.startswith("head")]
    rest = [(name, value) for name, value in named.items() if not name.startswith("head")]
    groups = [
        {"params": rest, "lr": 0.02, "weight_decay": 1e-3},
        {"params": head, "lr": 0.1},
    ]
    optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
    return optimizer, lr_scheduler.MultiStepLR(optimizer, milestones=[50, 150], gamma=0.5)


def sgd_dampened(model: nn.Module) -> tuple:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, dampening=0.5)
    return optimizer, lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=60)


def adam_sequential(model: nn.Module, amsgrad: bool = False) -> tuple:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, amsgrad=amsgrad)
    parts = [
        lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=30),
        lr_scheduler.CosineAnnealingLR(optimizer, T_max=170),
    ]
    return optimizer, lr_scheduler.SequentialLR(optimizer, parts, milestones=[30])


def amsgrad_sequential(model: nn.Module) -> tuple:
    return adam_sequential(model, amsgrad=True)


def adam_decayed(model: nn.Module) -> tuple:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.01)
    return optimizer, lr_scheduler.CosineAnnealingLR(optimizer, T_max=250)


def adamw_plateau(model: nn.Module) -> tuple:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.9, patience=0, cooldown=1)
    return optimizer, plateau


def rmsprop(model: nn.Module) -> tuple:
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.9, centered=True)
    return optimizer, lr_scheduler.ExponentialLR(optimizer, gamma=0.99)


def rmsprop_plain(model: nn.Module) -> tuple:
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=1e-3)
    return optimizer, lr_scheduler.ExponentialLR(optimizer, gamma=0.99)


def adagrad(model: nn.Module) -> tuple:
    optimizer = torch.optim.Adagrad(
        model.parameters(), lr=5e-2, lr_decay=0.01, initial_accumulator_value=0.1
    )
    return optimizer, lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.7)


def adafactor(model: nn.Module) -> tuple:
    optimizer = torch.optim.Adafactor(model.parameters(), lr=1e-2, weight_decay=0.01)
    return optimizer, lr_scheduler.PolynomialLR(optimizer, total_iters=250)


OPTIMIZERS = (
    sgd_one_cycle,
    sgd_dampened,
    adam_sequential,
    amsgrad_sequential,
    adamw_plateau,
    rmsprop,
    rmsprop_plain,
    adagrad,
    adafactor,
)
CASES = [
    *[("linear", optimizer) for optimizer in OPTIMIZERS],
    *[("two_layer", optimizer) for optimizer in (*OPTIMIZERS, sgd_groups, adam_decayed)],
]
COMBINED = ("two_layer", amsgrad_sequential)
"""The case that is saved as one file too."""


def save(folder: Path, model: nn.Module, optimizer: Any, scheduler: Any, combined: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), folder / "model.pt")
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    torch.save(scheduler.state_dict(), folder / "scheduler.pt")
    if combined:
        together = {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "epoch": 3,
        }
        torch.save(together, folder / "checkpoint.pt")


def train(model_name: str, build: Any) -> dict[str, Any]:
    """One run: its rates, one for each group, its losses, and the last weights."""
    if model_name == "linear":
        (inputs, targets), loss_of, model = diabetes(), F.mse_loss, linear()
        targets = targets.float()
    else:
        (inputs, targets), loss_of, model = digits(), F.cross_entropy, TwoLayer()
    model, inputs = model.float(), inputs.float()
    optimizer, scheduler = build(model)
    plateau = isinstance(scheduler, lr_scheduler.ReduceLROnPlateau)

    rates, losses = [], []
    for step in range(STEPS):
        if step == SAVED:
            folder = HERE / "runs" / f"{model_name}-{build.__name__}"
            combined = (model_name, build) == COMBINED
            save(folder, model, optimizer, scheduler, combined)
        rows = [(37 * step + 11 * k) % len(inputs) for k in range(BATCH)]
        loss = loss_of(model(inputs[rows]), targets[rows])
        rates.append([group["lr"] for group in optimizer.param_groups])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not plateau:
            scheduler.step()
        elif (step + 1) % EVERY == 0:
            scheduler.step(loss.item())

    weights = {name: value.flatten().tolist() for name, value in model.state_dict().items()}
    at = (0, SAVED, STEPS - 1)
    shown = ", ".join(f"{losses[step]:.4f} at rates {rates[step]}" for step in at)
    print(f"{model_name} {build.__name__}: loss {shown}")
    return {
        "model": model_name,
        "optimizer": build.__name__,
        "rates": rates[SAVED:],
        "losses": losses[SAVED:],
        "weights": weights,
    }


def batch_norm() -> None:
    """A model with buffers, after one step."""
    model = nn.Sequential(layer(3, 4).float(), nn.BatchNorm1d(4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.arange(12.0).reshape(4, 3).square()).square().mean().backward()
    optimizer.step()
    folder = HERE / "runs" / "batch_norm"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), folder / "model.pt")
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")


def integers() -> None:
    """Buffers of whole numbers, which PyTorch keeps in 64 bits."""
    folder = HERE / "runs" / "integers"
    folder.mkdir(parents=True, exist_ok=True)
    for name, last in [("small", 3), ("large", 1 << 40)]:
        torch.save({"counts": torch.tensor([1, -2, last])}, folder / f"{name}.pt")


def refused() -> None:
    """States of optimizers that Burn can't go on with, after one step of Linear(10, 1)."""
    folder = HERE / "runs" / "refused"
    folder.mkdir(parents=True, exist_ok=True)

    def state(optimizer_class: Any, **options: Any) -> dict[str, Any]:
        model = layer(10, 1).float()
        optimizer = optimizer_class(model.parameters(), lr=0.1, **options)
        model(torch.arange(10.0)).sum().backward()
        optimizer.step()
        return optimizer.state_dict()

    torch.save(state(torch.optim.Adadelta), folder / "adadelta.pt")
    torch.save(state(torch.optim.SGD, maximize=True), folder / "maximize.pt")
    # as PyTorch saved it before 2.7
    older = state(torch.optim.AdamW)
    del older["param_groups"][0]["decoupled_weight_decay"]
    torch.save(older, folder / "adam_or_adamw.pt")
    other = state(torch.optim.Adam)
    other["state"][0]["exp_avg_cube"] = other["state"][0]["exp_avg"]
    torch.save(other, folder / "another_field.pt")
    groups = state(torch.optim.SGD)
    groups["param_groups"].append(groups["param_groups"][0] | {"params": [1]})
    groups["param_groups"][0]["params"] = [0]
    torch.save(groups, folder / "groups_without_names.pt")


def main() -> None:
    torch.set_num_threads(1)
    batch_norm()
    integers()
    refused()
    cases = [train(model, build) for model, build in CASES]
    lines = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    text = f'{{"torch": {json.dumps(torch.__version__.split("+")[0])}, "cases": [\n{lines}\n]}}\n'
    (HERE / "runs.json").write_text(text)


if __name__ == "__main__":
    main()
