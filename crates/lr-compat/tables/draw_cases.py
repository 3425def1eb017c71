"""Draws cases for the tables at random, over the schedulers of every library and their arguments.

What a scheduler's argument is drawn from: a list holds the choices, a pair the ends of a range,
a function draws from the table's length, and anything else is the argument. An argument whose
name ends in "?" has a default, and is sometimes left to it; "**" draws several arguments.
"""

import math


def value(r, steps, kind):
    if callable(kind):
        return kind(r, steps)
    if isinstance(kind, list):
        return value(r, steps, r.choice(kind))
    if isinstance(kind, tuple):
        return r.randint(*kind) if isinstance(kind[0], int) else r.uniform(*kind)
    return kind


def arguments(r, steps, kinds):
    drawn = {}
    for name, kind in kinds.items():
        if name == "**":
            drawn |= kind(r, steps)
        elif not name.endswith("?") or r.random() < 0.7:
            drawn[name.rstrip("?")] = value(r, steps, kind)
    return drawn


def within(r, steps):
    return r.randint(min(steps, 10), steps)


def beyond(r, steps):
    return r.randint(steps, 2 * steps)


def several_steps(r, steps):
    """Step numbers in any order, some of them twice, some zero."""
    return [value(r, steps, [0, 1, 10, *[(1, steps)] * 9]) for _ in range(r.randint(0, 6))]


FLAG = [True, False]
RATE = [1e-5, 3e-4, 0.001, 0.05, 0.1, 1.0, lambda r, _: 10 ** r.uniform(-5, 1)]
LOW = [0.0, 1e-6, 1e-4, RATE]
FRACTION = [0.0, 0.001, 0.1, 0.3, 0.5, 1.0, (0.0, 1.0)]
DECAY = [0.1, 0.5, 0.9, 0.97, 1.0, 1.01, (0.2, 1.0)]
POWER = [0.5, 1.0, 1.5, 2.0, 3.0, (0.2, 4.0)]
LENGTH = [1, 2, (1, 30), (1, 30), within, within, within, within, beyond]
WAIT = [0, 0, 1, (1, 12), (1, 30), within, within, LENGTH]


def metrics(r, steps):
    """What a training might report: falling or rising, stuck, tied, wandering, broken."""
    kind = r.choice(["decay", "plateaus", "walk", "constant", "tied"])
    slope, noise, sign = r.uniform(0.005, 0.1), r.choice([0.0, 0.01, 0.1]), r.choice([1, 1, -1])
    now, heard = r.uniform(-1, 2), []
    for k in range(steps):
        if kind == "decay":
            now = 2 * math.exp(-slope * k) + r.gauss(0, noise)
        elif kind == "plateaus" and r.random() < 0.08:
            now -= r.uniform(-0.1, 0.4)
        elif kind == "walk":
            now += r.gauss(-0.01, 0.1)
        elif kind == "tied":
            now = round(3 - slope * k + r.gauss(0, noise), 1)
        heard.append(sign * now)
    broken = r.choice([[], [], [], [None], [None, "inf", "-inf"]])
    return [r.choice(broken) if broken and r.random() < 0.04 else metric for metric in heard]


def torch_function(r, _):
    a, b, k = round(r.uniform(0.5, 1), 3), round(r.uniform(0.8, 1.1), 3), r.randint(2, 60)
    return r.choice([
        f"{a} ** epoch",
        f"1.0 / (1 + epoch // {k})",
        f"{a} if epoch % {k} else {b}",
        f"min(1.0, (epoch + 1) / {k})",
        f"max({round(1 - a, 3)}, 1 - epoch / {k})",
    ])


def torch_total(r, steps):
    # At least as many as the table has: PyTorch takes one step more, beyond the end of its curve.
    total = steps + value(r, steps, [0, 0, 0, (0, steps)])
    epochs = r.randint(1, 10)
    per_epoch = {"epochs": epochs, "steps_per_epoch": math.ceil(total / epochs)}
    return r.choice([{"total_steps": total}, per_epoch])


def torch_parts(r, names, lengths):
    return [
        {"scheduler": name, "args": arguments(r, steps, TORCH[name])}
        for name, steps in zip(names, lengths)
    ]


def torch_sequential(r, steps):
    milestones = sorted(r.randint(1, steps) for _ in range(r.randint(1, 3)))
    if r.random() < 0.1:
        milestones[0] = 0
    names = r.choices(TORCH_PARTS, k=len(milestones) + 1)
    if r.random() < 0.2:
        names[0] = r.choice(["SequentialLR", "ChainedScheduler"])
    lengths = [max(b - a, 2) for a, b in zip([0, *milestones], [*milestones, steps])]
    return {"schedulers": torch_parts(r, names, lengths), "milestones": milestones}


def torch_chained(r, steps):
    names = r.sample([*TORCH_PARTS[:7], "SequentialLR"], r.randint(2, 4))
    return {"schedulers": torch_parts(r, names, [steps] * len(names))}


TORCH = {
    "StepLR": {"step_size": LENGTH, "gamma?": DECAY},
    "MultiStepLR": {"milestones": several_steps, "gamma?": DECAY},
    "ConstantLR": {"factor?": FRACTION, "total_iters?": WAIT},
    "LinearLR": {"start_factor?": FRACTION, "end_factor?": FRACTION, "total_iters?": WAIT},
    "ExponentialLR": {"gamma": DECAY},
    "PolynomialLR": {"total_iters?": WAIT, "power?": POWER},
    "CosineAnnealingLR": {"T_max": LENGTH, "eta_min?": LOW},
    "MultiplicativeLR": {"lr_lambda": torch_function},
    "LambdaLR": {"lr_lambda": torch_function},
    "CosineAnnealingWarmRestarts": {"T_0": LENGTH, "T_mult?": (1, 3), "eta_min?": LOW},
    "SWALR": {"swa_lr": RATE, "anneal_epochs?": WAIT, "anneal_strategy?": ["cos", "linear"]},
    "CyclicLR": {
        "base_lr": RATE, "max_lr": RATE, "step_size_up?": LENGTH, "step_size_down?": LENGTH,
        "mode?": ["triangular", "triangular2", "exp_range"], "gamma?": (0.95, 1.001),
        "cycle_momentum?": FLAG, "base_momentum?": (0.7, 0.9), "max_momentum?": (0.85, 0.99),
    },
    "OneCycleLR": {
        "max_lr": RATE, "**": torch_total, "pct_start?": FRACTION,
        "anneal_strategy?": ["cos", "linear"], "three_phase?": FLAG,
        "div_factor?": [1.0, 10.0, (1.0, 100.0)], "final_div_factor?": [1.0, 100.0, (0.5, 1e5)],
        "cycle_momentum?": FLAG, "base_momentum?": (0.7, 0.9), "max_momentum?": (0.85, 0.99),
    },
    "ReduceLROnPlateau": {
        "mode?": ["min", "max"], "factor?": [0.0, 0.1, 0.5, (0.05, 0.99)], "patience?": (0, 12),
        "threshold?": [0.0, 0.01, 0.2, 1.0, (0.0, 0.1)], "threshold_mode?": ["rel", "abs"],
        "cooldown?": (0, 12), "min_lr?": LOW, "eps?": [0.0, 1e-8, 1e-4],
    },
    "SequentialLR": {"**": torch_sequential},
    "ChainedScheduler": {"**": torch_chained},
}
# Parts of others; the two of functions have no JSON form to be part of a config with.
TORCH_PARTS = [name for name in list(TORCH)[:13] if "lr_lambda" not in TORCH[name]]


def wsd_length(r, steps):
    either = {"num_stable_steps": value(r, steps, WAIT), "num_training_steps": value(r, steps, LENGTH)}
    named = r.choice([["num_stable_steps"], ["num_training_steps"], list(either)])
    return {name: either[name] for name in named}


WARMUP = {"num_warmup_steps": WAIT}
TRAINING = WARMUP | {"num_training_steps": LENGTH}
CYCLES = {"num_cycles?": [0.5, 1.0, 1.5, (0.0, 4.0)]}
FLOOR = {"**": lambda r, steps: r.choice(
    [{"min_lr": value(r, steps, LOW)}, {"min_lr_rate": value(r, steps, FRACTION)}])}
TRANSFORMERS = {
    "constant": {},
    "constant_with_warmup": WARMUP,
    "linear": TRAINING,
    "cosine": TRAINING | CYCLES,
    "cosine_with_restarts": TRAINING | {"num_cycles?": (0, 7)},
    "polynomial": TRAINING | {"lr_end?": LOW, "power?": POWER},
    "inverse_sqrt": WARMUP | {"timescale?": LENGTH},
    "cosine_with_min_lr": TRAINING | FLOOR | CYCLES,
    "cosine_warmup_with_min_lr": TRAINING | FLOOR | CYCLES | {"warmup_lr_rate?": FRACTION},
    "warmup_stable_decay": WARMUP | {"num_decay_steps": WAIT, "**": wsd_length} | CYCLES | {
        "warmup_type?": ["linear", "cosine", "1-sqrt"],
        "decay_type?": ["linear", "cosine", "1-sqrt"], "min_lr_ratio?": FRACTION,
    },
    "reduce_lr_on_plateau": TORCH["ReduceLROnPlateau"],
    "greedy": {
        "mode?": ["min", "max"], "factor?": (0.5, 0.99), "patience?": (0, 8),
        "threshold?": [0.0, 0.01, (0.0, 0.2)], "threshold_mode?": ["rel", "abs"],
        "cooldown?": (0, 8), "warmup?": (0, 8), "min_lr?": LOW, "max_lr?": [0.5, RATE],
        "eps?": [0.0, 1e-8, 1e-4], "smooth?": FLAG, "window_size?": [1, 2, (1, 60)],
        "reset_start?": [0, 1, (2, 10)],
    },
}

TIMM_WARMUP = {"warmup_t?": WAIT, "warmup_lr_init?": LOW}
TIMM_PREFIX = TIMM_WARMUP | {"warmup_prefix?": FLAG}
TIMM_CYCLES = {"t_initial": LENGTH} | TIMM_PREFIX | {
    "lr_min?": LOW, "cycle_mul?": [1.0, 1.5, 2.0, 3.0],
    "cycle_decay?": [0.5, 1.0, 1.1, (0.1, 1.0)], "cycle_limit?": (0, 5),
}
TIMM = {
    "CosineLRScheduler": TIMM_CYCLES | {"k_decay?": POWER},
    "TanhLRScheduler": TIMM_CYCLES | {"lb?": (-8.0, -1.0), "ub?": (0.0, 5.0)},
    "PolyLRScheduler": TIMM_CYCLES | {"power?": POWER, "k_decay?": POWER},
    "StepLRScheduler": TIMM_PREFIX | {"decay_t": [2.4, LENGTH, (1.0, 60.0)], "decay_rate?": DECAY},
    "MultiStepLRScheduler": TIMM_PREFIX | {
        "decay_t": lambda r, steps: sorted(several_steps(r, steps)), "decay_rate?": DECAY,
    },
    "PlateauLRScheduler": TIMM_WARMUP | {
        "decay_rate?": [0.0, 0.1, 0.5, (0.05, 0.99)], "patience_t?": (0, 12), "cooldown_t?": (0, 12),
        "threshold?": [0.0, 0.01, (0.0, 0.2)], "lr_min?": LOW, "mode?": ["min", "max"],
    },
    "WSDLRScheduler": TIMM_WARMUP | {
        "t_initial": LENGTH, "decay_t": LENGTH, "lr_min?": LOW,
        "stable_fn?": ["constant", "rsqrt", "power"], "stable_timescale?": [LENGTH, (0.5, 50.0)],
        "stable_power?": POWER, "decay_fn?": ["linear", "1-sqrt", "cosine", "power", "exp"],
        "decay_power?": POWER, "decay_ratio?": (0.01, 0.99),
    },
}


def optax_scales(r, steps):
    sizes = [0.0, 0.1, 0.5, 1.0, 2.0, (0.0, 2.0)]
    return {str(step): value(r, steps, sizes) for step in sorted(set(several_steps(r, steps)))}


def optax_warmup_cosine(r, steps):
    start = value(r, steps, WAIT)
    return {"warmup_steps": start, "decay_steps": start + value(r, steps, LENGTH)}


def optax_sgdr(r, steps):
    kinds = OPTAX["warmup_cosine_decay_schedule"]
    return [arguments(r, steps // 2, kinds) for _ in range(r.randint(1, 4))]


def optax_join(r, steps):
    boundaries = sorted(r.randint(0, steps) for _ in range(r.randint(1, 3)))
    names = r.choices(list(OPTAX)[:-1], k=len(boundaries) + 1)
    schedules = [{"scheduler": name, "args": arguments(r, steps, OPTAX[name])} for name in names]
    return {"schedules": schedules, "boundaries": boundaries}


OPTAX_LINEAR = {
    "init_value": LOW, "end_value": LOW, "transition_steps": WAIT, "transition_begin?": [-3, WAIT],
}
OPTAX_EXPONENTIAL = {
    "init_value": RATE, "transition_steps": WAIT, "decay_rate": [0.0, *DECAY],
    "transition_begin?": [-3, WAIT], "staircase?": FLAG, "end_value?": RATE,
}
OPTAX_SCALES = {"init_value": RATE, "boundaries_and_scales?": optax_scales}
OPTAX_ONE_CYCLE = {
    "transition_steps": LENGTH, "peak_value": RATE, "pct_start?": FRACTION,
    "div_factor?": [1.0, (1.0, 100.0)], "final_div_factor?": [1.0, (1.0, 1e5)],
}
OPTAX = {
    "constant_schedule": {"value": RATE},
    "linear_schedule": OPTAX_LINEAR,
    "polynomial_schedule": OPTAX_LINEAR | {"power": [0, 1, POWER]},
    "exponential_decay": OPTAX_EXPONENTIAL,
    "cosine_decay_schedule": {
        "init_value": RATE, "decay_steps": LENGTH, "alpha?": FRACTION, "exponent?": POWER,
    },
    "piecewise_constant_schedule": OPTAX_SCALES,
    "piecewise_interpolate_schedule": OPTAX_SCALES | {"interpolate_type": ["linear", "cosine"]},
    "warmup_constant_schedule": {"init_value": LOW, "peak_value": RATE, "warmup_steps": WAIT},
    "warmup_cosine_decay_schedule": {
        "init_value": LOW, "peak_value": RATE, "**": optax_warmup_cosine,
        "end_value?": LOW, "exponent?": POWER,
    },
    "warmup_exponential_decay_schedule": OPTAX_EXPONENTIAL | {"peak_value": RATE, "warmup_steps": WAIT},
    "cosine_onecycle_schedule": OPTAX_ONE_CYCLE,
    "linear_onecycle_schedule": OPTAX_ONE_CYCLE | {"pct_final?": [0.85, 1.0, (0.0, 1.0)]},
    "sgdr_schedule": {"cosine_kwargs": optax_sgdr},
    "join_schedules": {"**": optax_join},
    "reduce_on_plateau": {
        "factor?": (0.05, 0.95), "patience?": (0, 12), "rtol?": [0.0, 0.01, 1.0, (0.0, 0.2)],
        "atol?": [0.0, 1e-3, 0.1], "cooldown?": (0, 8), "accumulation_size?": (1, 6),
        "min_scale?": [0.0, 0.01, (0.0, 1.0)],
    },
}


def keras_pieces(r, steps):
    boundaries = sorted(set(several_steps(r, steps))) or [steps // 2]
    return {"boundaries": boundaries, "values": [value(r, steps, RATE) for _ in [0, *boundaries]]}


KERAS_DECAY = {
    "initial_learning_rate": RATE, "decay_steps": LENGTH, "decay_rate": DECAY, "staircase?": FLAG,
}
KERAS = {
    "ExponentialDecay": KERAS_DECAY,
    "InverseTimeDecay": KERAS_DECAY,
    "PiecewiseConstantDecay": {"**": keras_pieces},
    "PolynomialDecay": {
        "initial_learning_rate": RATE, "decay_steps": LENGTH,
        "end_learning_rate?": LOW, "power?": POWER, "cycle?": FLAG,
    },
    "CosineDecay": {
        "initial_learning_rate": LOW, "decay_steps": LENGTH,
        "alpha?": FRACTION, "warmup_target?": RATE, "warmup_steps?": WAIT,
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": RATE, "first_decay_steps": LENGTH,
        "t_mul?": [1.0, 1.5, 2.0, 3.0], "m_mul?": [0.5, 1.0, 1.1, (0.0, 1.0)], "alpha?": FRACTION,
    },
}

SCHEDULERS = {
    "torch": TORCH, "transformers": TRANSFORMERS, "timm": TIMM, "optax": OPTAX, "keras": KERAS,
}
HEARS_METRICS = {
    "ReduceLROnPlateau", "reduce_lr_on_plateau", "greedy", "PlateauLRScheduler", "reduce_on_plateau",
}
# Drawn more often than the others, for there is more in them.
COMPOSED = ["SequentialLR", "ChainedScheduler", "join_schedules"]


def as_function(r, name, args):
    """One of transformers' schedules by its own function, or by name through `get_scheduler`."""
    from transformers import optimization

    if r.random() < 0.6:
        function = optimization.TYPE_TO_SCHEDULER_FUNCTION[optimization.SchedulerType(name)].__name__
        return {"scheduler": "GreedyLR" if name == "greedy" else function, "args": args}
    shared = [key for key in TRAINING if key in args]
    specific = {key: args[key] for key in args if key not in shared}
    args = {"name": name} | {key: args[key] for key in shared}
    return {
        "scheduler": "get_scheduler",
        "args": args | ({"scheduler_specific_kwargs": specific} if specific else {}),
    }


def draw(r, library, name):
    """A case of one scheduler, not yet run."""
    steps = r.randint(60, 400)
    case = {"scheduler": name, "args": arguments(r, steps, SCHEDULERS[library][name]), "steps": steps}
    if library == "transformers":
        case |= as_function(r, name, case["args"])
    hears = name in HEARS_METRICS
    if hears:
        case["metrics"] = metrics(r, steps)
    holds_its_rate = library in ("optax", "keras") and not hears
    return case | {"base_lr": None if holds_its_rate else value(r, steps, RATE)}
