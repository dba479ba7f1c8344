"""What plots draw: the numbers given, in both drawings, fit for any page."""

import base64
import io
import itertools
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from backbones import plots
from backbones.plots.rendering import NARROW, WIDE
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
    "shares": lambda: plots.edf({"free": [52, 48.5, 49], "narrow": [47, 46]}),
    "heat map": lambda: plots.heatmap(torch.eye(20), "weight", x_label="key", y_label="query"),
}


@pytest.fixture(scope="module")
def pictures():
    return {name: draw() for name, draw in PLOTS.items()}


def both(picture) -> list[str]:
    """The wide and the narrow drawing of a picture, or its only one."""
    return [picture.svg, picture.narrow] if picture.narrow else [picture.svg]


@pytest.mark.parametrize("name", PLOTS)
def test_plot_is_fit_for_any_page(pictures, name):
    """Guards pages against a plot's side effects, and readers against small letters."""
    picture = pictures[name]
    page = picture._repr_html_()
    assert page.startswith('<figure class="bb-plot')
    assert " data-numbers='" in page
    assert picture.alt
    for drawing, room in zip(both(picture), (WIDE, NARROW), strict=False):
        root = ElementTree.fromstring(drawing)
        width, height = map(float, root.get("viewBox").split()[2:])
        assert (float(root.get("width")), float(root.get("height"))) == (width, height)
        assert width <= room.width
        # nothing that acts on the rest of the page, nothing of the moment, no fixed ink or font
        assert not re.search(r"<style|<metadata|<script|<title|xmlns|#000000|font-family", drawing)
        assert "20" + "26" not in re.sub(r"base64,\S+", "", drawing)
        sizes = [float(size) for size in re.findall(r"font-size[:=]\"?([\d.]+)", drawing)]
        assert min(sizes) >= 11
        ids = re.findall(r' id="([^"]*)"', drawing)
        used = re.findall(r'(?:url\(#|href="#)([^)"]*)', drawing)
        assert len(set(ids)) == len(ids)
        assert set(ids) == set(used)
    assert len(re.sub(r"base64,\S+", "", page)) < 20_000


@pytest.mark.parametrize("name", sorted(set(PLOTS) - {"heat map"}))
def test_a_phone_gets_a_drawing_of_its_own(pictures, name):
    """Guards letters on a phone: a unit of the narrow drawing is a pixel there."""
    narrow = pictures[name].narrow
    assert float(ElementTree.fromstring(narrow).get("width")) <= 330
    words = [" ".join(text.itertext()) for text in ElementTree.fromstring(narrow).iter("text")]
    wide = [text for text in texts(pictures[name]) if text and text[0].isalpha()]
    missing = set(" ".join(wide).split()) - set(" ".join(words).split())
    assert not missing  # every word of the wide one, whatever line it stands in


def test_a_plot_of_many_seeds_stays_small():
    """Guards the size of a chapter, which holds two drawings and the numbers of each plot."""
    noise = np.random.default_rng(0).normal(size=(4, 3, 60))
    runs = {f"plain-{8 * k + 8}": list(noise[k].cumsum(1)) for k in range(4)}
    assert len(plots.seed_curves(runs, y_label="loss")._repr_html_()) < 32_000


def test_two_plots_on_a_page_share_no_id(pictures):
    drawings = [drawing for picture in pictures.values() for drawing in both(picture)]
    ids = [set(re.findall(r' id="([^"]*)"', drawing)) for drawing in drawings]
    assert sum(map(bool, ids)) > 5
    assert all(not a & b for a, b in itertools.combinations(ids, 2))


@pytest.mark.parametrize("name", ["accuracy", "heat map", "confusion"])
def test_plots_do_not_change_from_run_to_run(pictures, name):
    assert PLOTS[name]() == pictures[name]


def texts(picture) -> list[str]:
    return [element.text for element in ElementTree.fromstring(picture.svg).iter("text")]


EXPECTED_TEXTS = {
    "accuracy": {"ResNet-14", "plain-14", "accuracy", "80%", "epoch", "validation", "training"},
    "loss": {"loss (nats)", "epoch", "ResNet-14"},
    "one run": {"accuracy", "12"},
    "runs": {"ResNet-14", "plain-14", "validation accuracy", "88%"},
    "gradients": {"ResNet-14", "layers, counted back from the loss", "gradient norm", "10⁻⁶"},
    "lines": {"ReLU", "tanh", "x", "y"},
    "bars": {"VGG", "138", "25", "parameters (millions)"},
    "scatter": {"LeNet", "ViT", "MACs", "%", "10⁴"},
    "confusion": {*CLASSES, "true class", "predicted class", "1", "2", "·"},
    "heat map": {"weight", "key", "query"},
}


@pytest.mark.parametrize("name", EXPECTED_TEXTS)
def test_labels_are_written_as_letters(pictures, name):
    assert EXPECTED_TEXTS[name] <= set(texts(pictures[name]))


def test_default_alt_holds_no_measured_number(pictures):
    assert pictures["accuracy"].alt == (
        "Training and validation curves: accuracy (%) by epoch of ResNet-14 and plain-14"
    )
    measured = [pictures[name].alt for name in ("runs", "bars", "confusion")]
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
    accuracy = 100 * np.array(RUNS["ResNet-14"].validation_accuracy)[1::2]  # to the last
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
    means = re.findall(r'<path d="M([\d.]+) [\d.]+l0[ -][^"]*"[^>]*stroke-width:2"', picture.svg)
    assert [float(x) for x in means] == [pytest.approx(x1 + 2 / 5 * (x6 - x1), abs=0.1)]


def test_bars_start_at_zero():
    """Guards the one thing that a bar says: its length."""
    for drawing in both(plots.bars({"a": 10, "b": 40}, "cost")):
        rectangles = re.findall(r'd="M([\d.]+) [\d.]+l([\d.]+) 0 0[^"]*z"', drawing)
        (left, short), (other, long) = [(float(a), float(b)) for a, b in rectangles]
        assert left == other
        assert long / short == pytest.approx(4, rel=0.01)


def test_at_most_eight_markers_evenly_and_one_at_the_end():
    """Guards against curves that are nothing but markers."""
    for count in (2, 7, 8, 9, 44, 60, 200):
        drawn = plots.lines({"a": (range(count), range(count))}, "x", "y", markers=True)
        xs = [x for x, _ in marks(drawn)]
        assert 2 <= len(xs) <= 8
        np.testing.assert_allclose(np.diff(xs), np.diff(xs)[0], atol=0.05)
        assert max(xs) == pytest.approx(plots_right_end(drawn), abs=0.1)


def plots_right_end(picture) -> float:
    """Where the one curve of a picture ends."""
    (path,) = re.findall(r'd="M([\d.]+) [\d.]+l([^"]*)"[^>]*stroke-width:2.2', picture.svg)
    steps = [float(number) for number in re.findall(r"-?[\d.]+", path[1])]
    return float(path[0]) + sum(steps[::2])


def test_shares_step_up_at_each_number_and_end_at_all():
    (drawn,) = plots.edf({"a": [3, 1], "b": [2]}).numbers
    (x, y), (_, other) = drawn["lines"]
    assert x[1:-1] == [1, 1, 3, 3]
    assert y == [0, 0, 50, 50, 100, 100]
    assert other == [0, 0, 100, 100]
    with pytest.raises(ValueError, match="at least one number of 'b'"):
        plots.edf({"a": [1], "b": []})


def test_emphasis_leaves_one_curve_strong():
    """Guards a claim's curve: the others step back, their names are still to be read."""
    series = {name: ([0, 1], [k, k + 1]) for k, name in enumerate("abc")}
    drawn = plots.lines(series, "x", "y", emphasis=["b"]).svg
    assert len(re.findall(r"stroke-opacity:0.4[;\"]", drawn)) == 2
    assert re.search(r"font-weight:700[^>]*>b<", drawn)
    assert plots.lines(series, "x", "y").svg.count("stroke-opacity:0.4;") == 0


def test_curves_and_their_names_light_up_together():
    """Guards the numbers by which `Picture` lets the others fade."""
    root = ElementTree.fromstring(plots.lines({"a": ([0, 1], [1, 2]), "b": ([0, 1], [2, 5])},
                                              "x", "y").svg)  # fmt: skip
    for number, name in (("1", "a"), ("2", "b")):
        groups = [group for group in root.iter("g") if group.get("data-part") == number]
        assert [text.text for group in groups for text in group.iter("text")] == [name]
        assert any("stroke-width:2.2" in (path.get("style") or "") for group in groups
                   for path in group.iter("path"))  # fmt: skip


def test_what_lies_outside_a_given_range_is_cut_off():
    """Guards a panel that shows the last part of a curve."""
    picture = plots.lines({"a": ([0, 1, 2], [0, 90, 95])}, "epoch", "accuracy (%)",
                          y_range=(80, 100))  # fmt: skip
    assert {"80%", "100%"} <= set(texts(picture))
    assert "0%" not in texts(picture)
    assert re.search(r'clip-path="[^"]*" style="[^"]*stroke-width:2.2', picture.svg)


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


BAD = {
    "quantity must be one of accuracy, loss, got 'f1'": lambda: plots.training_curves(RUNS, "f1"),
    "histories must hold at least one entry": lambda: plots.training_curves({}),
    "series must hold at least one entry": lambda: plots.lines({}, "x", "y"),
    "results must hold at least one entry": lambda: plots.compare_runs({}),
    "points must hold at least one entry": lambda: plots.scatter({}, "x", "y"),
    "values must hold at least one entry": lambda: plots.bars({}, "x"),
    "epoch must be below 12, as many as were run, got 12": lambda: plots.gradient_norms(RUNS, 12),
    r"matrix must be \(H, W\), got \(3,\)": lambda: plots.heatmap([1, 2, 3], "x"),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
