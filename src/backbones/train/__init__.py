"""Training: `fit`, one loop for every network of the book, and what surrounds it."""

from backbones.data.imageset import normalize
from backbones.train.augmentation import random_crop, random_flip, standard_augment
from backbones.train.checkpoint import load_checkpoint, save_checkpoint
from backbones.train.device import device_is_fast
from backbones.train.evaluation import Evaluation, evaluate, predict
from backbones.train.history import History
from backbones.train.loop import fit
from backbones.train.optimizers import SCHEDULES
from backbones.train.repetition import repeat

__all__ = [
    "SCHEDULES",
    "Evaluation",
    "History",
    "device_is_fast",
    "evaluate",
    "fit",
    "load_checkpoint",
    "normalize",
    "predict",
    "random_crop",
    "random_flip",
    "repeat",
    "save_checkpoint",
    "standard_augment",
]
