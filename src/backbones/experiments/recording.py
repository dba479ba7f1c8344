"""Running experiments: the whole, into a record, or a slice of it, beside the record."""

import datetime
import html
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

import torch
from filelock import FileLock
from torch import nn

import backbones
from backbones.data.cache import cache_folder
from backbones.data.imageset import ImageData
from backbones.experiments import records
from backbones.experiments.catalogue import find
from backbones.experiments.experiment import Experiment
from backbones.experiments.records import Record, Run
from backbones.profile import profile
from backbones.train.device import device_name
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.repetition import seeded


def load(name: str, *, data: str | None = None, folder: Path | None = None) -> Record:
    """The record of an experiment that ships with the package.

    Args:
        name: One of `names()`.
        data: Which of the experiment's data sets; by default its first.
        folder: Where the record lies, if not in the package.

    Raises:
        ValueError: If there is no such experiment or data set, or the record is not whole, not of
            this version, or of another recipe.
        FileNotFoundError: If nothing was recorded yet.
    """
    experiment = find(name)
    path = _path(experiment, data, folder)
    if not path.is_file():
        raise FileNotFoundError(
            f"{name!r} has no record yet: run `{_command(experiment, data)}`, which makes one"
        )
    return records.read(path, experiment)


def record(
    name: str,
    *,
    seeds: Sequence[int] | None = None,
    variants: Sequence[str] | None = None,
    data: str | None = None,
    folder: Path | None = None,
) -> Iterator[str]:
    """Run what is missing in the record of an experiment, and add it, run by run.

    What is in the record is left as it is. An interrupted run goes on where it was, the next time.

    Args:
        name: One of `names()`.
        seeds: By default the experiment's.
        variants: By default all.
        data: Which of the experiment's data sets; by default its first.
        folder: Where the record lies, if not in the package.

    Yields:
        A line after each run: what came out, and how long the rest will take.

    Raises:
        ValueError: If a name is unknown, or a record that is there is not to be added to.
    """
    experiment = find(name)
    variants = list(experiment.models) if variants is None else list(variants)
    for variant in variants:
        experiment.arguments(variant)  # refuses unknown ones before anything runs
    seeds = list(experiment.seeds) if seeds is None else list(seeds)
    path = _path(experiment, data, folder)
    done = set()
    if path.is_file():
        done = {(run.variant, run.seed) for run in records.read(path, experiment).all_runs}
    missing = [(v, s) for s in seeds for v in variants if (v, s) not in done]
    if not missing:
        yield f"{path.name} holds all of these runs already"
        return
    chosen = experiment.data[_data_name(experiment, data)]()
    costs = {v: profile(build(experiment, v, chosen, 0), _shape(chosen)) for v, _ in missing}
    work = [costs[v].macs * experiment.arguments(v)["epochs"] for v, _ in missing]
    started = time.perf_counter()
    for index, (variant, seed) in enumerate(missing):
        run = _train(experiment, variant, seed, chosen, costs[variant])
        _add(path, experiment, chosen, run)
        passed = time.perf_counter() - started
        left = passed / sum(work[: index + 1]) * sum(work[index + 1 :])
        ending = run.stopped or (
            f"training loss {run.final('train_loss'):.3f}, "
            f"validation accuracy {run.final('validation_accuracy'):.1%}"
        )
        yield (
            f"{variant}, seed {seed}: {ending} ({index + 1} of {len(missing)} runs, about "
            f"{left / 60:.0f} min left)"
        )


@dataclass(frozen=True)
class Slice:
    """The beginning of a recorded run, trained anew, beside what was recorded.

    Attributes:
        live: What was measured now.
        recorded: The run of the record.
        model: As it is after the live epochs.
    """

    live: History
    recorded: Run
    model: nn.Module

    def difference(self, quantity: str = "train_loss") -> float:
        """Largest difference between the live run and the record, over the epochs of both."""
        pairs = zip(
            getattr(self.live, quantity), getattr(self.recorded.history, quantity), strict=False
        )
        return max(abs(live - recorded) for live, recorded in pairs)

    def __str__(self) -> str:
        lines = ["       training loss      validation accuracy"]
        lines += ["epoch   live  recorded      live  recorded"]
        live, then = self.live, self.recorded.history
        for epoch in range(len(live)):
            loss = f"{live.train_loss[epoch]:6.3f} {then.train_loss[epoch]:9.3f}"
            accuracy = live.validation_accuracy[epoch], then.validation_accuracy[epoch]
            lines.append(f"{epoch + 1:5} {loss} {accuracy[0]:9.1%} {accuracy[1]:9.1%}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Slice of {self.recorded.variant}, seed {self.recorded.seed}: {self.live!r}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def rerun(name: str, variant: str, seed: int = 0, *, epochs: int) -> Slice:
    """Train the first epochs of a recorded run anew, by the recipe of the whole.

    Raises:
        ValueError: If the experiment, the variant or the seed is unknown, or ``epochs`` is not
            from 1 to as many as the recipe has.
    """
    experiment = find(name)
    most = experiment.arguments(variant)["epochs"]
    recorded = load(name).run(variant, seed)
    if isinstance(epochs, bool) or not isinstance(epochs, int) or not 1 <= epochs <= most:
        raise ValueError(f"epochs must be from 1 to {most}, those of the recipe, got {epochs!r}")
    data = experiment.data[_data_name(experiment, None)]()
    model = build(experiment, variant, data, seed)
    history = fit(model, data, seed=seed, stop_after=epochs, **experiment.arguments(variant))
    return Slice(history, recorded, model)


def build(experiment: Experiment, variant: str, data: ImageData, seed: int) -> nn.Module:
    """A variant's network with the initial weights of a seed."""
    return seeded(partial(experiment.models[variant], len(data.train.classes)), seed)


def _train(experiment: Experiment, variant: str, seed: int, data: ImageData, cost: object) -> Run:
    model = build(experiment, variant, data, seed)
    name = f"{experiment.name}-{data.name}-{variant}-{seed}".replace("/", "-").replace(" ", "-")
    aside = cache_folder() / "experiments" / f"{name}.pt"
    aside.parent.mkdir(parents=True, exist_ok=True)
    history, stopped = History(), ""
    seen: list[History] = []
    try:
        history = fit(
            model,
            data,
            seed=seed,
            checkpoint=aside,
            after_epoch=seen.append,
            **experiment.arguments(variant),
        )
    except FloatingPointError as error:
        history = seen[-1] if seen else History()
        stopped = str(error).partition(". ")[0]
    trace, measure = experiment.trace, experiment.measure
    run = Run(
        variant,
        seed,
        history,
        cost.parameters,
        cost.macs,
        device_name(),
        f"Python {platform.python_version()}, torch {torch.__version__.partition('+')[0]}, "
        f"backbones {backbones.__version__}",
        datetime.date.today().isoformat(),
        stopped,
        dict(trace(history)) if trace and len(history) else {},
        dict(measure(model, data)) if measure and not stopped else {},
    )
    aside.unlink(missing_ok=True)
    return run


def _add(path: Path, experiment: Experiment, data: ImageData, run: Run) -> None:
    """Add a run to a record; another process may have added others meanwhile."""
    lock = cache_folder() / "experiments" / f"{path.name}.lock"
    with FileLock(lock):
        runs = list(records.read(path, experiment).all_runs) if path.is_file() else []
        runs = [r for r in runs if (r.variant, r.seed) != (run.variant, run.seed)] + [run]
        order = list(experiment.models)
        runs.sort(key=lambda r: (order.index(r.variant), r.seed))
        records.write(path, Record(experiment, data.name, tuple(runs)))


def _shape(data: ImageData) -> tuple[int, ...]:
    return tuple(data.train.images.shape[1:])


def _data_name(experiment: Experiment, data: str | None) -> str:
    if data is None:
        return next(iter(experiment.data))
    if data not in experiment.data:
        raise ValueError(f"data must be one of {', '.join(experiment.data)}, got {data!r}")
    return data


def _path(experiment: Experiment, data: str | None, folder: Path | None) -> Path:
    """The record of the first data set is called after the experiment, others name the data."""
    name = _data_name(experiment, data)
    ending = "" if name == next(iter(experiment.data)) else f"-{name}"
    where = Path(str(files("backbones.experiments"))) / "results" if folder is None else folder
    return where / f"{experiment.name}{ending}.csv"


def _command(experiment: Experiment, data: str | None) -> str:
    return f"python -m backbones experiment {experiment.name}" + (f" --data {data}" if data else "")
