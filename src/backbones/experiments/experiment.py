"""What an experiment is: networks to compare, data, and one recipe."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from backbones.data.imageset import ImageData
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.settings import name_of

# Arguments of `fit` that belong to one run and not to the recipe.
_OF_A_RUN = {"model", "data", "seed", "checkpoint", "stop_after", "after_epoch", "progress"}


@dataclass(frozen=True)
class Experiment:
    """Networks trained on the same data by the same recipe, each from several seeds.

    Attributes:
        name: What the command and the record are called.
        question: What the comparison answers, in a sentence.
        models: By name of the variant: called with the number of classes, gives a fresh model.
        data: By name: what the models can be trained on. The first is the one that is recorded.
        recipe: Arguments of `backbones.train.fit`, ``epochs`` among them.
        seeds: Those that are run by default. A seed sets the initial weights and the order.
        options: By name of a variant: arguments of `fit` that take the place of the recipe's.
        trace: Called with a run's history; gives further columns, a number for each epoch.
        measure: Called with a trained model and the data; gives numbers to keep, by name.
    """

    name: str
    question: str
    models: Mapping[str, Callable[[int], nn.Module]]
    data: Mapping[str, Callable[[], ImageData]]
    recipe: Mapping[str, Any]
    seeds: Sequence[int] = (0, 1, 2)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trace: Callable[[History], Mapping[str, Sequence[float]]] | None = None
    measure: Callable[[nn.Module, ImageData], Mapping[str, float]] | None = None

    def arguments(self, variant: str) -> dict[str, Any]:
        """The arguments of `fit` for a variant.

        Raises:
            ValueError: If there is no such variant.
        """
        if variant not in self.models:
            known = ", ".join(map(repr, self.models))
            raise ValueError(f"variant must be one of {known} in {self.name!r}, got {variant!r}")
        return {**self.recipe, **self.options.get(variant, {})}

    def settings(self, variant: str) -> dict[str, Any]:
        """All settings of a variant's run, `fit`'s defaults included, as they are written down."""
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(fit).parameters.items()
            if name not in _OF_A_RUN and parameter.default is not inspect.Parameter.empty
        }
        return {k: name_of(v) for k, v in sorted({**defaults, **self.arguments(variant)}.items())}
