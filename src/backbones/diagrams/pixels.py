"""Pictures of pixels inside drawings: packed, in the form of an address."""

import base64
import io

import torch
from PIL import Image
from torch import Tensor


def packed(image: Image.Image, kind: str, **options: object) -> str:
    """A picture as an address that holds it.

    Args:
        image: Any picture that the format can hold.
        kind: "jpeg", "png" or "webp".
        options: Of `PIL.Image.Image.save` for that format.
    """
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def packed_exactly(pixels: Tensor) -> str:
    """Pixels (H, W, 3 or 4) from 0 to 255 as an address; no pixel changes."""
    return packed(Image.fromarray(pixels.byte().numpy()), "webp", lossless=True, quality=100)


def packed_greys(levels: Tensor, greys: int) -> str:
    """Whole numbers (H, W) as greys from black, 0, to white; ``greys`` itself is transparent.

    Args:
        levels: From 0 to ``greys``.
        greys: How many there are; with few of them the picture is small.
    """
    values = (levels.clamp(max=greys - 1).double() * 255 / (greys - 1)).round()
    return packed_exactly(torch.stack((values, values, values, 255 * (levels < greys)), 2))
