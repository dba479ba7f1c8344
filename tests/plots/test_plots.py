import base64
import io
import itertools
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from skimage.color import rgb2lab

from backbones import plots
from backbones.plots.placing import _apart, _overlap
from backbones.plots.style import family
from backbones.train.evaluation import Evaluation
from backbones.train.history import History

CLASSES = ("daisy", "rose", "tulip")


def history(level: float, epochs: int = 12) -> History:
    names = [f"stages.{i}.conv.{kind}" for i in range(7) for kind in ("weight", "bias")]
    shapes = {name: [4, 4, 3, 3] if name.endswith("weight") else [4] for name in names}
    result = History(parameter_shapes=shapes)
    for epoch in range(epochs):
        result.append(
            {name: level * 10.0 ** (i // 2 - 7) for i, name in enumerate(names)},
            train_loss=2 / (epoch + 1),
            train_accuracy=level * (epoch + 1) / epochs,
            validation_loss=2.1 / (epoch + 1),
            validation_accuracy=0.9 * level * (epoch + 1) / epochs,
            seconds=1.0,
            gradient_norm=1.0,
        )
    return result


def evaluation() -> Evaluation:
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    probabilities = torch.tensor(
        [
            [0.9, 0.1, 0.0],
            [0.2, 0.7, 0.1],
            [0.1, 0.8, 0.1],
            [0.0, 0.4, 0.6],
            [0.1, 0.1, 0.8],
            [0.1, 0.2, 0.7],
        ]
    )
    return Evaluation(labels, probabilities, 0.5, CLASSES)


def some_images(count: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, 3, 5, 7), dtype=torch.uint8, generator=generator)


RUNS = {"ResNet-14": history(0.9), "plain-14": history(0.8)}
X = np.linspace(-3, 3, 50)

PLOTS = {
    "accuracy": lambda: plots.training_curves(RUNS),
    "loss": lambda: plots.training_curves(RUNS, "loss"),
    "one run": lambda: plots.training_curves(history(0.7)),
    "runs": lambda: plots.compare_runs({"ResNet-14": [88, 90.5], "plain-14": [history(0.9)]}),
    "gradients": lambda: plots.gradient_norms(RUNS),
    "lines": lambda: plots.lines({"ReLU": (X, X.clip(0)), "tanh": (X, np.tanh(X))}, "x", "y"),
    "bars": lambda: plots.bars({"VGG": 138, "ResNet": 25}, "parameters (millions)"),
    "scatter": lambda: plots.scatter({"LeNet": (1, 80), "ViT": (2e6, 90)}, "MACs", "%", log_x=True),
    "confusion": lambda: plots.confusion(evaluation()),
    "heat map": lambda: plots.heatmap(torch.eye(20), "weight", x_label="key", y_label="query"),
    "images": lambda: plots.image_grid(some_images(), ["a < b"] * 6),
    "feature maps": lambda: plots.feature_maps(torch.arange(60.0).view(3, 4, 5)),
    "most confused": lambda: plots.most_confused(evaluation(), some_images()),
}


@pytest.fixture(scope="module")
def pictures():
    return {name: draw() for name, draw in PLOTS.items()}


@pytest.mark.parametrize("name", PLOTS)
def test_plot_is_fit_for_any_page(pictures, name):
    picture = pictures[name]
    page = picture._repr_html_()
    root = ElementTree.fromstring(picture.svg)
    assert page.startswith('<figure class="bb-plot"')
    assert (" data-numbers='" in page) == (name not in ("images", "feature maps", "most confused"))
    assert picture.alt
    width, height = map(float, root.get("viewBox").split()[2:])
    assert (root.get("width"), float(root.get("height"))) == ("504", height)
    assert width == 504
    # nothing that acts on the rest of the page, nothing of the moment, no fixed ink or font
    assert not re.search(r"<style|<metadata|<script|<title|xmlns|#000000|font-family", picture.svg)
    assert "20" + "26" not in re.sub(r"base64,\S+", "", picture.svg)
    sizes = [float(size) for size in re.findall(r"font-size[:=]\"?([\d.]+)", picture.svg)]
    assert min(sizes, default=12) >= 12
    ids = re.findall(r' id="([^"]*)"', picture.svg)
    used = re.findall(r'(?:url\(#|href="#)([^)"]*)', picture.svg)
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(used)
    assert len(re.sub(r"base64,\S+", "", picture.svg)) < 12_000


def test_two_plots_on_a_page_share_no_id(pictures):
    ids = [set(re.findall(r' id="([^"]*)"', picture.svg)) for picture in pictures.values()]
    assert sum(map(bool, ids)) > 5
    assert all(not a & b for a, b in itertools.combinations(ids, 2))


@pytest.mark.parametrize("name", ["accuracy", "heat map", "images"])
def test_plots_do_not_change_from_run_to_run(pictures, name):
    assert PLOTS[name]() == pictures[name]


def texts(picture) -> list[str]:
    return [element.text for element in ElementTree.fromstring(picture.svg).iter("text")]


EXPECTED_TEXTS = {
    "accuracy": {"ResNet-14", "plain-14", "accuracy (%)", "epoch", "validation", "training"},
    "loss": {"loss (nats)", "epoch", "ResNet-14"},
    "one run": {"accuracy (%)", "12"},
    "runs": {"ResNet-14", "plain-14", "validation accuracy (%)"},
    "gradients": {"ResNet-14", "layers, counted back from the loss", "gradient norm", "10⁻⁶"},
    "lines": {"ReLU", "tanh", "x", "y"},
    "bars": {"VGG", "138", "25", "parameters (millions)"},
    "scatter": {"LeNet", "ViT", "MACs", "%", "10⁵"},
    "confusion": {*CLASSES, "true class", "predicted class", "1", "2", "·"},
    "heat map": {"weight", "key", "query"},
    "images": {"a < b"},
    "most confused": {"daisy → rose", "rose → tulip"},
}


@pytest.mark.parametrize("name", EXPECTED_TEXTS)
def test_labels_are_written_as_letters(pictures, name):
    assert EXPECTED_TEXTS[name] <= set(texts(pictures[name]))


def test_default_alt_holds_no_measured_number(pictures):
    assert pictures["accuracy"].alt == (
        "Training and validation curves: accuracy (%) by epoch of ResNet-14 and plain-14"
    )
    measured = [pictures[name].alt for name in ("runs", "bars", "confusion", "most confused")]
    assert not any(
        re.search(r"\d", alt.replace("ResNet-14", "").replace("plain-14", "")) for alt in measured
    )


def test_alt_and_caption_are_the_callers():
    picture = plots.bars({"a": 1}, "cost", alt="a costs one", caption="Costs.")
    assert (picture.alt, picture.caption) == ("a costs one", "Costs.")


def marks(picture, index: int = 0) -> list[tuple[float, float]]:
    """Places of the marks of one series."""
    places = {}
    for use in ElementTree.fromstring(picture.svg).iter("use"):
        places.setdefault(use.get("href"), []).append((float(use.get("x")), float(use.get("y"))))
    return list(places.values())[index]


def test_curves_are_where_the_numbers_are(pictures):
    xs, ys = zip(*marks(pictures["accuracy"]), strict=True)  # validation of ResNet-14
    np.testing.assert_allclose(np.diff(xs), np.diff(xs)[0], atol=0.05)
    accuracy = 100 * np.array(RUNS["ResNet-14"].validation_accuracy)
    assert np.corrcoef(ys, accuracy)[0, 1] < -0.99999
    _, others = zip(*marks(pictures["accuracy"], 1), strict=True)
    assert others[-1] > ys[-1]  # lower on the page


def test_gradient_norms_are_those_of_the_weights_in_order(pictures):
    _, ys = zip(*marks(pictures["gradients"]), strict=True)
    assert len(ys) == 7
    np.testing.assert_allclose(np.diff(ys), np.diff(ys)[0], atol=0.05)  # a decade each
    assert ys[-1] > ys[0]  # the first layer, on the right, has the smallest
    plain = plots.gradient_norms({"given": torch.tensor([1e-4, 1e-2, 1.0])})
    assert len(marks(plain)) == 3


def test_every_run_is_shown_and_the_mean_between_them():
    picture = plots.compare_runs({"a": [1.0, 2.0, 6.0]}, "error")
    (x1, _), (x2, _), (x6, _) = marks(picture)
    assert (x6 - x1) / (x2 - x1) == pytest.approx(5, rel=1e-3)
    paths = re.findall(r'<path d="M([\d.]+) [\d.]+L\1 [\d.]+"[^>]*stroke-width:2;', picture.svg)
    assert [float(x) for x in paths] == [pytest.approx(x1 + 2 / 5 * (x6 - x1), abs=0.05)]


def test_bars_start_at_zero():
    picture = plots.bars({"a": 10, "b": 40}, "cost")
    rectangles = re.findall(r'<path d="M([\d.]+) [\d.]+L([\d.]+) [^"]*z" clip', picture.svg)
    (left, short), (other, long) = [(float(a), float(b)) for a, b in rectangles]
    assert left == other
    assert (long - left) / (short - left) == pytest.approx(4, rel=1e-3)


def embedded(picture) -> list[Image.Image]:
    data = re.findall(r"base64,([A-Za-z0-9+/=\s]+)", picture.svg)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def test_heat_map_keeps_the_matrix_upright():
    matrix = torch.zeros(4, 6)
    matrix[0, 5] = 1
    picture = plots.heatmap(matrix, "weight")
    image = next(image for image in embedded(picture) if image.size == (6, 4))
    bright = np.asarray(image.convert("L"))
    (element,) = [
        e for e in ElementTree.fromstring(picture.svg).iter("image") if e.get("width") == "6"
    ]
    # matplotlib may store the picture upside down and turn it over when it is shown
    turned = "scale(1 -1)" in element.get("transform", "") or re.search(
        r"matrix\([\d.]+ 0 0 -", element.get("transform", "")
    )
    assert np.unravel_index(bright.argmax(), bright.shape) == ((3 if turned else 0), 5)


def test_image_grid_keeps_every_pixel_if_asked():
    images = some_images(3)
    shown = [np.asarray(image) for image in embedded(plots.image_grid(images, lossless=True))]
    for ours, theirs in zip(shown, images, strict=True):
        np.testing.assert_array_equal(ours, theirs.permute(1, 2, 0).numpy())
    grey = plots.image_grid(images[:, :1], lossless=True)
    np.testing.assert_array_equal(np.asarray(embedded(grey)[0]), images[0, 0].numpy())


def test_image_grid_gives_long_titles_room():
    drawn = plots.image_grid(
        some_images(4), ["a title of more than half the width of a picture"] * 4
    ).svg
    assert len(set(re.findall(r'<image x="([\d.]+)"', drawn))) == 1
    drawn = plots.image_grid(some_images(4), ["short"] * 4).svg
    assert len(set(re.findall(r'<image x="([\d.]+)"', drawn))) == 4
    drawn = plots.image_grid(some_images(6), ["daisy → sunflower"] * 6).svg
    assert len(set(re.findall(r'<image x="([\d.]+)"', drawn))) == 3  # two equal rows


def test_feature_maps_use_the_whole_scale_each():
    maps = torch.stack([torch.linspace(0, 1e-3, 12), torch.linspace(50, -50, 12)]).view(2, 3, 4)
    first, second = (np.asarray(image) for image in embedded(plots.feature_maps(maps)))
    low, high = (255 * np.array(matplotlib.colormaps["viridis"](x)[:3]) for x in (0.0, 1.0))
    np.testing.assert_allclose(first[0, 0], low, atol=1)
    np.testing.assert_allclose(first[-1, -1], high, atol=1)
    np.testing.assert_array_equal(second[::-1, ::-1], first)
    assert len(embedded(plots.feature_maps(torch.zeros(30, 2, 2), count=5))) == 5


def test_a_figure_of_ones_own_becomes_a_picture_and_is_closed():
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with plots.house_style():
        figure, axes = plt.subplots()
        axes.plot([1, 2], [3, 4], color=plots.COLORS["resnet"])
        axes.set_title("a <title>")
        picture = plots.picture(figure, "A line", "And what it means.")
    assert plt.get_fignums() == []
    assert "var(--bb-blue,#0072B2)" in picture.svg
    assert "a &lt;title&gt;" in picture.svg
    assert picture.caption == "And what it means."


def test_house_style_ends_with_its_block():
    before = dict(matplotlib.rcParams)
    with plots.house_style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before


def test_picture_needs_an_alt():
    with pytest.raises(ValueError, match="alt must say what the picture shows"):
        plots.picture(Figure(), " ")


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


def test_series_differ_in_more_than_colour():
    families = plots.styles(list(plots.COLORS))
    assert len({style.color for style in families.values()}) == len(plots.COLORS)
    names = ["ResNet-8", "ResNet-14", "ResNet-20", "sigmoid", "tanh", "ReLU", "swish"]
    chosen = plots.styles(names)
    assert len({(style.marker, style.dashes, style.color) for style in chosen.values()}) == 7
    same = [chosen[name] for name in names[:3]]
    assert {style.color for style in same} == {plots.COLORS["resnet"]}
    for a, b in itertools.combinations(same, 2):
        assert a.marker != b.marker
        assert a.dashes != b.dashes


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


@given(
    st.lists(st.floats(0, 300), min_size=1, max_size=12).map(sorted),
    st.floats(1, 20),
)
def test_labels_are_moved_apart_and_no_further(places, gap):
    moved = _apart(places, gap)
    assert len(moved) == len(places)
    assert all(b - a >= gap - 1e-6 for a, b in itertools.pairwise(moved))
    assert sum(moved) == pytest.approx(sum(places), abs=1e-6)
    if all(b - a >= gap for a, b in itertools.pairwise(places)):
        assert moved == pytest.approx(places)


def test_close_points_are_labelled_side_by_side():
    points = {f"network {i}": (1.0 + 0.06 * i, 1.0) for i in range(4)}
    points["far"] = (3.0, 2.0)
    picture = plots.scatter(points, "x", "y")
    boxes = []
    root = ElementTree.fromstring(picture.svg)
    around = {child: parent for parent in root.iter() for child in parent}
    for element in root.iter("text"):
        if element.text in points:
            x, y, width = float(element.get("x")), float(element.get("y")), 60
            style = element.get("style") or around[element].get("style")
            left = x - width * (0.5 if "middle" in style else 1 if "end" in style else 0)
            boxes.append((left, y - 10, left + width, y))
    assert len(boxes) == 5
    assert not any(_overlap(a, b) for a, b in itertools.combinations(boxes, 2))


BAD = {
    "quantity must be one of accuracy, loss, got 'f1'": lambda: plots.training_curves(RUNS, "f1"),
    "histories must hold at least one entry": lambda: plots.training_curves({}),
    "series must hold at least one entry": lambda: plots.lines({}, "x", "y"),
    "results must hold at least one entry": lambda: plots.compare_runs({}),
    "points must hold at least one entry": lambda: plots.scatter({}, "x", "y"),
    "values must hold at least one entry": lambda: plots.bars({}, "x"),
    "epoch must be below 12, as many as were run, got 12": lambda: plots.gradient_norms(RUNS, 12),
    r"matrix must be \(H, W\), got \(3,\)": lambda: plots.heatmap([1, 2, 3], "x"),
    r"maps must be \(C, H, W\), got \(4, 4\)": lambda: plots.feature_maps(torch.zeros(4, 4)),
    "got 0 images and 0 titles": lambda: plots.image_grid([]),
    "got 6 images and 1 titles": lambda: plots.image_grid(some_images(), ["one"]),
    r"images must be uint8 of 1 or 3 channels, got torch.float32 \(3, 2, 2\)": lambda: (
        plots.image_grid([torch.zeros(3, 2, 2)])
    ),
    "images must be the 6 that were evaluated, got 2": lambda: plots.most_confused(
        evaluation(), some_images(2)
    ),
    "evaluation must have a wrong answer to show": lambda: plots.most_confused(
        Evaluation(torch.tensor([0]), torch.tensor([[0.9, 0.1]]), 0.1, CLASSES[:2]), some_images(1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
