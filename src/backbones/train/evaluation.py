"""What a trained model gets right, and what it takes for what.

`predict` runs a model over pictures, `evaluate` holds its answers against the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbones.checks import check_positive
from backbones.data.imageset import ImageData, ImageSet, normalize
from backbones.modes import kept_modes


class Confused(NamedTuple):
    """A picture whose class the model got wrong.

    Attributes:
        index: Its place in the evaluated set.
        true: Name of its class.
        predicted: Name of the class that the model gave.
        probability: Which the model gave to that class.
    """

    index: int
    true: str
    predicted: str
    probability: float


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """A model's answers to N labelled pictures among K classes.

    Attributes:
        labels: (N,), the true classes.
        probabilities: (N, K), softmax of the model's outputs.
        loss: Mean cross-entropy, in nats.
        classes: K names.
    """

    labels: Tensor
    probabilities: Tensor
    loss: float
    classes: tuple[str, ...]

    @property
    def predictions(self) -> Tensor:
        """The most probable class of each picture: (N,)."""
        return self.probabilities.argmax(1)

    @property
    def accuracy(self) -> float:
        """The share of pictures whose class is right, 0 to 1."""
        return (self.predictions == self.labels).double().mean().item()

    @property
    def confusion(self) -> Tensor:
        """Pictures of each true class (row) by predicted class (column): (K, K)."""
        size = len(self.classes)
        return (self.labels * size + self.predictions).bincount(minlength=size**2).view(size, size)

    def most_confused(self, count: int = 10) -> list[Confused]:
        """The wrong answers that the model was surest of, surest first: ``count`` at most."""
        check_positive(count=count)
        sureness, predictions = self.probabilities.max(1)
        order = sureness.argsort(descending=True, stable=True)
        wrong = order[predictions[order] != self.labels[order]][:count].tolist()
        return [
            Confused(
                index,
                self.classes[self.labels[index]],
                self.classes[predictions[index]],
                sureness[index].item(),
            )
            for index in wrong
        ]

    def __repr__(self) -> str:
        return f"Evaluation({len(self.labels)} pictures, {len(self.classes)} classes)"


def evaluate(
    model: nn.Module,
    image_set: ImageSet | ImageData,
    *,
    mean: Sequence[float] | Tensor | None = None,
    std: Sequence[float] | Tensor | None = None,
    batch_size: int = 64,
) -> Evaluation:
    """Hold a model's predictions against the labels, on the device where the model is.

    Args:
        model: Gives (B, K) class scores for (B, C, H, W) pictures. Run in evaluation mode, then
            put back into the mode it was in.
        image_set: The pictures; of an `ImageData`, its validation set.
        mean: Per channel, in units of 0 to 1, as in training. Known for an `ImageData`.
        std: Likewise.
        batch_size: Pictures at a time; does not change the result.

    Raises:
        ValueError: If its pictures do not fit the model, if the model has
            fewer outputs than the set has classes, or if mean or std are missing.
    """
    if isinstance(image_set, ImageData):
        mean = image_set.mean if mean is None else mean
        std = image_set.std if std is None else std
        image_set = image_set.validation
    if mean is None or std is None:
        raise ValueError(
            "mean and std must be those the model was trained with: evaluate(model, data.train, "
            f"mean=data.mean, std=data.std); got mean={mean!r}, std={std!r}"
        )
    scores = predict(model, image_set.images, mean=mean, std=std, batch_size=batch_size)
    check_scores(scores, image_set)
    names = (*image_set.classes, *map(str, range(len(image_set.classes), scores.shape[1])))
    loss = F.cross_entropy(scores, image_set.labels).item()
    return Evaluation(image_set.labels, scores.softmax(1), loss, names)


@torch.no_grad()
def predict(
    model: nn.Module,
    images: Tensor,
    *,
    mean: Sequence[float] | Tensor,
    std: Sequence[float] | Tensor,
    batch_size: int = 64,
) -> Tensor:
    """Class scores (logits) of pictures, before the softmax.

    Args:
        model: Run in evaluation mode, then put back into the mode it was in.
        images: uint8 (N, C, H, W).
        mean: Per channel, in units of 0 to 1.
        std: Likewise.
        batch_size: Pictures at a time.

    Returns:
        float32 (N, K), on the CPU.

    Raises:
        ValueError: If there is no picture, or if the pictures do not fit the model.
    """
    check_positive(batch_size=batch_size)
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(f"images must be (N, C, H, W) with N > 0, got {tuple(images.shape)}")
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    scores = []
    with kept_modes(model):
        model.eval()
        for batch in images.split(batch_size):
            batch = normalize(batch.to(device), mean, std)
            try:
                scores.append(model(batch).float().cpu())
            except (RuntimeError, ValueError) as error:
                if isinstance(error, torch.OutOfMemoryError):
                    raise
                raise ValueError(
                    f"images must fit the model, which fails on pictures of the shape "
                    f"(C, H, W) = {tuple(images.shape[1:])}: {error}"
                ) from error
    return torch.cat(scores)


def check_scores(scores: Tensor, image_set: ImageSet) -> None:
    """Raise a ValueError unless scores are (N, K) with an output for every class of the set."""
    if scores.ndim != 2:
        raise ValueError(f"model must give scores of the shape (N, K), got {tuple(scores.shape)}")
    if scores.shape[1] < len(image_set.classes):
        raise ValueError(
            f"model must have num_classes of at least {len(image_set.classes)}, an output for "
            f"each class of the data, got {scores.shape[1]}"
        )
