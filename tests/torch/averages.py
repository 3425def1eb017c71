"""Saves averages of weights at step 20 with PyTorch, timm and Lightning, trains on, and writes what became of them.

The reference of a Rust test that goes on from the files in `averages/`: `averages.json` has the averaged weights
after 30 steps. Data, initial weights and batches are those of `average.py`.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from timm.utils import CheckpointSaver, ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import swa_utils
from torch.utils.data import DataLoader, IterableDataset

from average import HERE, batch, model, state

SAVED = 20
STEPS = 30
OUT = HERE / "averages"


def train(average: Any, save: Any) -> nn.Module:
    """Updates an average at every step, and saves it at one."""
    module = model("batch_norm")
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    kept = average(module)
    for step in range(STEPS):
        if step == SAVED:
            save(module, optimizer, kept)
        inputs, targets = batch(step)
        optimizer.zero_grad()
        F.mse_loss(module(inputs), targets).backward()
        optimizer.step()
        if isinstance(kept, ModelEmaV3):
            kept.update(module, step=step + 1)
        elif kept.multi_avg_fn or (step + 1) % 4 == 0:
            kept.update_parameters(module)
    return kept.module


def ema(module: nn.Module) -> nn.Module:
    return swa_utils.AveragedModel(module, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))


def timm(module: nn.Module) -> nn.Module:
    return ModelEmaV3(module, decay=0.9, use_warmup=True, warmup_gamma=2.0, warmup_power=2 / 3)


def save_pytorch(name: str) -> Any:
    def save(module: nn.Module, _: Any, average: nn.Module) -> None:
        entries = {"model": module.state_dict(), "average": average.state_dict()}
        torch.save(entries, OUT / name)

    return save


def save_timm(module: nn.Module, optimizer: Any, average: nn.Module) -> None:
    with tempfile.TemporaryDirectory() as directory:
        saver = CheckpointSaver(module, optimizer, model_ema=average, checkpoint_dir=directory)
        module.default_cfg = {"architecture": "none"}
        saver.save_checkpoint(0, metric=1.0)
        shutil.copy(Path(directory) / "last.pth.tar", OUT / "timm.pth.tar")


class Batches(IterableDataset):
    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return (batch(step) for step in range(STEPS))


class Module(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = model("batch_norm")

    def training_step(self, both: tuple[Tensor, Tensor]) -> Tensor:
        return F.mse_loss(self.net(both[0]), both[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.05)


def lightning() -> nn.Module:
    average = EMAWeightAveraging(decay=0.9)
    states: dict[str, Any] = {}

    class Last(L.Callback):
        def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
            states["last"] = average._average_model.module.net

    with tempfile.TemporaryDirectory() as directory:
        saver = ModelCheckpoint(directory, filename="at", every_n_train_steps=SAVED)
        quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        trainer = L.Trainer(
            max_steps=STEPS, accelerator="cpu", callbacks=[average, Last(), saver], **quiet
        )
        trainer.fit(Module(), DataLoader(Batches(), batch_size=None))
        shutil.copy(Path(directory) / "at.ckpt", OUT / "lightning.ckpt")
    return states["last"]


if __name__ == "__main__":
    torch.set_num_threads(1)
    OUT.mkdir(exist_ok=True)
    last = {
        "ema": train(ema, save_pytorch("ema.pt")),
        "swa": train(swa_utils.AveragedModel, save_pytorch("swa.pt")),
        "timm": train(timm, save_timm),
        "lightning": lightning(),
    }
    table = {name: state(module) for name, module in last.items()}
    (HERE / "averages.json").write_text(json.dumps(table) + "\n")
