"""Tables, listings and sheets of pictures that objects of the package show of themselves."""

from torch import nn

from backbones import data, experiments
from backbones.models.vgg import VGGStage
from backbones.profile import Profile, profile
from backbones.source import Source
from backbones.train import History


def profile_table() -> Profile:
    """A profile: every layer of a network."""
    return profile("resnet18")


def profile_of_stages() -> Profile:
    """A profile: few rows."""
    return profile("vgg16", depth=1)


def record() -> experiments.Record:
    """How an experiment was recorded."""
    return experiments.load("resnet_depth")


def rerun_slice() -> experiments.Slice:
    """The beginning of a recorded run, trained anew."""
    run = experiments.load("vgg_depth").all_runs[0]
    live = History(*([x[:2] for x in (run.history.train_loss, run.history.train_accuracy,
                                      run.history.validation_loss,
                                      run.history.validation_accuracy)]))  # fmt: skip
    return experiments.Slice(live, run, nn.Identity())


def history() -> History:
    """A run by epoch."""
    return History(
        train_loss=[1.61, 1.2, 0.84],
        train_accuracy=[0.31, 0.5, 0.71],
        validation_loss=[1.55, 1.25, 1.02],
        validation_accuracy=[0.34, 0.48, 0.62],
        seconds=[12.3, 11.9, 12.0],
        gradient_norm=[2.1, 3.4, 12.0],
    )


def source() -> Source:
    """The package's source."""
    return Source(VGGStage)


def data_set() -> data.ImageData:
    """A data set."""
    return data.flowers()


def pictures() -> data.ImageSet:
    """Pictures of few pixels and their classes."""
    some = data.digits(8).validation
    return data.ImageSet(some.images, some.labels, some.classes)


def photographs() -> data.Photos:
    """Photographs and whose they are."""
    return data.photos()
