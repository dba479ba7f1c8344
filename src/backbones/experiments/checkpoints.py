"""Experiment of the chapter on devices and precision: training in 16 bits."""

from functools import partial

from backbones.experiments.experiment import Experiment
from backbones.experiments.vgg import DATA, small_vgg, two_3x3
from backbones.train.augmentation import standard_augment

# Half the usual bits are torch's bfloat16: float32's range, with 8 significant bits for 24.
PRECISION = Experiment(
    name="precision",
    question="Does a network whose convolutions compute in bfloat16 train as well as one in "
    "float32?",
    models={
        name: partial(small_vgg, stage=two_3x3, widths=(8, 16, 32))
        for name in ("float32", "bfloat16")
    },
    data=DATA,
    recipe={"epochs": 30, "lr": 5e-3, "augment": standard_augment, "mixed_precision": "no"},
    options={"bfloat16": {"mixed_precision": "bf16"}},
    seeds=(0, 1, 2, 3, 4),
)

EXPERIMENTS = (PRECISION,)
