"""Data sets: each a training and a validation set of pictures, as bytes in memory.

Offline, in a moment: `flowers` paints them, `digits` and `photos` ship with packages that are
installed anyway. Over the network: `fashion_mnist`, `cifar10` and `flower_photos`, which has the
classes of `flowers`. `d2l_data` hands any of them to the trainer of "Dive into Deep Learning".
"""

from backbones.data.bridge import d2l_data, import_d2l
from backbones.data.downloads import cifar10, fashion_mnist, flower_photos
from backbones.data.imageset import ImageData, ImageSet
from backbones.data.offline import Photos, digits, flowers, photos

__all__ = [
    "ImageData",
    "ImageSet",
    "Photos",
    "cifar10",
    "d2l_data",
    "digits",
    "fashion_mnist",
    "flower_photos",
    "flowers",
    "import_d2l",
    "photos",
]
