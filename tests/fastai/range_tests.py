"""Writes `range_tests.json`: what fastai's `lr_find` sees and suggests, beside the losses that it heard.

    pip install -r requirements.txt
    python range_tests.py
"""

import json
import math
import tempfile
from pathlib import Path

import torch
from fastai.basics import SGD, Adam, Callback, DataLoaders, Learner
from fastai.callback.schedule import minimum, slide, steep, valley
from torch.nn.functional import mse_loss


class Losses(Callback):
    """The loss of every batch as it is, before fastai smooths it."""

    order = 49  # before the recorder

    def before_fit(self):
        self.raw = []

    def after_batch(self):
        self.raw.append(self.learn.loss.item())


def no_number_far_out(outputs, targets):
    """The mean squared error, or NaN where an output is above 3."""
    return mse_loss(outputs, targets) + 0 * torch.sqrt(3 - outputs.abs().max())


def learner(seed, layers, optimizer, batch, loss):
    torch.manual_seed(seed)
    inputs = torch.randn(512, 8)
    targets = torch.sin(inputs.sum(1, keepdim=True)) + 0.1 * torch.randn(512, 1)
    rows = list(zip(inputs, targets))
    data = DataLoaders(
        torch.utils.data.DataLoader(rows, batch, shuffle=True),
        torch.utils.data.DataLoader(rows, batch),
    )
    sizes = [8] + [16] * layers
    model = torch.nn.Sequential(
        *(
            module
            for a, b in zip(sizes, sizes[1:])
            for module in (torch.nn.Linear(a, b), torch.nn.ReLU())
        ),
        torch.nn.Linear(sizes[-1], 1),
    )
    return Learner(
        data, model, loss_func=loss, opt_func=optimizer, path=tempfile.mkdtemp()
    )


def numbered(number):
    """`null` for what JSON has no number for."""
    return None if math.isnan(number) else number


def case(seed, layers, optimizer, batch, loss=mse_loss, **options):
    learn = learner(seed, layers, optimizer, batch, loss)
    losses = Losses()
    learn.add_cb(losses)
    rules = (steep, valley, minimum, slide)
    with learn.no_bar():
        found = learn.lr_find(show_plot=False, suggest_funcs=rules, **options)
    return {
        "options": options,
        "losses": [numbered(loss) for loss in losses.raw],
        "rates": learn.recorder.lrs,
        "smoothed": [numbered(float(loss)) for loss in learn.recorder.losses],
        "suggestions": {rule.__name__: getattr(found, rule.__name__) for rule in rules},
    }


cases = [
    case(0, 0, SGD, 16),
    case(1, 1, SGD, 64),
    case(2, 1, Adam, 64),
    case(3, 2, Adam, 16),
    case(4, 2, Adam, 64, start_lr=1e-5, end_lr=1.0, num_it=200),
    case(5, 1, SGD, 32, start_lr=1e-4, end_lr=0.3, num_it=60),
    case(6, 2, SGD, 64, stop_div=False, end_lr=2.0, num_it=150),
    case(7, 3, Adam, 32, stop_div=False, num_it=80),
    case(8, 2, SGD, 32, loss=no_number_far_out),
]
text = json.dumps(cases, indent=1, allow_nan=False) + "\n"
Path(__file__).with_suffix(".json").write_text(text)
for number, one in enumerate(cases):
    print(number, len(one["losses"]), one["suggestions"])
