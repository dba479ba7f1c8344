"""Records of experiments: one file for each, that says what was run, where, and what came out.

A record is a CSV file with a row for each epoch of each run. Above the rows, lines that begin with
``#`` hold the recipe and, for each run, what it ran on and what it cost; the first of them holds a
checksum of all the rest. A record that was cut off or changed by hand is refused.
"""

import csv
import io
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backbones.experiments.experiment import Experiment
from backbones.files import written_aside
from backbones.tables import html_table
from backbones.train.history import History
from backbones.train.settings import in_words, name_of

VERSION = 1
_MOST_TOLD = 20  # variants whose options are told one by one
_COLUMNS = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "gradient_norm",
    "seconds",
)


@dataclass(frozen=True)
class Run:
    """One training run of a record.

    Attributes:
        variant: Which of the experiment's networks.
        seed: Of its initial weights and of the order of the pictures.
        history: What `fit` measured, epoch by epoch.
        parameters: Of the network.
        macs: Multiplications with addition for one picture.
        device: Processor or GPU that the run was made on.
        versions: Of Python, torch and this package.
        date: Day on which the run ended.
        stopped: What ended the run early, such as a loss that became infinite; else empty.
        traced: Further numbers by epoch.
        measured: Further numbers of the trained network.
    """

    variant: str
    seed: int
    history: History
    parameters: int
    macs: int
    device: str
    versions: str
    date: str
    stopped: str = ""
    traced: Mapping[str, Sequence[float]] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)

    def final(self, quantity: str) -> float:
        """A quantity of the last epoch; not a number if the run was stopped by a broken loss.

        Raises:
            ValueError: If the run has no such quantity.
        """
        columns = {**{name: getattr(self.history, name) for name in _COLUMNS}, **self.traced}
        if quantity not in columns:
            raise ValueError(f"quantity must be one of {', '.join(columns)}, got {quantity!r}")
        return math.nan if self.stopped else columns[quantity][-1]


@dataclass(frozen=True)
class Record:
    """What is known of an experiment: its runs, in the order of its variants and seeds."""

    experiment: Experiment
    data: str
    all_runs: tuple[Run, ...]

    @property
    def variants(self) -> list[str]:
        """Names of the variants of which there are runs."""
        return list(dict.fromkeys(run.variant for run in self.all_runs))

    def runs(self, variant: str) -> list[Run]:
        """All runs of a variant.

        Raises:
            ValueError: If there is none.
        """
        found = [run for run in self.all_runs if run.variant == variant]
        if not found:
            raise ValueError(
                f"variant must be one of {', '.join(map(repr, self.variants))}, got {variant!r}"
            )
        return found

    def run(self, variant: str, seed: int) -> Run:
        """One run.

        Raises:
            ValueError: If it is not in the record.
        """
        seeds = {run.seed: run for run in self.runs(variant)}
        if seed not in seeds:
            raise ValueError(
                f"seed must be one of {', '.join(map(str, seeds))} for {variant!r}, got {seed!r}; "
                f"`python -m backbones experiment {self.experiment.name} --variants {variant} "
                f"--seeds {seed}` would add it"
            )
        return seeds[seed]

    def histories(self, variants: Iterable[str] | None = None) -> dict[str, list[History]]:
        """Histories of all runs, by variant: what `backbones.plots.seed_curves` draws."""
        chosen = self.variants if variants is None else variants
        return {variant: [run.history for run in self.runs(variant)] for variant in chosen}

    def final(self, quantity: str = "validation_accuracy") -> dict[str, list[float]]:
        """A quantity after the last epoch: one number for each seed, by variant."""
        return {v: [run.final(quantity) for run in self.runs(v)] for v in self.variants}

    def measured(self, name: str) -> dict[str, list[float]]:
        """A measured number: one for each seed, by variant that has it."""
        return {
            v: [run.measured[name] for run in self.runs(v)]
            for v in self.variants
            if all(name in run.measured for run in self.runs(v))
        }

    def __repr__(self) -> str:
        return f"<Record of {self.experiment.name}: {len(self.all_runs)} runs>"

    def _repr_html_(self) -> str:
        label = f"How {self.experiment.name} was recorded"
        attributes = {"class": "bb-record", "aria-label": label}
        return html_table(self._facts().items(), attributes=attributes)

    def _facts(self) -> dict[str, str]:
        """What the runs have in common, in words."""
        recipe = {k: name for k, name in self.experiment.settings(self.variants[0]).items() if name}
        skipped = {"auxiliary_weight", "epochs", "optimizer", "lr", "batch_size", "schedule"}
        rest = [f"{k.replace('_', ' ')} {v}" for k, v in recipe.items() if k not in skipped]
        seeds = sorted({run.seed for run in self.all_runs})
        dates = sorted(run.date for run in self.all_runs)
        main = (
            f"{recipe['epochs']} epochs of {recipe['optimizer']}, learning rate {recipe['lr']:g} "
            f"({recipe['schedule']}), batches of {recipe['batch_size']}"
        )
        facts = {
            "Question": self.experiment.question,
            "Data": self.data,
            "Recipe": ", ".join([main, *rest]),
            "Runs": f"{len(self.all_runs)}: {len(self.variants)} networks, seeds "
            + ", ".join(map(str, seeds)),
            "Run on": "; ".join(sorted({run.device for run in self.all_runs})),
            "With": "; ".join(sorted({run.versions for run in self.all_runs})),
            "Date": dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}",
        }
        differing = {v: o for v, o in self.experiment.options.items() if v in self.variants}
        changed = [f"{variant}: {_listed(options)}" for variant, options in differing.items()]
        if len(changed) > _MOST_TOLD:  # then the values in use, since names tell which is whose
            values: dict[str, dict[object, None]] = {}
            for options in differing.values():
                for option, value in options.items():
                    values.setdefault(option, {})[name_of(value)] = None
            changed = [f"{k.replace('_', ' ')} {', '.join(map(str, v))}" for k, v in values.items()]
        if changed:
            facts["Differs"] = "; ".join(changed)
        return facts


def _listed(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {name_of(v)}" for k, v in options.items())


def write(path: Path, record: Record) -> None:
    """Write a record, whole or not at all."""
    body = _dumps(record)
    text = f"# backbones record {VERSION}, checksum {zlib.crc32(body.encode()):08x}\n{body}"
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def read(path: Path, experiment: Experiment) -> Record:
    """Read the record of an experiment.

    Raises:
        ValueError: If the file was cut off or changed by hand, is no record, was written by
            another version, or is of another experiment, or of other recipes than today's.
    """
    text = path.read_bytes().decode(errors="replace")
    first, _, body = text.partition("\n")
    words = first.split()
    if words[:3] != ["#", "backbones", "record"] or len(words) != 6:
        raise ValueError(f"{path.name} must be a record of an experiment, it begins {first[:60]!r}")
    version = words[3].rstrip(",")
    if version != str(VERSION):
        raise ValueError(
            f"{path.name} must be a record of version {VERSION}, it is of version {version}: "
            f"{_again(experiment)}"
        )
    if words[5] != f"{zlib.crc32(body.encode()):08x}":
        raise ValueError(
            f"{path.name} was cut off or changed after it was written, so its numbers cannot be "
            f"relied on: take it from the repository again, or {_again(experiment)}"
        )
    record = _loads(body, experiment)
    for run in record.all_runs:
        if len(run.history) != experiment.recipe["epochs"] and not run.stopped:
            raise ValueError(
                f"{path.name} must hold {experiment.recipe['epochs']} epochs of {run.variant!r} "
                f"with seed {run.seed}, it holds {len(run.history)}: {_again(experiment)}"
            )
    return record


def _again(experiment: Experiment) -> str:
    return f"remove it and run `python -m backbones experiment {experiment.name}`"


def _dumps(record: Record) -> str:
    out = io.StringIO()
    experiment = record.experiment
    heading = {
        "experiment": experiment.name,
        "data": record.data,
        "settings": {v: experiment.settings(v) for v in record.variants},
    }
    out.write(f"# {json.dumps(heading, ensure_ascii=False)}\n")
    for run in record.all_runs:
        facts = {
            name: getattr(run, name)
            for name in ("variant", "seed", "parameters", "macs", "device", "versions", "date")
        }
        if run.stopped:
            facts["stopped"] = run.stopped
        if run.measured:
            facts["measured"] = {k: _short(v) for k, v in run.measured.items()}
        out.write(f"# {json.dumps(facts, ensure_ascii=False)}\n")
    traced = list(dict.fromkeys(name for run in record.all_runs for name in run.traced))
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["variant", "seed", "epoch", *_COLUMNS, *traced])
    for run in record.all_runs:
        columns = [getattr(run.history, name) for name in _COLUMNS]
        columns += [run.traced.get(name, [""] * len(run.history)) for name in traced]
        for epoch, values in enumerate(zip(*columns, strict=True), start=1):
            rows.writerow([run.variant, run.seed, epoch, *map(_short, values)])
    return out.getvalue()


def _loads(body: str, experiment: Experiment) -> Record:
    lines = body.splitlines()
    comments = [json.loads(line[2:]) for line in lines if line.startswith("# ")]
    heading, facts = comments[0], comments[1:]
    if heading["experiment"] != experiment.name:
        raise ValueError(
            f"the record must be of {experiment.name!r}, it is of {heading['experiment']!r}"
        )
    for variant, theirs in heading["settings"].items():
        if variant not in experiment.models:
            raise ValueError(
                f"the record holds {variant!r}, which {experiment.name!r} no longer compares: "
                f"{_again(experiment)}"
            )
        ours = experiment.settings(variant)
        differing = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
        if differing:
            raise ValueError(
                f"the record of {experiment.name!r} is of another recipe for {variant!r}: it was "
                f"made with {in_words(theirs, differing)}, today's recipe has "
                f"{in_words(ours, differing)}; {_again(experiment)}"
            )
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    by_run: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in rows:
        by_run.setdefault((row["variant"], int(row["seed"])), []).append(row)
    runs = [_run(fact, by_run.get((fact["variant"], fact["seed"]), [])) for fact in facts]
    return Record(experiment, heading["data"], tuple(runs))


def _run(facts: dict[str, Any], rows: list[dict[str, str]]) -> Run:
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else _COLUMNS)}
    history = History(**{name: [float(x) for x in columns[name]] for name in _COLUMNS})
    traced = {
        name: [float(x) for x in values]
        for name, values in columns.items()
        if name not in (*_COLUMNS, "variant", "seed", "epoch") and all(values) and values
    }
    return Run(history=history, traced=traced, **facts)


def _short(value: float | str) -> float | str:
    """Six digits are more than a measured number deserves."""
    return value if isinstance(value, str) else float(f"{value:.6g}")
