"""A bridge to "Dive into Deep Learning": the book's data for the trainer of its package, d2l.

d2l is imported where it is needed, and no earlier: it takes seconds, and few need it.
"""

from collections.abc import Sequence
from functools import cache
from types import ModuleType

import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from backbones.checks import check_positive
from backbones.data.imageset import ImageData

D2L_VERSION = "1.0.0a1.post0"  # 1.0.3 has the same classes, but asks for old releases of others


def import_d2l() -> ModuleType:
    """The module that d2l's chapters import: ``from d2l import torch as d2l``.

    Raises:
        ImportError: If it is not installed; the message says how to install it.
    """
    try:
        from d2l import torch as d2l
    except ImportError as error:
        raise ImportError(
            f"d2l cannot be imported ({error}). Install it by `pip install d2l=={D2L_VERSION}`, "
            "or train with backbones.train.fit, which needs no d2l"
        ) from error
    return d2l


def d2l_data(data: ImageData, batch_size: int = 64, *, normalized: bool = False):
    """The data as a `d2l.DataModule`, for `d2l.Trainer.fit`.

    Its batches are pictures, float32 (B, C, H, W), and labels, int64 (B,). Training pictures come
    in an order that `torch.manual_seed` decides, and the last batch may be a small one, as d2l
    has it. ``train`` and ``val`` are the sets, ``text_labels`` names classes, ``visualize`` shows
    a batch.

    Args:
        data: What to train and to validate on.
        batch_size: Pictures in a step.
        normalized: Whether each channel is normalised by the data's mean and deviation, as `fit`
            does it; by default pixels are from 0 to 1, as in d2l's own data.

    Raises:
        ImportError: If d2l is not installed; the message says how to install it.
        ValueError: If ``batch_size`` is below 1.
    """
    check_positive(batch_size=batch_size)
    return _module_class()(data, batch_size, normalized)


@cache
def _module_class() -> type:
    """The class, which cannot be defined before d2l is there."""
    d2l = import_d2l()

    class D2LData(d2l.DataModule):
        """An `ImageData` as d2l wants it."""

        def __init__(self, data: ImageData, batch_size: int, normalized: bool) -> None:
            super().__init__(num_workers=0)  # the pictures are in memory
            self.save_hyperparameters()
            self.train, self.val = data.train, data.validation

        def get_dataloader(self, train: bool) -> DataLoader:
            """Batches of the training set in random order, or of the validation set in order."""
            return DataLoader(
                self.train if train else self.val,
                self.batch_size,
                shuffle=train,
                num_workers=self.num_workers,
                collate_fn=self._batch,
            )

        def _batch(self, pairs: Sequence[tuple[Tensor, int]]) -> list[Tensor]:
            images, labels = default_collate(pairs)
            scaled = self.data.normalize(images) if self.normalized else images.float() / 255
            return [scaled.contiguous(), labels]

        def text_labels(self, indices: Tensor | Sequence[int]) -> list[str]:
            """Names of classes."""
            return [self.data.classes[int(index)] for index in indices]

        def visualize(
            self,
            batch: Sequence[Tensor],
            nrows: int = 1,
            ncols: int = 8,
            labels: Sequence[str] = (),
        ) -> None:
            """Show the first pictures of a batch, each under its label."""
            images, indices = batch
            if self.normalized:
                mean, std = (
                    torch.tensor(values).view(-1, 1, 1)
                    for values in (self.data.mean, self.data.std)
                )
                images = (images * std + mean).clamp(0, 1)
            images = images[: nrows * ncols].movedim(1, -1)
            images = images.squeeze(-1) if images.shape[-1] == 1 else images
            d2l.show_images(images, nrows, ncols, titles=list(labels) or self.text_labels(indices))

    return D2LData
