"""How far two ways to compute the same numbers may be apart, from the length of their sums.

Processors, and kernels on one processor, add the same numbers in different orders. While n products
are summed, the partial sums grow to the size of the result, and each of the n additions is rounded
by up to half an eps of them; errors of random sign add up to about √n of one. So two orders differ
by about √n · eps times the largest result, and a few times that is allowed. Measured where numbers
are added one after the other (SSE4): 0.4 · √n · eps, the worst of 290,400 sums of 363 products.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

MARGIN = 4


def rounding(terms: int, dtype: torch.dtype = torch.float32) -> float:
    """Difference to be allowed, relative to the largest result.

    Args:
        terms: Length of the sum; where sums follow each other, all their lengths together.
        dtype: Of the numbers that are added.
    """
    return MARGIN * terms**0.5 * torch.finfo(dtype).eps


def close(
    actual: Tensor | Sequence[Tensor],
    expected: Tensor | Sequence[Tensor],
    terms: int,
    scale: float | None = None,
) -> None:
    """Assert that tensors agree but for the order in which `terms` numbers were added.

    Args:
        actual: One tensor, or several.
        expected: What it is compared with: as many, of the same shapes.
        terms: Length of the sum; where sums follow each other, all their lengths together.
        scale: The largest number on the way, where that is not the largest of the result.
    """
    if not isinstance(actual, Tensor):
        for one, other in zip(actual, expected, strict=True):
            close(one, other, terms, scale)
        return
    largest = expected.detach().abs().max().item() if expected.numel() else 0.0
    allowed = rounding(terms, expected.dtype) * (largest if scale is None else scale)
    torch.testing.assert_close(actual, expected, rtol=0, atol=allowed)


def terms_of(model: nn.Module) -> int:
    """Numbers that are added on the way through all layers of a network, one after the other."""
    return sum(p[0].numel() for p in model.parameters() if p.ndim >= 2)
