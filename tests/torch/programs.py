"""Trains with other programs than a loop of one's own, and writes what became of it.

The format of `torch.save` before PyTorch 1.6, Lightning's `.ckpt` and the checkpoint folder of transformers'
`Trainer`: `programs/*` are those at step 100, and `programs.json` has the rates and losses of the 100 steps that
follow, and the last weights, as `runs.json` has them. Data, first weights and batches are those of `runs.py`.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import lightning
import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset

import runs
from optimizers import BATCH, HERE, diabetes
from runs import SAVED, STEPS

FOLDER = HERE / "programs"


def batches() -> tuple[Tensor, Tensor]:
    """The rows of all batches, one after the other."""
    inputs, targets = diabetes()
    rows = [(37 * step + 11 * k) % len(inputs) for step in range(STEPS) for k in range(BATCH)]
    return inputs.float()[rows], targets.float()[rows]


class Run:
    """The rates and losses of each step."""

    def __init__(self) -> None:
        self.rates: list[list[float]] = []
        self.losses: list[float] = []

    def add(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        self.rates.append([group["lr"] for group in optimizer.param_groups])
        self.losses.append(loss.item())

    def case(self, optimizer: str, model: nn.Module) -> dict[str, Any]:
        weights = {name: value.flatten().tolist() for name, value in model.state_dict().items()}
        assert len(self.rates) == STEPS
        print(f"{optimizer}: loss {self.losses[0]:.4f}, {self.losses[-1]:.4f}, rates {self.rates[SAVED]}")
        return {
            "model": "linear",
            "optimizer": optimizer,
            "rates": self.rates[SAVED:],
            "losses": self.losses[SAVED:],
            "weights": weights,
        }


def legacy() -> dict[str, Any]:
    """A loop of one's own, which saves all in one file."""
    inputs, targets = batches()
    model, run = runs.linear().float(), Run()
    optimizer, scheduler = runs.adam_sequential(model)
    for step in range(STEPS):
        if step == SAVED:
            together = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
                "step": step,
            }
            path = FOLDER / "legacy.pth"
            torch.save(together, path, _use_new_zipfile_serialization=False)
        rows = slice(step * BATCH, (step + 1) * BATCH)
        loss = F.mse_loss(model(inputs[rows]), targets[rows])
        run.add(optimizer, loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return run.case("legacy", model)


class Module(lightning.LightningModule):
    def __init__(self, run: Run) -> None:
        super().__init__()
        self.net, self.run = runs.linear().float(), run

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer, scheduler = runs.sgd_one_cycle(self)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        loss = F.mse_loss(self.net(batch[0]), batch[1])
        self.run.add(self.optimizers().optimizer, loss)
        return loss


class Save(lightning.Callback):
    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step == SAVED:
            trainer.save_checkpoint(FOLDER / "lightning.ckpt")


def of_lightning() -> dict[str, Any]:
    run = Run()
    module = Module(run)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Save()],
    )
    trainer.fit(module, DataLoader(TensorDataset(*batches()), batch_size=BATCH))
    return run.case("lightning", module.net)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = runs.linear().float()

    def forward(self, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        outputs = self.net(inputs)
        return {"loss": F.mse_loss(outputs, labels), "logits": outputs}


class Trainer(transformers.Trainer):
    run: Run

    def _get_train_sampler(self, *_: Any) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(*args, **kwargs)
        self.run.add(self.optimizer, loss)
        return loss


def of_trainer() -> dict[str, Any]:
    """One epoch, whose number of steps is in `trainer_state.json` alone."""
    os.chdir(FOLDER)
    arguments = transformers.TrainingArguments(
        output_dir="trainer",
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        learning_rate=1e-2,
        weight_decay=0.05,
        lr_scheduler_type="cosine",
        warmup_steps=20,
        max_grad_norm=0.0,
        save_steps=SAVED,
        logging_steps=50,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    model, run = Model(), Run()
    data = [{"inputs": inputs, "labels": label} for inputs, label in zip(*batches())]
    trainer = Trainer(model=model, args=arguments, train_dataset=data)
    trainer.run = run
    trainer.train()
    shutil.rmtree(FOLDER / "trainer" / f"checkpoint-{STEPS}", ignore_errors=True)
    (FOLDER / "trainer" / f"checkpoint-{SAVED}" / "rng_state.pth").unlink()
    return run.case("trainer", model.net)


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    cases = [legacy(), of_lightning(), of_trainer()]
    lines = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    programs = [("torch", torch), ("lightning", lightning), ("transformers", transformers)]
    versions = {name: program.__version__.split("+")[0] for name, program in programs}
    text = f'{json.dumps(versions)[:-1]}, "cases": [\n{lines}\n]}}\n'
    (HERE / "programs.json").write_text(text)


if __name__ == "__main__":
    main()
