"""Experiment of the LeNet chapter: what batch norm, ReLU and maximum pooling add to a LeNet."""

from functools import partial

import torch
from torch import nn

from backbones.data import ImageData, digits, fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.models.lenet import CONFIGS, LeNet


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
    recipe={
        "epochs": 10,
        "batch_size": 128,
        "optimizer": plain_sgd,
        "lr": 0.1,
        "weight_decay": 0.0,
        "schedule": "constant",
    },
)

EXPERIMENTS = (LAYERS,)
