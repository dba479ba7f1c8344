"""Plots of series as they come: many, close together, broken off, with long names."""

import math

import numpy as np
import torch
from matplotlib.figure import Figure

from backbones import plots
from backbones.data import digits, flowers, photos
from backbones.diagrams import Picture
from backbones.plots.panels import Panels
from backbones.plots.rendering import Page
from backbones.train import Evaluation, History

LONG_NAMES = (
    "ResNet-20, as in the paper",
    "ResNet-20 without batch normalisation",
    "plain-20 with batch normalisation",
    "plain-20",
)


def _curve(end: float, epochs: int = 20, start: float = 2.3) -> np.ndarray:
    """A loss that falls from start to end."""
    steps = np.arange(epochs)
    return end + (start - end) * np.exp(-steps / 4) + 0.02 * np.sin(7 * end + 3 * steps)


def _history(loss: float, epochs: int = 20) -> History:
    """A run that ends near a loss; it starts at that of guessing among ten classes."""
    result = History(parameter_shapes={f"layers.{k}.weight": [8, 8, 3, 3] for k in range(8)})
    for train, validation in zip(_curve(loss, epochs), _curve(1.2 * loss, epochs), strict=True):
        result.append(
            {f"layers.{k}.weight": train * 2.0 ** (k - 8) for k in range(8)},
            train_loss=train,
            train_accuracy=math.exp(-train),
            validation_loss=validation,
            validation_accuracy=math.exp(-validation),
            seconds=1.0,
            gradient_norm=2 * train,
        )
    return result


def _evaluation(classes: tuple[str, ...], labels: torch.Tensor, sure: float = 4) -> Evaluation:
    """Answers that are right more often than not."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(len(labels), len(classes), generator=generator)
    scores[torch.arange(len(labels)), labels] += sure
    return Evaluation(labels, (2 * scores).softmax(1), 0.5, classes)


def lines() -> Picture:
    """Lines: two series."""
    n = np.arange(1, 6)
    return plots.lines(
        {"one large filter": (n, (2 * n + 1) ** 2), "stack of 3×3": (n, 9 * n)},
        "layers n",
        "weights / C²",
        markers=True,
        alt="The weights of one large filter grow with the square of n, a stack's linearly.",
        caption="A caption says what to see in the plot, in one or two sentences, and may be as "
        "long as this one, which takes a second line.",
    )


def lines_many() -> Picture:
    """Lines: nine series whose ends nearly meet."""
    names = ("LeNet", "AlexNet", "VGG-16", "GoogLeNet", "ResNet-50", "DenseNet-121")
    names += ("MobileNetV2", "EfficientNet-B0", "ViT-B/16")
    epochs = np.arange(1, 21)
    series = {name: (epochs, _curve(0.5 + 0.01 * k)) for k, name in enumerate(names)}
    return plots.lines(series, "epoch", "training loss (nats)")


def lines_one_family() -> Picture:
    """Lines: six members of one family, on a logarithmic axis."""
    layers = np.arange(1, 45)
    series = {
        f"plain-{depth}": (layers[:depth], 10.0 ** (-layers[:depth] / (4 + k)))
        for k, depth in enumerate((8, 14, 20, 26, 32, 44))
    }
    return plots.lines(series, "layers", "gradient norm", log_y=True, markers=True)


def lines_levels() -> Picture:
    """Lines: levels that nearly meet, one series emphasised, a range of its own."""
    epochs = np.arange(1, 21)
    series = {name: (epochs, _curve(0.3 + 0.2 * k)) for k, name in enumerate(LONG_NAMES)}
    levels = {"guessing": 2.30, "guessing the most frequent class": 2.22, "a linear model": 2.15}
    return plots.lines(
        series,
        "epoch",
        "training loss (nats)",
        levels=levels,
        emphasis=[LONG_NAMES[0]],
        y_range=(0, 2.5),
    )


def lines_log_log() -> Picture:
    """Lines: both axes logarithmic, five decades."""
    channels = 2.0 ** np.arange(0, 13)
    series = {f"{k}×{k}": (channels, (k * channels) ** 2) for k in (1, 3, 5, 7)}
    return plots.lines(series, "channels", "weights", log_x=True, log_y=True)


def lines_broken_off() -> Picture:
    """Lines: long names, and one series that ends in nan."""
    epochs = np.arange(1, 21)
    series = {name: (epochs, _curve(0.3 + 0.2 * k)) for k, name in enumerate(LONG_NAMES)}
    series[LONG_NAMES[1]][1][9:] = math.nan
    return plots.lines(series, "epoch", "training loss (nats)")


def training_curves_one() -> Picture:
    """Training curves: one run."""
    return plots.training_curves(_history(0.4), alt="Loss of one run.")


def training_curves() -> Picture:
    """Training curves: three runs, the loss."""
    runs = {name: _history(loss) for name, loss in (("VGG", 0.5), ("ResNet", 0.45), ("ViT", 0.9))}
    return plots.training_curves(runs, "loss")


def gradient_norms() -> Picture:
    """Gradient norms: four networks of 44 layers."""
    layers = np.arange(44)
    rates = {"plain-44": 0.35, "plain-44, BN": -0.15, "ResNet-44": 0.02, "ResNet-44, BN": -0.02}
    return plots.gradient_norms({name: 10 ** (-rate * layers) for name, rate in rates.items()})


def seed_curves() -> Picture:
    """Seeds: four networks of three seeds, chance and two baselines."""
    runs = {
        name: [_history(0.3 + 0.06 * k + 0.05 * seed) for seed in range(3)]
        for k, name in enumerate(LONG_NAMES)
    }
    baselines = {"nearest neighbour": 22.5, "logistic regression": 25.0}
    return plots.seed_curves(runs, chance=20.0, baselines=baselines)


def seed_curves_emphasis() -> Picture:
    """Seeds: one network emphasised, logarithmic."""
    runs = {
        f"plain-{depth}": [_history(0.05 * depth / 8 + 0.02 * seed) for seed in range(3)]
        for depth in (8, 20, 44, 56)
    }
    return plots.seed_curves(runs, "train_loss", emphasis=["plain-56"], log_y=True)


def seed_curves_stopped() -> Picture:
    """Seeds: one network whose runs were stopped early, and one run of nan alone."""
    runs = {
        "VGG-16": [_curve(0.4, 20), _curve(0.5, 20)],
        "VGG-16, large learning rate": [_curve(1.9, 5), np.full(5, math.nan)],
    }
    return plots.seed_curves(runs, y_label="training loss (nats)", chance=2.3)


def compare_runs() -> Picture:
    """Runs compared: long names, chance, a baseline, one run of nan."""
    results = {
        name: [60 + 8 * k, 62 + 8 * k, 64.5 + 7 * k] for k, name in enumerate(reversed(LONG_NAMES))
    }
    results[LONG_NAMES[1]][0] = math.nan
    return plots.compare_runs(results, chance=20.0, baselines={"nearest neighbour": 31.0})


def edf() -> Picture:
    """Distribution functions: long names, curves that cross, a sample of one."""
    samples = {
        LONG_NAMES[0]: [40 + 1.3 * k for k in range(20)],
        LONG_NAMES[1]: [46 + 0.6 * k for k in range(20)],
        "one network": [52.0],
    }
    return plots.edf(samples)


def bars() -> Picture:
    """Bars: long names, large numbers."""
    values = {
        "VGG-16": 138_357_544,
        "ResNet-50, torchvision": 25_557_032,
        "MobileNetV2, width 0.35": 1_677_128,
        "EfficientNet-Lite0": 4_652_008,
    }
    return plots.bars(values, "parameters", write="{:,.0f}".format)


def bars_below_zero() -> Picture:
    """Bars: values below zero."""
    values = {"block 1": -58.1, "block 2": -31.0, "block 3": -0.2, "block 4": 1.4}
    return plots.bars(values, "change of accuracy (points)", write="{:+.1f}".format)


def scatter() -> Picture:
    """Points: twelve networks, many of them close together, a logarithmic axis."""
    points = {
        "AlexNet": (0.71, 56.5), "VGG-16": (15.5, 71.6), "VGG-19": (19.6, 72.4),
        "GoogLeNet": (1.5, 69.8), "Inception v3": (5.7, 77.3), "ResNet-18": (1.8, 69.8),
        "ResNet-34": (3.7, 73.3), "ResNet-50": (4.1, 76.1), "DenseNet-121": (2.9, 74.4),
        "MobileNetV2": (0.3, 71.9), "EfficientNet-B0": (0.39, 77.7), "ViT-B/16": (17.6, 81.1),
    }  # fmt: skip
    return plots.scatter(points, "MACs (G)", "ImageNet top-1 accuracy (%)", log_x=True)


def heatmap() -> Picture:
    """Heat map: an effective receptive field."""
    place = torch.linspace(-2, 2, 41)
    bell = (-(place[:, None] ** 2) - place**2).exp()
    return plots.heatmap(bell, "influence (largest = 1)", x_label="column", y_label="row")


def heatmap_wide() -> Picture:
    """Heat map: few rows, many columns."""
    words = torch.rand(5, 30, generator=torch.Generator().manual_seed(0))
    return plots.heatmap(words, "attention", x_label="key", y_label="query")


def image_grid() -> Picture | Panels:
    """Pictures with titles."""
    chosen = list(photos().values())[:6]
    titles = ("a temple", "a flower", "a cat's face", "a cup of coffee", "a camera", "astronaut")
    return plots.image_grid(chosen, titles, caption="Photographs that ship with scikit-image.")


def image_grid_small() -> Picture | Panels:
    """Pictures of few pixels, without titles."""
    return plots.image_grid(digits(8).train.images[:16], columns=8, lossless=True)


def feature_maps() -> Picture | Panels:
    """Feature maps."""
    maps = torch.randn(24, 14, 14, generator=torch.Generator().manual_seed(0)).cumsum(1).cumsum(2)
    return plots.feature_maps(maps)


def confusion() -> Picture:
    """Confusion: five classes."""
    classes = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    return plots.confusion(_evaluation(classes, torch.arange(500) % 5))


def confusion_many() -> Picture:
    """Confusion: ten classes with long names."""
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse")
    classes += ("container ship", "articulated truck")
    return plots.confusion(_evaluation(classes, torch.arange(10_000) % 10))


def most_confused() -> Picture | Panels:
    """Confused: the wrong answers that a model was surest of."""
    data = flowers().validation
    return plots.most_confused(_evaluation(data.classes, data.labels, sure=2), data.images)


def panels() -> Panels:
    """Panels: a whole curve and its last part."""
    epochs = np.arange(1, 21)
    series = {name: (epochs, _curve(0.4 + 0.05 * k)) for k, name in enumerate(("VGG", "ResNet"))}
    whole = plots.lines(series, "epoch", "training loss (nats)")
    last = plots.lines(series, "epoch", "training loss (nats)", y_range=(0.3, 0.6))
    return plots.panels(whole, last, titles=("from the start", "at the end"), caption="Two plots.")


def own_plot() -> Picture:
    """A plot of one's own in the house style: two axes, for a column and for a phone."""

    def draw(page: Page) -> Figure:
        figure = Figure(figsize=(page.width / 72, 240 / 72), dpi=72)
        for axes, title in zip(figure.subplots(1, 2), ("sigmoid", "its slope"), strict=True):
            x = np.linspace(-6, 6, 100)
            y = 1 / (1 + np.exp(-x))
            axes.plot(x, y if title == "sigmoid" else y * (1 - y))
            axes.set_title(title)
            axes.set_xlabel("input")
        return figure

    return plots.picture(draw, "The sigmoid, and its slope, which is 0.25 at most.")
