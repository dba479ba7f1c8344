"""Activations written out, against torch's."""

import pytest
import torch
from torch.nn import functional as F

from backbones import activations

PAIRS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "relu6": F.relu6,
    "hard_sigmoid": F.hardsigmoid,
    "swish": F.silu,
    "hard_swish": F.hardswish,
    "gelu": F.gelu,
}


def inputs():
    """Fine steps, the kinks, and numbers so large that exp of them is infinite."""
    steps = torch.linspace(-8, 8, 1601)
    return torch.cat([steps, torch.tensor([-3.0, 0.0, 3.0, 6.0, -1000.0, 1000.0])])


@pytest.mark.parametrize("name", PAIRS)
def test_values(name):
    x = inputs()
    kept = x.clone()
    torch.testing.assert_close(getattr(activations, name)(x), PAIRS[name](x))
    assert torch.equal(x, kept)  # none works in place


@pytest.mark.parametrize("name", PAIRS)
def test_slopes(name):
    slopes = []
    for function in (getattr(activations, name), PAIRS[name]):
        x = inputs().requires_grad_()
        function(x).sum().backward()
        slopes.append(x.grad)
    torch.testing.assert_close(*slopes)  # finite and, at the kinks, the same choice


@pytest.mark.parametrize("dtype", [torch.double, torch.bfloat16])
@pytest.mark.parametrize("name", PAIRS)
def test_other_precisions_stay(name, dtype):
    x = torch.randn(3, 4, dtype=dtype)
    output = getattr(activations, name)(x)
    assert output.dtype == dtype
    tolerance = 1e-12 if dtype == torch.double else 0.03
    torch.testing.assert_close(output, PAIRS[name](x), rtol=tolerance, atol=tolerance)


def test_what_the_docstrings_say_of_swish():
    x = torch.linspace(-5, 0, 50_001)
    lowest = activations.swish(x).min(dim=0)
    assert lowest.values.item() == pytest.approx(-0.28, abs=0.005)
    assert x[lowest.indices].item() == pytest.approx(-1.28, abs=0.005)
