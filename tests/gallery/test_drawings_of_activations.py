"""The activations' gallery: functions and slopes as torch's, chains and errors as computed anew."""

import math
import re

import pytest
import torch
from torch import nn

from backbones.gallery import activations as gallery

TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "ReLU6": nn.functional.relu6,
    "swish": nn.functional.silu,
    "h-swish": nn.functional.hardswish,
    "GELU": nn.functional.gelu,
}


@pytest.fixture(scope="module")
def chains():
    return gallery.gradient_through_a_chain()


@pytest.fixture(scope="module")
def ranges():
    return gallery.range_for_few_bits()


def words_of(explorer, **chosen):
    """Words and wide drawing of a state."""
    place = 0
    for name, axis in explorer.axes.items():
        place = place * len(axis.values) + axis.values.index(chosen[name])
    return explorer.states[place]


@pytest.mark.parametrize("name", TORCH)
def test_slopes_are_differences(name):
    x = torch.linspace(-7.95, 7.95, 318, dtype=torch.float64)  # no corner among them
    y, slope = gallery.values_and_slopes(name, x)
    assert torch.allclose(y, TORCH[name](x), atol=1e-12)
    step = 1e-6
    difference = (TORCH[name](x + step) - TORCH[name](x - step)) / (2 * step)
    assert torch.allclose(slope, difference, atol=1e-6)


def test_the_static_drawing_says_the_steepest_slopes():
    picture = gallery.seven_functions()
    wanted = {"sigmoid": "0.25", "tanh": "1.00", "ReLU": "1.00", "ReLU6": "1.00"}
    wanted |= {"swish": "1.10", "h-swish": "1.50", "GELU": "1.13"}
    for name, slope in wanted.items():
        assert f"{name} at most {slope}" in picture.alt
        for drawing in (picture.svg, picture.narrow):
            assert f">{name}<" in drawing
            assert f"≤ {slope}" in drawing


def test_a_chain_has_a_state_for_each_function_point_and_weight(chains):
    assert len(chains.states) == 7 * 17 * 4
    assert len(set(chains.words)) == len(chains.words)


@pytest.mark.parametrize(
    ("name", "x", "weight"),
    [
        ("sigmoid", -0.5, 1),
        ("sigmoid", -0.5, 4),
        ("tanh", 1.5, 2),
        ("ReLU", 2.0, 0.5),
        ("ReLU", -1.0, 2),
        ("swish", 0.5, 2),
        ("h-swish", 3.5, 1),
        ("GELU", -4.0, 4),
    ],
)
def test_what_a_chain_leaves_is_its_derivative(chains, name, x, weight):
    start = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    z = start
    for _ in range(gallery.UNITS):
        last, z = z, weight * TORCH[name](z)
    z.backward()
    found = gallery.chain(name, x, weight)
    assert math.isclose(found.left[-1], start.grad.item(), rel_tol=1e-6, abs_tol=1e-60)
    assert math.isclose(found.z[-1], last.item(), rel_tol=1e-9)
    words, drawing = words_of(chains, function=name, x=x, weight=weight)
    left = gallery.power(start.grad.item())
    assert words.endswith(f"After 20 units {left} of a gradient is left.")
    assert f"left after 20 units: {left}" in drawing


def test_the_first_point_can_be_dragged_by_half_units(chains):
    _, drawing = words_of(chains, function="tanh", x=0.0, weight=1)
    assert 'data-drag-x="x:18.75"' in drawing


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (1, "1"), (0.237, "0.24"), (-0.237, "0.24"), (250, "250"), (1.2e-12, "1 × 10⁻¹²"),
     (6.4e5, "6 × 10⁵"), (9.6e-21, "1 × 10⁻²⁰")],
)  # fmt: skip
def test_powers_in_words(value, words):
    assert gallery.power(value) == words


def test_ranges_have_a_state_for_each_width_and_end(ranges):
    assert len(ranges.states) == 5 * 16
    assert len(set(ranges.words)) == len(ranges.words)


@pytest.mark.parametrize(("bits", "top"), [(2, 3.5), (4, 6.0), (4, 8.0), (8, 2.0)])
def test_errors_are_those_of_rounding_to_the_levels(ranges, bits, top):
    x = gallery.some_outputs()
    levels = torch.linspace(0, top, 2**bits, dtype=torch.float64)
    nearest = levels[(x[:, None] - levels).abs().argmin(1)]
    found = gallery.errors(bits, top)
    assert math.isclose(found.both, (x - nearest).square().mean().sqrt().item(), rel_tol=1e-6)
    assert math.isclose(found.both**2, found.rounding**2 + found.cut**2, rel_tol=1e-9)
    assert found.share == (x > top).double().mean().item()
    words, drawing = words_of(ranges, bits=bits, top=top)
    assert f"error {found.both:.3f}" in words
    assert f"both {found.both:.3f}" in drawing


def test_the_best_end_grows_with_the_bits(ranges):
    ends = []
    for bits in (2, 3, 4, 6, 8):
        words, _ = words_of(ranges, bits=bits, top=1.0)
        ends.append(float(re.search(r"Least at ([\d.]+)\.$", words)[1]))
    assert ends == [3.5, 5, 6, 8, 8]
