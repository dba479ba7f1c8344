"""Experiment of the chapter on convolution arithmetic: what locality and sharing are worth."""

import torch
from torch import Tensor, nn

from backbones.data import ImageData, digits, fashion_mnist
from backbones.experiments.experiment import Experiment
from backbones.layers import Classifier, relu
from backbones.train.evaluation import predict


class LocalConv(nn.Module):
    """A convolution that does not share: each position has kernels of its own.

    (B, in_channels, H, W) -> (B, out_channels, H', W'), as `nn.Conv2d` gives it, with the same
    connections and the same MACs, and H' W' times as many weights.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: F.
        stride: S.
        padding: P.
        output_size: H' and W', which decide how many kernels there are.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        padding: int,
        output_size: int,
    ) -> None:
        super().__init__()
        self.unfold = nn.Unfold(kernel_size, padding=padding, stride=stride)
        self.output_size = output_size
        fan_in = in_channels * kernel_size**2
        shape = (output_size**2, out_channels, fan_in)
        self.weight = nn.Parameter(torch.randn(shape) * (2 / fan_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels, output_size**2))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H', W')."""
        windows = self.unfold(x)  # (B, C_in F F, positions)
        y = torch.einsum("bkp,pok->bop", windows, self.weight) + self.bias
        return y.unflatten(2, (self.output_size, self.output_size))


def two_convolutions(widths: tuple[int, int]) -> list[nn.Module]:
    """(B, 1, 28, 28) -> (B, widths[1], 7, 7): a 5x5 and a 3x3, both of stride 2."""
    return [
        nn.Conv2d(1, widths[0], 5, stride=2, padding=2),  # 14 x 14
        relu(),
        nn.Conv2d(*widths, 3, stride=2, padding=1),  # 7 x 7
        relu(),
    ]


def convolutional(num_classes: int) -> nn.Sequential:
    """Two strided convolutions, then one dense layer on all positions of the last map."""
    head = nn.Flatten(), nn.Linear(16 * 7 * 7, num_classes)
    return nn.Sequential(*two_convolutions((8, 16)), *head)


def local(num_classes: int) -> nn.Sequential:
    """The same connections as `convolutional`, without sharing."""
    return nn.Sequential(
        LocalConv(1, 8, 5, stride=2, padding=2, output_size=14),
        relu(),
        LocalConv(8, 16, 3, stride=2, padding=1, output_size=7),
        relu(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, num_classes),
    )


def dense(num_classes: int) -> nn.Sequential:
    """One hidden dense layer, as wide as the MACs of `convolutional` allow."""
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 130), relu(), nn.Linear(130, num_classes))


def dense_twice(num_classes: int) -> nn.Sequential:
    """Two hidden dense layers of the same MACs: as many layers with weights as `convolutional`."""
    hidden = nn.Linear(28 * 28, 114), relu(), nn.Linear(114, 114), relu()
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(114, num_classes))


def pooled(num_classes: int) -> nn.Sequential:
    """Two convolutions of the same MACs, and a head that does not ask where a thing was."""
    return nn.Sequential(*two_convolutions((6, 26)), Classifier(26, num_classes))


def accuracy_when_shifted(model: nn.Module, data: ImageData) -> dict[str, float]:
    """Validation accuracy when all pictures are moved by 0 to 4 pixels, mean of four directions.

    What leaves a picture at one side comes in at the other. That is little of a digit, but not
    nothing: digits are centred by their mass, and many come closer to one border than 4 pixels.
    """
    images, labels = data.validation.images, data.validation.labels
    result = {}
    for pixels in range(5):
        shifts = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
        right = [
            predict(model, images.roll(shift, (2, 3)), mean=data.mean, std=data.std).argmax(1)
            == labels
            for shift in shifts
        ]
        result[f"accuracy shifted by {pixels}"] = torch.stack(right).double().mean().item()
    return result


SHARING = Experiment(
    name="convolution_sharing",
    question="At equal multiplications, what are a convolution's two assumptions about pictures "
    "worth: that a unit sees a small window (locality), and that all windows have the same weights "
    "(sharing)?",
    models={
        "dense": dense,
        "dense, two hidden layers": dense_twice,
        "local": local,
        "convolution": convolutional,
        "convolution, pooled": pooled,
    },
    data={"digits": digits, "fashion_mnist": fashion_mnist},
    recipe={"epochs": 30, "lr": 3e-3},
    options={"convolution, pooled": {"lr": 3e-2}},  # a mean has small gradients
    seeds=(0, 1, 2, 3, 4),
    measure=accuracy_when_shifted,
)

EXPERIMENTS = (SHARING,)
