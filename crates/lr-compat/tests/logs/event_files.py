"""Writes the event files whose values are tensors, of 32 bits and of 64, as `tf.summary.scalar` has them.

`pip install torch==2.15.0 tensorboard==2.21.0 && python event_files.py`.
"""

import json
from pathlib import Path

import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.tensorboard import SummaryWriter

HERE = Path(__file__).resolve().parent
STEPS, RESUMED = 80, 50
FILE = "events.out.tfevents.1700000000.host.1.0"


def constructed() -> tuple[SGD, OneCycleLR]:
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    return optimizer, OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS, cycle_momentum=False)


def write(name: str, kind: str, doubles: bool) -> None:
    folder = HERE / name
    with SummaryWriter(folder) as writer:
        optimizer, scheduler = constructed()
        for step in range(STEPS):
            if kind == "restarted" and step == RESUMED:
                optimizer, scheduler = constructed()
            writer.add_scalar("train/loss", 1 / (1 + step), step)
            rate = optimizer.param_groups[0]["lr"]
            writer.add_scalar("train/lr", rate, step, new_style=True, double_precision=doubles)
            optimizer.step()
            scheduler.step()
    next(folder.glob("events*")).rename(folder / FILE)
    wrong = {"restarted": RESUMED}.get(kind)
    answer = {
        "schedule": {
            "library": "torch",
            "scheduler": "OneCycleLR",
            "args": {"max_lr": 0.1, "total_steps": STEPS},
            "base_lr": 0.1,
        },
        "total_steps": STEPS,
        "format": "tensorboard",
        "file": FILE,
        "kind": kind,
        "first_wrong_step": wrong,
        "first_wrong_logged_step": wrong,
        "logged_every": 1,
        "row_n_is_step": "n",
        "row_has_the_rate_of": "its own step",
    }
    if wrong:
        answer["resumed_at"] = wrong
    (folder / "answer.json").write_text(json.dumps(answer, indent=1) + "\n")


if __name__ == "__main__":
    write("right-tensorboard-tensors", "right", doubles=False)
    write("restarted-tensorboard-doubles", "restarted", doubles=True)
