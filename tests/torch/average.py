"""Averages the weights of two models with PyTorch (and timm) over 200 steps, and writes `average.json`.

The reference of a Rust test. Data, initial weights and batches are by formula, with no random numbers, on one
thread, in float64. See README.md for the formulas.
"""

import json
import math
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import swa_utils

from optimizers import HERE, layer

STEPS = 200
ROWS = 64
BATCHES = 10
"""The batches that `update_bn` takes statistics of."""


def batch(step: int) -> tuple[Tensor, Tensor]:
    """Row k: x[c] = sin(1 + 7 s + 3 k + c²) + c / 10, y = mean of x + cos(s + k)."""
    x = [
        [math.sin(1 + 7 * step + 3 * k + c * c) + c / 10 for c in range(10)] for k in range(ROWS)
    ]
    inputs = torch.tensor(x, dtype=torch.float64)
    noise = torch.tensor([[math.cos(step + k)] for k in range(ROWS)], dtype=torch.float64)
    return inputs, inputs.mean(1, keepdim=True) + noise


def model(name: str) -> nn.Sequential:
    if name == "linear":
        return nn.Sequential(layer(10, 1))
    norm = nn.BatchNorm1d(8, dtype=torch.float64)
    return nn.Sequential(layer(10, 8), norm, nn.ReLU(), layer(8, 1))


def state(module: nn.Module) -> dict[str, list[float]]:
    entries = module.state_dict().items()
    return {
        name: value.flatten().tolist() for name, value in entries if value.is_floating_point()
    }


class Timm:
    def __init__(self, module: nn.Module, **options: Any) -> None:
        self.ema, self.step = ModelEmaV3(module, **options), 0

    def update_parameters(self, module: nn.Module) -> None:
        self.step += 1
        self.ema.update(module, step=self.step)

    @property
    def module(self) -> nn.Module:
        return self.ema.module


def averages(module: nn.Module) -> dict[str, Any]:
    ema = swa_utils.get_ema_multi_avg_fn(0.99)
    return {
        "ema": swa_utils.AveragedModel(module, multi_avg_fn=ema),
        "ema_buffers": swa_utils.AveragedModel(module, multi_avg_fn=ema, use_buffers=True),
        "swa": swa_utils.AveragedModel(module),
        "timm": Timm(module, decay=0.9, use_warmup=True, warmup_gamma=2.0, warmup_power=2 / 3),
    }


def run(name: str) -> dict[str, Any]:
    module = model(name)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    kept = averages(module)
    for step in range(STEPS):
        inputs, targets = batch(step)
        loss = F.mse_loss(module(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for kind, average in kept.items():
            # SWA takes a sample at the end of every 20 steps from step 100 on.
            if kind != "swa" or (step >= 100 and (step + 1 - 100) % 20 == 0):
                average.update_parameters(module)
    cases: dict[str, Any] = {kind: state(average.module) for kind, average in kept.items()}
    if name == "batch_norm":
        batches = [batch(number)[0] for number in range(BATCHES)]
        for kind in ("ema", "swa"):
            swa_utils.update_bn(batches, kept[kind])
            cases[f"{kind}_update_bn"] = state(kept[kind].module)
    return cases


if __name__ == "__main__":
    torch.set_num_threads(1)
    table = {"torch": torch.__version__, **{name: run(name) for name in ("linear", "batch_norm")}}
    (HERE / "average.json").write_text(json.dumps(table) + "\n")
