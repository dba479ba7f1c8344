"""Data sets: each a training and a validation set of pictures, as bytes in memory.

Offline, in a moment: `flowers` paints them, `digits` and `photos` ship with packages that are
installed anyway. Over the network: `fashion_mnist`, `cifar10` and `flower_photos`, which has the
classes of `flowers`.
"""

from backbones.data.downloads import cifar10, fashion_mnist, flower_photos
from backbones.data.imageset import ImageData, ImageSet
from backbones.data.offline import Photos, digits, flowers, photos

__all__ = [
    "ImageData",
    "ImageSet",
    "Photos",
    "cifar10",
    "digits",
    "fashion_mnist",
    "flower_photos",
    "flowers",
    "photos",
]
