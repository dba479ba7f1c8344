"""EfficientNet-Lite: EfficientNet for phones, by its authors (2020, no paper).

github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. No squeeze and excitation,
which phones' processors are slow at; ReLU6 for swish, which survives 8-bit arithmetic better; and
stem and head stay as they are when the rest is scaled.

With TensorFlow's padding, as the trained weights need it. timm calls these tf_efficientnet_lite*;
its efficientnet_lite* pad symmetrically: the same weights fit there, and give wrong answers.
Batch norm has TensorFlow's epsilon and, as in timm, PyTorch's momentum.
"""

from collections import OrderedDict
from functools import partial

from torch import nn

from backbones.layers import ConvNormAct, SamePadding, relu6
from backbones.models.efficientnet import Blueprint, Config, EfficientNet, build


def same_conv(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, **options: object
) -> nn.Sequential:
    """`ConvNormAct` with TensorFlow's padding: (B, in, H, W) -> (B, out, ceil(H / S), ceil(W / S)).

    At stride 1 an odd kernel is padded alike on both sides, and the two are the same.
    """
    options = {"norm": partial(nn.BatchNorm2d, eps=1e-3), "act": relu6, **options}
    if stride == 1 or kernel_size == 1:
        return ConvNormAct(in_channels, out_channels, kernel_size, stride, **options)
    parts = ConvNormAct(in_channels, out_channels, kernel_size, stride, padding=0, **options)
    pad = SamePadding(kernel_size, stride)
    return nn.Sequential(OrderedDict(pad=pad, **dict(parts.named_children())))


LITE = Blueprint(conv=same_conv, squeeze=False, scale_ends=False)

# The authors' code.
CONFIGS = {
    "efficientnet_lite0": Config(1.0, 1.0, 224, 0.2, LITE),
    "efficientnet_lite1": Config(1.0, 1.1, 240, 0.2, LITE),
    "efficientnet_lite2": Config(1.1, 1.2, 260, 0.3, LITE),
}


def efficientnet_lite0(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Of b0's width and depth: 16 blocks."""
    return build(CONFIGS["efficientnet_lite0"], num_classes, in_channels)


def efficientnet_lite1(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """Deeper: 21 blocks."""
    return build(CONFIGS["efficientnet_lite1"], num_classes, in_channels)


def efficientnet_lite2(num_classes: int = 1000, in_channels: int = 3) -> EfficientNet:
    """21 blocks, 1.1 as wide."""
    return build(CONFIGS["efficientnet_lite2"], num_classes, in_channels)
