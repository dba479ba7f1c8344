"""LeNet: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 1998.

The form that is taught today, as in "Dive into Deep Learning" (d2l): `lenet`, and `bn_lenet` with
batch norm, arXiv:1502.03167, before every sigmoid.

Departs from the paper's LeNet-5: sigmoids in place of scaled hyperbolic tangents; plain average
pooling, where the paper's has a weight and a bias a channel; every map of the second convolution
sees all six maps below, where the paper's Table I leaves some connections out; ten dense outputs
in place of distances to drawn prototypes of the digits. `lenet` pads MNIST's 28x28 images to the
paper's 32x32; d2l's `bn_lenet` does not.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from backbones.arithmetic import conv_output_size
from backbones.checks import check_positive
from backbones.layers import Backbone, ConvNormAct


class PoolTo(nn.AdaptiveAvgPool2d):
    """Averages to a fixed size, and takes no time if a map has it: (B, C, H, W) -> (B, C, N, N)."""

    def forward(self, x: Tensor) -> Tensor:
        # A trace has to work for other sizes, too.
        if not torch.jit.is_tracing() and x.shape[2:] == (self.output_size, self.output_size):
            return x
        return super().forward(x)


def dense(
    in_features: int, out_features: int, norm: Callable[[int], nn.Module] | None
) -> nn.Sequential:
    """Dense layer, batch norm if given, sigmoid: (B, in_features) -> (B, out_features)."""
    norms = [norm(out_features)] if norm else []
    return nn.Sequential(nn.Linear(in_features, out_features), *norms, nn.Sigmoid())


class LeNet(Backbone):
    """Two 5x5 convolutions, each average-pooled, then three dense layers.

    The first dense layer is made for the last map of an image of ``image_size``; of other images,
    that map is averaged to its size.

    Args:
        num_classes: Outputs.
        in_channels: Channels of the images.
        image_size: Height and width of the images.
        batch_norm: Whether a batch norm stands before every sigmoid.
        padding: Of the first convolution; 2 keeps the image's size.

    Raises:
        ValueError: If the images are too small for the two convolutions.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 28,
        batch_norm: bool = False,
        padding: int = 2,
    ) -> None:
        check_positive(num_classes=num_classes)
        norm_2d, norm_1d = (nn.BatchNorm2d, nn.BatchNorm1d) if batch_norm else (None, None)
        stages = []
        channels, size = in_channels, image_size
        for width, pad in ((6, padding), (16, 0)):
            conv = ConvNormAct(
                channels, width, 5, padding=pad, bias=True, norm=norm_2d, act=nn.Sigmoid
            )
            stages.append(nn.Sequential(conv, nn.AvgPool2d(2)))
            channels = width
            size = conv_output_size(conv_output_size(size, 5, padding=pad), 2, stride=2)
        head = nn.Sequential(
            PoolTo(size),
            nn.Flatten(),  # (B, 16, size, size) -> (B, 16 size²)
            dense(16 * size**2, 120, norm_1d),
            dense(120, 84, norm_1d),
            nn.Linear(84, num_classes),
        )
        super().__init__(nn.Identity(), stages, head, in_channels)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                # As d2l does: Glorot and Bengio's rule, for sigmoids; He's is for ReLU.
                nn.init.xavier_uniform_(module.weight)


# d2l 1.0: section 7.6, LeNet; section 8.5, its batch-normalised form.
CONFIGS = {
    "lenet": {"batch_norm": False, "padding": 2},
    "bn_lenet": {"batch_norm": True, "padding": 0},
}


def lenet(num_classes: int = 10, in_channels: int = 1, image_size: int = 28) -> LeNet:
    """d2l's LeNet: 2 convolutions, 3 dense layers."""
    return LeNet(num_classes, in_channels, image_size, **CONFIGS["lenet"])


def bn_lenet(num_classes: int = 10, in_channels: int = 1, image_size: int = 28) -> LeNet:
    """d2l's BN-LeNet: LeNet with batch norm."""
    return LeNet(num_classes, in_channels, image_size, **CONFIGS["bn_lenet"])
