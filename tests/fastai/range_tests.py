"""Writes `range_tests.json`: what fastai's `lr_find` sees and suggests, beside the losses that it heard.

    pip install -r requirements.txt
    python range_tests.py
"""

import json
import tempfile
from pathlib import Path

import torch
from fastai.basics import SGD, Adam, Callback, DataLoaders, Learner
from fastai.callback.schedule import minimum, slide, steep, valley


class Losses(Callback):
    """The loss of every batch as it is, before fastai smooths it."""

    order = 49  # before the recorder

    def before_fit(self):
        self.raw = []

    def after_batch(self):
        self.raw.append(self.learn.loss.item())


def learner(seed, layers, optimizer, batch):
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
        data, model, loss_func=torch.nn.MSELoss(), opt_func=optimizer, path=tempfile.mkdtemp()
    )


def case(seed, layers, optimizer, batch, **options):
    learn = learner(seed, layers, optimizer, batch)
    losses = Losses()
    learn.add_cb(losses)
    rules = (steep, valley, minimum, slide)
    with learn.no_bar():
        found = learn.lr_find(show_plot=False, suggest_funcs=rules, **options)
    return {
        "options": options,
        "losses": losses.raw,
        "rates": learn.recorder.lrs,
        "smoothed": [float(loss) for loss in learn.recorder.losses],
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
]
Path(__file__).with_suffix(".json").write_text(json.dumps(cases, indent=1) + "\n")
for number, one in enumerate(cases):
    print(number, len(one["losses"]), one["suggestions"])
