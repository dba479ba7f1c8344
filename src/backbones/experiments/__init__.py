"""Experiments that are recorded: run by a command, kept with every seed, read by the chapters.

    python -m backbones experiment resnet_depth

trains what the experiment compares and adds each run to its record, a file that ships with the
package. A chapter loads the record, draws it, and repeats the beginning of one run to see that it
still comes out the same:

    record = load("resnet_depth")
    slice_ = rerun("resnet_depth", "plain-20", epochs=2)

Each module here holds the experiments of one chapter.
"""

from backbones.experiments.catalogue import find, names
from backbones.experiments.experiment import Experiment
from backbones.experiments.recording import Slice, load, record, rerun
from backbones.experiments.records import Record, Run

__all__ = ["Experiment", "Record", "Run", "Slice", "find", "load", "names", "record", "rerun"]
