"""Class activation maps: where a network sees a class, without any training of its own.

Zhou et al., "Learning Deep Features for Discriminative Localization", arXiv:1512.04150.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from backbones.layers import Backbone, Classifier


def class_activation_maps(model: Backbone, images: Tensor) -> Tensor:
    """What each position says for each class: (B, C, H, W) -> (B, num_classes, H', W').

    A network that ends in a mean over all positions and one dense layer computes a class's score
    as s = b + Σ_k w_k · mean f_k. The mean and the sum may change places: the map is
    M(x, y) = b + Σ_k w_k f_k(x, y), and its mean is the score.

    Args:
        model: In evaluation mode; its head is a `Classifier`, or ends in one.
        images: As for the model.

    Raises:
        ValueError: If the model ends otherwise.
    """
    before, last = nn.Sequential(), model.head
    if isinstance(last, nn.Sequential) and not isinstance(last, Classifier):
        before, last = last[:-1], last[-1]
    if not isinstance(last, Classifier):
        raise ValueError(
            f"model must end in a mean and one dense layer, got {type(model).__name__}, whose "
            f"head ends in {type(last).__name__}"
        )
    maps, dense = before(model.forward_features(images)[-1]), last[-1]
    return F.conv2d(maps, dense.weight[:, :, None, None], dense.bias)


def highlighted(pictures: Tensor, maps: Tensor) -> Tensor:
    """Pictures that are dark where a map is low: uint8 (B, C, H, W), maps (B, H', W').

    Each map's own range is stretched from its lowest value to its highest.
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    light = ((maps - low) / (high - low).clamp(min=1e-12))[:, None]
    light = F.interpolate(light, pictures.shape[-2:], mode="bilinear", align_corners=False)
    return (pictures * (0.2 + 0.8 * light)).byte()
