"""Experiment of the SENet chapter: gates that look at the picture, and gates that do not.

Also here: a trained network with gates, small enough to ship.
"""

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from backbones.data import ImageData
from backbones.experiments.experiment import Experiment
from backbones.experiments.shipped import keep_weights, load_weights
from backbones.experiments.vgg import DATA
from backbones.layers import SqueezeExcitation
from backbones.models.resnet import BasicBlock, ResNet, small_stem
from backbones.train.augmentation import standard_augment
from backbones.train.evaluation import evaluate
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.repetition import seeded


class ConstantGates(nn.Module):
    """A learned weight from 0 to 1 for each channel, whatever the picture: (B, C, H, W) -> same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x * self.scores.sigmoid()


def squeezed(channels: int, reduction: int) -> SqueezeExcitation:
    """Squeeze-and-excitation of any reduction: without rounding, at least one hidden channel."""
    return SqueezeExcitation(channels, max(1, channels // reduction))


def gated_resnet(
    num_classes: int,
    gates: Callable[[int], nn.Module] | None = None,
    widths: tuple[int, int, int] = (16, 32, 64),
) -> ResNet:
    """Three stages of two basic blocks, at 16, 8 and 4 pixels.

    Args:
        num_classes: Outputs.
        gates: Called with a block's channels: what ends its residual branch.
        widths: Channels, stage by stage.
    """

    def block(in_channels: int, width: int, stride: int) -> BasicBlock:
        module = BasicBlock(in_channels, width, stride)
        if gates is not None:
            module.residual.append(gates(width))
        return module

    return ResNet(block, (2, 2, 2), num_classes, widths=widths, stem=partial(small_stem, stride=2))


class _Fixed(nn.Module):
    """Gives the same gates for every picture."""

    def __init__(self, gates: Tensor) -> None:
        super().__init__()
        self.register_buffer("gates", gates)

    def forward(self, x: Tensor) -> Tensor:
        return self.gates.expand(len(x), -1, -1, -1)


def with_mean_gates(model: nn.Module, data: ImageData) -> nn.Module:
    """A copy whose gates no longer look: each is its mean over the training pictures.

    Args:
        model: A network with `SqueezeExcitation` in it.
        data: Whose training pictures the means are taken of.
    """
    fixed = copy.deepcopy(model)
    modules = [m for m in fixed.modules() if isinstance(m, SqueezeExcitation)]
    sums: dict[nn.Module, list[Tensor]] = {module: [] for module in modules}
    hooks = [
        module.excite.register_forward_hook(
            lambda _, __, gates, module=module: sums[module].append(gates.detach())
        )
        for module in modules
    ]
    evaluate(fixed, data.train, mean=data.mean, std=data.std)
    for hook in hooks:
        hook.remove()
    for module in modules:
        module.excite = _Fixed(torch.cat(sums[module]).mean(0, keepdim=True))
    return fixed


def accuracy_with_mean_gates(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Validation accuracy when the gates no longer look at the picture; nothing without gates."""
    if not any(isinstance(module, SqueezeExcitation) for module in model.modules()):
        return {}
    fixed = with_mean_gates(model, data)
    return {"accuracy with mean gates": evaluate(fixed, data).accuracy}


GATES = Experiment(
    name="senet_gates",
    question="Does a residual network gain by gates on its channels, must the gates look at the "
    "picture, and how far may their hidden layer be reduced?",
    models={
        "no gates": gated_resnet,
        # As many parameters as with a reduction of 4, and as many MACs, to 0.3 %.
        "no gates, other widths": partial(gated_resnet, widths=(16, 31, 66)),
        "constant gates": partial(gated_resnet, gates=ConstantGates),
        **{
            f"SE, reduction {reduction}": partial(
                gated_resnet, gates=partial(squeezed, reduction=reduction)
            )
            for reduction in (1, 4, 16)
        },
    },
    data=DATA,
    recipe={"epochs": 20, "lr": 5e-3, "augment": standard_augment},
    measure=accuracy_with_mean_gates,
)

EXPERIMENTS = (GATES,)


_TRAINED = "senet_trained.npy"


def _to_train() -> ResNet:
    gates = partial(squeezed, reduction=4)
    return gated_resnet(5, gates, widths=(8, 16, 32))


def trained_gates() -> ResNet:
    """A network half as wide as those of `GATES` that has learned `flowers`, in evaluation mode.

    Reduction 4. It has learned the 2,000 flowers of the experiments by their recipe, and wants
    pictures normalised by the mean and deviation of that set. Its weights lie beside the records,
    in half precision; `keep_trained_gates` makes the file anew.
    """
    return load_weights(_to_train(), _TRAINED)


def keep_trained_gates(folder: Path) -> History:
    """Train that network by the recipe of `GATES`, seed 0, and keep it: 94 KB."""
    model = seeded(_to_train, seed=0)
    history = fit(model, DATA["flowers"](), seed=0, **GATES.recipe)
    keep_weights(model, folder / _TRAINED)
    return history
