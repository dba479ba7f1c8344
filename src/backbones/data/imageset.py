"""Labelled pictures in memory: what every data set of the book is."""

import base64
import html
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor
from torch.utils.data import Dataset

from backbones.checks import check_positive


class ImageSet(Dataset):
    """Pictures with labels, as bytes in memory; plugs into `torch.utils.data.DataLoader`.

    Args:
        images: uint8 (N, C, H, W), with 1 or 3 channels.
        labels: int64 (N,), indices into `classes`.
        classes: The names of the classes.
        boxes: For each picture the boxes around its objects, all of the picture's class: a float
            tensor (K, 4) of left, top, right, bottom in pixels. None where they are not known.

    Raises:
        ValueError: If a tensor has another shape or type, a label is no index into `classes`, or
            there are no pictures.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        classes: tuple[str, ...],
        boxes: list[Tensor] | None = None,
    ) -> None:
        _check_images(images)
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"labels must be int64 of the shape {tuple(images.shape[:1])}, one for each "
                f"picture, got {_describe(labels)}"
            )
        if not classes or len(set(classes)) != len(classes):
            raise ValueError(f"classes must be one or more different names, got {classes!r}")
        if labels.min() < 0 or labels.max() >= len(classes):
            raise ValueError(
                f"labels must be from 0 to {len(classes) - 1}, as there are {len(classes)} "
                f"classes, got {int(labels.min())} to {int(labels.max())}"
            )
        if boxes is not None:
            _check_boxes(boxes, images)
        self.images = images
        self.labels = labels
        self.classes = tuple(classes)
        self.boxes = boxes

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """A picture, uint8 (C, H, W), and its label."""
        index = operator.index(index)
        return self.images[index], int(self.labels[index])

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.images.shape[1:]))
        return f"ImageSet({len(self):,} pictures of {shape}, {len(self.classes)} classes)"

    def _repr_html_(self) -> str:
        return self.contact_sheet()._repr_html_()

    def subset(self, n: int, seed: int = 0) -> "ImageSet":
        """Choose `n` pictures, as many of each class as can be, in random order.

        Raises:
            ValueError: If there are not as many pictures.
        """
        check_positive(n=n)
        if n > len(self):
            raise ValueError(f"n must be at most {len(self)}, the pictures there are, got {n}")
        generator = torch.Generator().manual_seed(seed)
        # Deal out the classes in turns: first one picture of each, then a second one, ...
        dealt = []
        for label in range(len(self.classes)):
            (members,) = (self.labels == label).nonzero(as_tuple=True)
            members = members[torch.randperm(len(members), generator=generator)]
            dealt += [(turn, label, member) for turn, member in enumerate(members.tolist())]
        chosen = torch.tensor([member for _, _, member in sorted(dealt)[:n]])
        return self._of(chosen[torch.randperm(n, generator=generator)])

    def split(self, share: float, seed: int = 0) -> tuple["ImageSet", "ImageSet"]:
        """Set a share of each class apart, for validation.

        Returns:
            What is left, and what was set apart, both in random order.

        Raises:
            ValueError: If `share` is not between 0 and 1, or leaves either set empty.
        """
        if not 0 < share < 1:
            raise ValueError(f"share must be between 0 and 1, got {share!r}")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        apart = torch.zeros(len(self), dtype=torch.bool)
        for label in range(len(self.classes)):
            members = order[self.labels[order] == label]
            apart[members[: round(share * len(members))]] = True
        if apart.all() or not apart.any():
            raise ValueError(f"share must leave pictures in both sets, got {share!r}")
        return self._of(order[~apart[order]]), self._of(order[apart[order]])

    def _of(self, indices: Tensor) -> "ImageSet":
        """The pictures with these indices, in this order."""
        boxes = None if self.boxes is None else [self.boxes[i] for i in indices.tolist()]
        return ImageSet(self.images[indices], self.labels[indices], self.classes, boxes)

    def contact_sheet(
        self, per_class: int = 10, *, seed: int = 0, boxes: bool = False, caption: str = ""
    ) -> "ContactSheet":
        """Show pictures of each class, a row each, chosen at random.

        Args:
            per_class: How many pictures a row.
            seed: Of the choice.
            boxes: Whether to draw the boxes.
            caption: A line below the sheet.

        Raises:
            ValueError: If `per_class` is below 1, or boxes are asked for where there are none.
        """
        check_positive(per_class=per_class)
        if boxes and self.boxes is None:
            raise ValueError("boxes must be False for a set that has none, got True")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator).tolist()
        labels = self.labels.tolist()
        rows = {}
        for label, name in enumerate(self.classes):
            members = [index for index in order if labels[index] == label][:per_class]
            if members:
                rows[name] = [
                    thumbnail(self.images[index], self.boxes[index] if boxes else None)
                    for index in members
                ]
        size = f"{self.images.shape[3]} x {self.images.shape[2]}"
        return ContactSheet(rows, f"Pictures of {size} pixels", caption)


@dataclass(frozen=True)
class ImageData:
    """A training set and a validation set of one kind.

    Args:
        train: To learn from.
        validation: To measure on; its pictures are not in `train`.
        name: What it is called.
        credit: Whose pictures these are, and under which licence.

    Raises:
        ValueError: If the two sets differ in their classes or the shape of their pictures.
    """

    train: ImageSet
    validation: ImageSet
    name: str
    credit: str = ""

    def __post_init__(self) -> None:
        shapes = self.train.images.shape[1:], self.validation.images.shape[1:]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"validation must have pictures of the shape {tuple(shapes[0])} as train has, "
                f"got {tuple(shapes[1])}"
            )
        if self.train.classes != self.validation.classes:
            raise ValueError(
                f"validation must have the classes of train, {self.train.classes}, "
                f"got {self.validation.classes}"
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.train.classes

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of each channel over the training set, where 255 counts as 1."""
        return self._statistics[0]

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of each channel over the training set, where 255 counts as 1."""
        return self._statistics[1]

    @cached_property
    def _statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        # From counts of the 256 levels, which are exact and need little memory.
        levels = torch.arange(256, dtype=torch.float64) / 255
        means, deviations = [], []
        for channel in self.train.images.unbind(1):
            counts = sum(part.flatten().bincount(minlength=256) for part in channel.split(256))
            share = counts.double() / counts.sum()
            mean = (share * levels).sum()
            means.append(mean.item())
            deviations.append((share * (levels - mean) ** 2).sum().sqrt().item())
        return tuple(means), tuple(deviations)

    def subset(self, n: int, seed: int = 0) -> "ImageData":
        """The same with `n` training pictures, as `ImageSet.subset` chooses them.

        The validation set is the same; `mean` and `std` are those of the chosen pictures.

        Raises:
            ValueError: If there are not as many training pictures.
        """
        chosen = self.train.subset(n, seed)
        return ImageData(chosen, self.validation, f"{n:,} of {self.name}", self.credit)

    def normalize(self, images: Tensor) -> Tensor:
        """What a network is trained on: (x / 255 - mean) / std, uint8 (B, C, H, W) -> float32.

        Raises:
            ValueError: If the images have another number of channels.
        """
        return normalize(images, self.mean, self.std)

    def __repr__(self) -> str:
        return (
            f"ImageData({self.name}: {len(self.train):,} pictures to train on and "
            f"{len(self.validation):,} to validate, {len(self.classes)} classes)"
        )

    def _repr_html_(self) -> str:
        caption = (
            f"{self.name}: {len(self.train):,} pictures to train on, "
            f"{len(self.validation):,} to validate. {self.credit}"
        )
        return self.train.contact_sheet(caption=caption.strip())._repr_html_()


def normalize(
    images: Tensor,
    mean: Sequence[float] | Tensor,
    std: Sequence[float] | Tensor,
    memory_format: torch.memory_format = torch.channels_last,
) -> Tensor:
    """(x / 255 - mean) / std per channel: uint8 (B, C, H, W) -> float32 in a memory format."""
    if not len(mean) == len(std) == images.shape[1]:
        raise ValueError(
            f"mean and std must have one value for each of the {images.shape[1]} channels, "
            f"got {len(mean)} and {len(std)}"
        )
    mean, std = (
        torch.as_tensor(value, dtype=torch.float32, device=images.device).view(-1, 1, 1)
        for value in (mean, std)
    )
    images = images.to(torch.float32, memory_format=memory_format, copy=True)
    return images.div_(255).sub_(mean).div_(std)


class ContactSheet:
    """Rows of small pictures with their names, for a notebook.

    Args:
        rows: The pictures of each row, under its name.
        what: What the pictures are, the beginning of the text for those who cannot see them.
        caption: A line below the sheet.
    """

    gap = 2  # pixels between pictures

    def __init__(self, rows: dict[str, list[Image.Image]], what: str, caption: str = "") -> None:
        names = list(rows)
        most = max(map(len, rows.values()))
        self.names = names
        self.alt = f"{what}, {most} in a row. The rows: {', '.join(names)}."
        self.caption = caption
        pictures = [picture for row in rows.values() for picture in row]
        width = max(picture.width for picture in pictures) + self.gap
        height = max(picture.height for picture in pictures) + self.gap
        self.image = Image.new("RGBA", (width * most - self.gap, height * len(rows) - self.gap))
        for line, row in enumerate(rows.values()):
            for column, picture in enumerate(row):
                self.image.paste(picture, (column * width, line * height))
        self.exact = pictures[0].mode == "L"  # few grey levels: packs well without loss

    def __repr__(self) -> str:
        return f"<ContactSheet: {self.alt}>"

    def _repr_html_(self) -> str:
        packed = BytesIO()
        self.image.save(packed, "WEBP", quality=80, method=6, lossless=self.exact)
        data = base64.b64encode(packed.getvalue()).decode()
        names = "".join(
            f'<span style="flex:1;display:flex;align-items:center">{html.escape(name)}</span>'
            for name in self.names
        )
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            '<figure class="bb-contact-sheet" style="margin:0 0 1rem">'
            '<div style="display:flex;gap:.6em;max-width:100%">'
            '<div style="flex:none;display:flex;flex-direction:column;max-width:30%;'
            f'font-size:.85em;line-height:1.1">{names}</div>'
            f'<img src="data:image/webp;base64,{data}" alt="{html.escape(self.alt)}" '
            f'width="{self.image.width}" height="{self.image.height}" '
            'style="flex:0 1 auto;align-self:flex-start;min-width:0;max-width:100%;height:auto">'
            f"</div>{caption}</figure>"
        )


def thumbnail(image: Tensor, boxes: Tensor | None = None, width: int = 96) -> Image.Image:
    """A picture (C, H, W) made about `width` pixels wide, with its boxes drawn."""
    if image.shape[2] > width:
        scale = width / image.shape[2]
        new = (round(image.shape[1] * scale), width)
        image = F.interpolate(image[None].float(), new, mode="bicubic", antialias=True)[0]
        image = image.round().clamp(0, 255).to(torch.uint8)
    else:
        # By a whole number: small pictures stay as sharp as they are.
        scale = max(1, width * 2 // 3 // image.shape[2])
        image = image.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    array = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(array if len(image) == 3 else array[..., 0])
    for left, top, right, bottom in [] if boxes is None else (boxes * scale).tolist():
        ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), outline="white")
    return picture


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _check_images(images: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(
            f"images must be uint8 (N, C, H, W) with 1 or 3 channels, got {_describe(images)}"
        )
    if images.numel() == 0:
        raise ValueError(f"images must hold at least one picture, got {_describe(images)}")


def _check_boxes(boxes: list[Tensor], images: Tensor) -> None:
    if len(boxes) != len(images):
        raise ValueError(f"boxes must be as many as the pictures, {len(images)}, got {len(boxes)}")
    bottom_right = torch.tensor(images.shape[:1:-1] * 2)
    for index, box in enumerate(boxes):
        if not box.is_floating_point() or box.ndim != 2 or box.shape[1] != 4:
            raise ValueError(f"boxes[{index}] must be float (K, 4), got {_describe(box)}")
        if (box < 0).any() or (box > bottom_right).any() or (box[:, :2] >= box[:, 2:]).any():
            raise ValueError(
                f"boxes[{index}] must have left < right and top < bottom within the picture of "
                f"{tuple(bottom_right[:2].tolist())} pixels, got {box.tolist()}"
            )
