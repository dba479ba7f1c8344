"""Experiment of the chapter on Inception v4: residual modules, and what their sum is scaled by."""

from functools import partial

from torch import Tensor, nn

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA
from backbones.layers import Classifier, init_he
from backbones.models.inception_parts import normed_conv
from backbones.models.inception_v4 import ScaledResidual
from backbones.train.augmentation import standard_augment


class NoResidual(ScaledResidual):
    """The same module without the sum: H(x) = ReLU(F(x))."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.act(self.expand(self.branches(x)))


# The branches at 35x35 of Inception-ResNet v1, Figure 10 of arXiv:1602.07261, at a quarter of their
# width: 1x1, 3x3, two 3x3.
_BRANCHES = [[(8, 1)], [(8, 1), (8, 3)], [(8, 1), (8, 3), (8, 3)]]


def inception_resnet(
    num_classes: int, scale: float, kind=ScaledResidual, width: int = 64, depth: int = 8
) -> nn.Sequential:
    """A stem, and a number of modules at 8 x 8 positions.

    Args:
        num_classes: Outputs.
        scale: Of what each module adds.
        kind: The module.
        width: Channels of the maps that are summed.
        depth: How many modules there are.
    """
    modules = [kind(width, 1.0, _BRANCHES, scale) for _ in range(depth)]
    stem = normed_conv(3, 32, 3, 2), normed_conv(32, width, 3, 2)
    model = nn.Sequential(*stem, *modules, Classifier(width, num_classes))
    init_he(model)
    return model


_SCALES = (0.1, 0.3, 1.0)
_RATES = (0.1, 1.0, 3.0)
_KINDS = {
    **{f"scale {scale:g}": {"scale": scale} for scale in _SCALES},
    "no sum": {"scale": 1.0, "kind": NoResidual},
}

# The rates: one at which a scale of 1 did well in a pilot, one at which 0.3 did better, and one
# that is higher still.
SCALES = Experiment(
    name="inception_v4_scales",
    question="Do modules of Inception-ResNet need their residual scaled down, and do they need the "
    "sum at all, at a learning rate that suits them and at higher ones?",
    models={
        f"{name}, rate {rate:g}": partial(inception_resnet, **options)
        for rate in _RATES
        for name, options in _KINDS.items()
    },
    data=DATA,
    recipe={
        "epochs": 15,
        "optimizer": "sgd",
        "weight_decay": 1e-4,
        "augment": standard_augment,
    },
    options={f"{name}, rate {rate:g}": {"lr": rate} for rate in _RATES for name in _KINDS},
)

EXPERIMENTS = (SCALES,)
