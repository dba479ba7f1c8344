"""GoogLeNet (Inception v1): Szegedy et al., "Going Deeper with Convolutions", arXiv:1409.4842.

Two networks from one table. `googlenet_paper` is the paper's: a 5x5 in the third branch, local
response normalisation, no batch norm, dropout 0.4. `googlenet` is torchvision's: batch norm behind
every convolution in place of all biases, a 3x3 where the paper has the 5x5 (a slip of the code it
was ported from, kept because the weights were trained so), a 2x2 pool before stage 5, dropout 0.2.

Departs from the paper, in both: the auxiliary heads pool to 4x4 whatever the input's size, where
the paper averages 5x5 windows with stride 3. The paper's first layer was probably a separable
convolution: its Table 1 gives it 2.7 K parameters, and 7·7·3·8 + 8·3·64 = 2,712 are those of one
with depth multiplier 8, as the same authors' next network has; a full one has 9,472, as here. The
paper leaves the constants of its normalisation open; they are AlexNet's.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

from backbones.arithmetic import round_channels
from backbones.layers import Backbone, Branches, Classifier, ConvNormAct, check_images, init_he
from backbones.models.alexnet import local_norm
from backbones.models.inception_parts import normed_conv

plain_conv = partial(ConvNormAct, norm=None, bias=True)


class Form(NamedTuple):
    """What the two networks do differently."""

    conv: Callable[..., nn.Module]  # called with in_channels, out_channels, kernel_size, stride
    wide_kernel: int  # of the third branch
    stem_norm: Callable[[], nn.Module]  # before and behind the stem's last two convolutions
    last_pool: int  # kernel of the pool before stage 5
    dropout: float


class InceptionBlock(Branches):
    """1x1, 3x3, 5x5 and pooling side by side: (B, in_channels, H, W) -> (B, out_channels, H, W).

    Figure 2b of the paper. A 1x1 before each dear convolution reduces its channels, and one behind
    the pool keeps the output from growing.

    Args:
        in_channels: Channels of the input.
        widths: A row of Table 1: 1x1, 3x3 reduction, 3x3, 5x5 reduction, 5x5, pool projection.
        conv: Makes a convolution.
        wide_kernel: Kernel of the third branch.
    """

    def __init__(
        self,
        in_channels: int,
        widths: tuple[int, ...],
        conv: Callable[..., nn.Module] = normed_conv,
        wide_kernel: int = 5,
    ) -> None:
        narrow, reduce_middle, middle, reduce_wide, wide, projection = widths
        super().__init__(
            [
                conv(in_channels, narrow, 1),
                nn.Sequential(conv(in_channels, reduce_middle, 1), conv(reduce_middle, middle, 3)),
                nn.Sequential(
                    conv(in_channels, reduce_wide, 1), conv(reduce_wide, wide, wide_kernel)
                ),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv(in_channels, projection, 1)),
            ]
        )
        self.out_channels = narrow + middle + wide + projection


class AuxiliaryHead(nn.Sequential):
    """A classifier in the middle of the network: (B, in_channels, H, W) -> (B, num_classes)."""

    def __init__(self, in_channels: int, num_classes: int, conv: Callable[..., nn.Module]) -> None:
        super().__init__(
            nn.AdaptiveAvgPool2d(4),
            conv(in_channels, 128, 1),
            nn.Flatten(),  # (B, 128, 4, 4) -> (B, 2048)
            nn.Linear(128 * 4 * 4, 1024),
            nn.ReLU(inplace=True),
            nn.Dropout(0.7),
            nn.Linear(1024, num_classes),
        )


# Table 1 of the paper, stages 3, 4 and 5.
TABLE_1 = (
    (
        (64, 96, 128, 16, 32, 32),  # 3a
        (128, 128, 192, 32, 96, 64),  # 3b
    ),
    (
        (192, 96, 208, 16, 48, 64),  # 4a
        (160, 112, 224, 24, 64, 64),  # 4b
        (128, 128, 256, 24, 64, 64),  # 4c
        (112, 144, 288, 32, 64, 64),  # 4d
        (256, 160, 320, 32, 128, 128),  # 4e
    ),
    (
        (256, 160, 320, 32, 128, 128),  # 5a
        (384, 192, 384, 48, 128, 128),  # 5b
    ),
)


class GoogLeNet(Backbone):
    """Nine Inception blocks in three stages, at 1/8, 1/16 and 1/32 of the input's resolution.

    With ``aux_logits`` and in training it returns (logits, auxiliary logits behind 4a, those
    behind 4d), to be trained by the sum of the losses, the auxiliary ones times 0.3. Otherwise,
    and always in evaluation, it returns the logits alone.

    Args:
        form: What sets the paper's network and torchvision's apart.
        num_classes: Outputs.
        in_channels: Channels of the images.
        aux_logits: Whether to build the auxiliary heads.
        width_mult: Multiplies the channels of all layers but the auxiliary heads'.

    Raises:
        ValueError: If ``width_mult`` is not above 0.
    """

    def __init__(
        self,
        form: Form,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux_logits: bool = False,
        width_mult: float = 1.0,
    ) -> None:
        conv = form.conv
        width, channels = (round_channels(w * width_mult) for w in (64, 192))
        pool = partial(nn.MaxPool2d, stride=2, ceil_mode=True)
        stem = nn.Sequential(
            conv(in_channels, width, 7, stride=2),
            pool(3),
            form.stem_norm(),
            conv(width, width, 1),
            conv(width, channels, 3),
            form.stem_norm(),
            pool(3),
        )
        stages = []
        entries = (nn.Identity(), pool(3), pool(form.last_pool))
        for entry, rows in zip(entries, TABLE_1, strict=True):
            blocks = []
            for row in rows:
                widths = tuple(round_channels(w * width_mult) for w in row)
                blocks.append(InceptionBlock(channels, widths, conv, form.wide_kernel))
                channels = blocks[-1].out_channels
            stages.append(nn.Sequential(entry, *blocks))
        head = Classifier(channels, num_classes, form.dropout)
        super().__init__(stem, stages, head, in_channels)
        self.auxiliary = None
        if aux_logits:
            taps = (stages[1][1], stages[1][4])  # 4a and 4d
            self.auxiliary = nn.ModuleList(
                AuxiliaryHead(block.out_channels, num_classes, conv) for block in taps
            )
        init_he(self)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        if self.auxiliary is None or not self.training:
            return super().forward(x)
        check_images(x, self.in_channels)
        first, middle, last = self.stages
        behind_4a = middle[:2](first(self.stem(x)))
        behind_4d = middle[2:5](behind_4a)
        logits = self.head(last(middle[5:](behind_4d)))
        return logits, self.auxiliary[0](behind_4a), self.auxiliary[1](behind_4d)


CONFIGS = {
    "googlenet": Form(normed_conv, 3, nn.Identity, last_pool=2, dropout=0.2),
    "googlenet_paper": Form(plain_conv, 5, local_norm, last_pool=3, dropout=0.4),
}


def googlenet(num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = False) -> GoogLeNet:
    """torchvision's: with batch norm, a 3x3 for the 5x5."""
    return GoogLeNet(CONFIGS["googlenet"], num_classes, in_channels, aux_logits)


def googlenet_paper(
    num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = False
) -> GoogLeNet:
    """The paper's of 2014: 22 layers with weights."""
    return GoogLeNet(CONFIGS["googlenet_paper"], num_classes, in_channels, aux_logits)
