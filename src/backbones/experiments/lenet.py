"""Experiments of the LeNet chapter: what batch norm, ReLU, maximum pooling and tanh do to a LeNet.

Also here: a trained LeNet, small enough to ship.
"""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from backbones.data import ImageData, digits, fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.experiments.shipped import keep_weights, load_weights
from backbones.models.lenet import CONFIGS, LeNet
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.repetition import seeded


def plain_sgd(groups: list[dict]) -> torch.optim.Optimizer:
    """Stochastic gradient descent without momentum, as d2l's `Module` has it."""
    return torch.optim.SGD(groups, foreach=True)


def replaced(model: nn.Module, old: type[nn.Module], new) -> nn.Module:
    """The model with every layer of one kind replaced by what ``new()`` gives, in place."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, old):
                setattr(module, name, new())
    return model


def some_lenet(
    num_classes: int,
    batch_norm: bool = False,
    padding: int = 2,
    act: type[nn.Module] = nn.Sigmoid,
    pool: type[nn.Module] = nn.AvgPool2d,
) -> nn.Module:
    """LeNet with another activation or pooling; all start from the weights of the same rule."""
    model = LeNet(num_classes, batch_norm=batch_norm, padding=padding)
    replaced(model, nn.Sigmoid, act)
    return replaced(model, nn.AvgPool2d, partial(pool, 2))


class PixelsAsTheyAre(ImageData):
    """Data whose pixels go into the network as numbers from 0 to 1, neither centred nor scaled."""

    @property
    def mean(self) -> tuple[float, ...]:
        """0 for each channel."""
        return (0.0,) * self.train.images.shape[1]

    @property
    def std(self) -> tuple[float, ...]:
        """1 for each channel."""
        return (1.0,) * self.train.images.shape[1]


def fashion_mnist_as_in_d2l() -> ImageData:
    """Fashion-MNIST with pixels from 0 to 1, as d2l's `FashionMNIST` gives it."""
    data = fashion_mnist()
    name = f"{data.name}, pixels from 0 to 1"
    return PixelsAsTheyAre(data.train, data.validation, name, data.credit)


_FORMS = {"LeNet": CONFIGS["lenet"], "BN-LeNet": CONFIGS["bn_lenet"]}

# d2l's recipe, of its sections 7.6 and 8.5: plain SGD, rate 0.1, batches of 128, 10 epochs. What
# `fit` does besides is to normalise the pictures; on "fashion_mnist_as_in_d2l" it does not.
RECIPE = {
    "epochs": 10,
    "batch_size": 128,
    "optimizer": plain_sgd,
    "lr": 0.1,
    "weight_decay": 0.0,
    "schedule": "constant",
}

LAYERS = Experiment(
    name="lenet_layers",
    question="By d2l's recipe, what do batch norm, ReLU in place of sigmoid, and maximum in place "
    "of average pooling add to a LeNet, one by one and together?",
    models={
        **{
            name + ending: partial(some_lenet, **form, **changes)
            for name, form in _FORMS.items()
            for ending, changes in {
                "": {},
                ", ReLU": {"act": nn.ReLU},
                ", max pooling": {"pool": nn.MaxPool2d},
                ", ReLU, max pooling": {"act": nn.ReLU, "pool": nn.MaxPool2d},
            }.items()
        },
        # d2l's BN-LeNet also leaves out the first padding; here batch norm is all that differs.
        "LeNet with BN": partial(some_lenet, batch_norm=True),
    },
    data={
        "digits": digits,
        "fashion_mnist": fashion_mnist,
        "fashion_mnist_as_in_d2l": fashion_mnist_as_in_d2l,
    },
    recipe=RECIPE,
)


class ScaledSigmoid(nn.Module):
    """gain (σ(x) - centre): any shape -> same.

    Args:
        gain: 4 makes the slope at 0 equal to 1.
        centre: 1/2 makes the value at 0 equal to 0.
    """

    def __init__(self, gain: float = 1.0, centre: float = 0.0) -> None:
        super().__init__()
        self.gain, self.centre = gain, centre

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> same."""
        return self.gain * (torch.sigmoid(x) - self.centre)


class LeCunTanh(nn.Module):
    """1.7159 tanh(2x / 3), the activation of the paper's appendix A: any shape -> same."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> same."""
        return 1.7159 * torch.tanh(2 / 3 * x)


# What batch norm does in front of a sigmoid is to centre and to scale. Here the sigmoid itself is
# centred (0 at 0), made steep (slope 1 at 0, as the identity's), or both.
SIGMOIDS = Experiment(
    name="lenet_sigmoids",
    question="By d2l's recipe, without batch norm: does a LeNet learn if its sigmoid is centred, "
    "if it is made steep, or with the paper's own tanh?",
    models={
        "sigmoid": some_lenet,
        "sigmoid, centred": partial(some_lenet, act=partial(ScaledSigmoid, centre=0.5)),
        "sigmoid, steep": partial(some_lenet, act=partial(ScaledSigmoid, gain=4)),
        "sigmoid, centred and steep": partial(
            some_lenet, act=partial(ScaledSigmoid, gain=4, centre=0.5)
        ),
        "the paper's tanh": partial(some_lenet, act=LeCunTanh),
    },
    data={"digits": digits},
    recipe=RECIPE,
)

EXPERIMENTS = (LAYERS, SIGMOIDS)


_TRAINED = "lenet_trained.npy"


def _to_train() -> LeNet:
    return some_lenet(10, act=nn.ReLU, pool=nn.MaxPool2d)


def trained_lenet() -> LeNet:
    """A LeNet with ReLU and maximum pooling that has learned `digits`, in evaluation mode.

    Its pictures are normalised by the mean and deviation of that set, of which it gets 96.4 % of
    the validation pictures right. Its weights lie beside the records, in half precision;
    `keep_trained_lenet` makes the file anew.
    """
    return load_weights(_to_train(), _TRAINED)


def keep_trained_lenet(folder: Path) -> History:
    """Train that network by the recipe of the experiments, seed 0, and keep it: 124 KB."""
    model = seeded(_to_train, seed=0)
    history = fit(model, digits(), seed=0, **RECIPE)
    keep_weights(model, folder / _TRAINED)
    return history
