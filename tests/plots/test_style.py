"""Colours, tints and dashes: who is told apart from whom, also in grey and by the colour-blind."""

import itertools
import re

import numpy as np
import pytest
from skimage.color import rgb2lab

from backbones import plots
from backbones.diagrams.palette import PALETTE
from backbones.plots.style import CSS, family


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ResNet-14", "resnet"),
        ("resnet50d", "resnet"),
        ("wide_resnet50_2", "resnet"),
        ("SE-ResNet-8", "senet"),
        ("seresnext50_32x4d", "senet"),
        ("resnext50_32x4d", "resnext"),
        ("inception_resnet_v2", "inception"),
        ("GoogLeNet", "googlenet"),
        ("BN-LeNet", "lenet"),
        ("MobileNetV2 x0.35", "mobilenet"),
        ("efficientnet_lite0", "efficientnet"),
        ("ese_vovnet19b_dw", "vovnet"),
        ("hybrid ViT", "hybrid"),
        ("vit_b_16", "vit"),
        ("plain-14", "plain"),
        ("ReLU", None),
    ],
)
def test_family_of_a_name(name, expected):
    assert family(name) == expected


def lightness(color: str) -> float:
    """Of a hex colour, 0 to 100: what a grey print shows of it."""
    rgb = np.frombuffer(bytes.fromhex(color[1:]), dtype=np.uint8) / 255
    return rgb2lab(rgb[None, None])[0, 0, 0]


def test_every_architecture_has_a_colour_of_its_own():
    families = plots.styles(list(plots.COLORS))
    assert len({style.color for style in families.values()}) == len(plots.COLORS)


def test_members_that_differ_in_depth_are_tints_the_deeper_the_darker():
    """Guards the degradation plot, whose curves were all of one grey."""
    depths = (8, 20, 32, 56)
    for names in (
        [f"plain-{depth}" for depth in depths],
        [f"ResNet-{depth}" for depth in depths],
        [f"tiles of {depth}" for depth in depths],  # no family, but only the number differs
    ):
        chosen = [plots.styles(names[::-1])[name] for name in names]  # in any order
        assert len({style.dashes for style in chosen}) == 1
        shades = [lightness(style.color) for style in chosen]
        assert all(a - b > 6 for a, b in itertools.pairwise(shades)), shades


PAIRS = [
    ("plain-20", "resnet-20"),
    ("resnet-20", "resnet-20, no BN"),
    ("plain-56", "plain-56, warm-up"),
    ("LeNet", "BN-LeNet"),
    ("dense", "dense, two hidden layers"),
    ("local", "convolution"),
    ("ReLU", "tanh"),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_with_and_without_differ_in_colour_dashes_and_marker(pair):
    """Guards comparisons in grey print, where dashes alone tell."""
    one, other = plots.styles(pair).values()
    assert one.color != other.color
    assert one.dashes != other.dashes
    assert one.marker != other.marker


def test_a_plain_network_is_dashed_and_the_other_one_is_not():
    for names in (["plain-8", "resnet-8"], ["resnet-8", "plain-8"], ["plain-8"]):
        chosen = plots.styles(names)
        assert chosen["plain-8"].dashes != "solid"
        assert all(style.dashes == "solid" for name, style in chosen.items() if name != "plain-8")


def test_a_network_keeps_its_colour_whoever_stands_beside_it():
    for others in ([], ["VGG-16"], ["ResNet-50, no BN", "tanh"], ["ReLU", "ViT-B/16"]):
        assert plots.styles([*others, "ResNet-50"])["ResNet-50"].color == plots.COLORS["resnet"]


def test_no_more_than_one_grey_in_a_plot():
    """Guards against three greys: whatever the names, hues are taken first."""
    names = ["LeNet", "LeNet, tanh", "LeNet, average", "a", "b", "c", "d", "e"]
    greys = [
        style.color for style in plots.styles(names).values() if len(set(style.color[1::2])) == 1
    ]
    assert len(greys) <= 1


def test_every_colour_follows_the_theme():
    """Guards dark pages: a hex colour that no CSS stands for would stay as it is."""
    endings = ("", ", no BN", ", gentle")
    for one in (*plots.COLORS, "another"):
        names = [f"{one}-{depth}{more}" for depth in (1, 2, 3, 4, 5) for more in endings]
        for style in plots.styles(names).values():
            for color in (style.color, style.text):
                assert re.search(r"var\(--bb-[a-z]+,#", CSS[color]), style
    assert len({*CSS.values()}) >= len(PALETTE) * 10


# Machado, Oliveira and Fernandes (2009): linear RGB as seen without one kind of cone.
SIGHT = {
    "full": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}

# Those that one plot of a chapter compares.
MEETINGS = [
    ("resnet", "plain", "lenet"),
    ("resnet", "vgg", "densenet"),
    ("resnet", "resnext", "senet"),
    ("resnet", "vit", "hybrid"),
    ("transformer", "vit", "hybrid"),
    ("resnet", "regnet", "efficientnet"),
    ("resnet", "inception"),
    ("alexnet", "vgg", "lenet"),
    ("alexnet", "vgg", "nin", "googlenet"),
    ("googlenet", "inception", "vgg"),
    ("densenet", "vovnet"),
    ("mobilenet", "ghostnet", "efficientnet", "shufflenet"),
    ("mobilenet", "resnet", "vit"),
]


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_that_meet_are_told_apart(sight):
    def seen(architecture: str) -> np.ndarray:
        rgb = np.frombuffer(bytes.fromhex(plots.COLORS[architecture][1:]), dtype=np.uint8) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(np.array(SIGHT[sight]) @ linear, 0, 1)
        rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        return rgb2lab(rgb[None, None])[0, 0]

    for group in MEETINGS:
        for a, b in itertools.combinations(group, 2):
            assert np.linalg.norm(seen(a) - seen(b)) > 14, (sight, a, b)
