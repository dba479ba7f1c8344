"""Reference models, and what it takes to compare ours with them.

`tables/parity.csv` lists them: name, where the reference comes from (and, behind a colon, its name
there if it has another), exact parameters, 10⁹ MACs, and the input they are counted for.
"""

import csv
from contextlib import contextmanager
from pathlib import Path

import d2l_networks
import torch
from torch import nn

from backbones import create_model, list_models

with (Path(__file__).parent / "tables" / "parity.csv").open(encoding="utf-8") as file:
    ROWS = {(row["name"], row["source"]): row for row in csv.DictReader(file)}

# Models too large to compute on two cores in seconds: compared by shapes, on the meta device.
LARGE = {name for name, _ in ROWS if int(ROWS[name, _]["params"]) > 150_000_000}

# Models are compared on small images, to be quick, but on no smaller ones than they work on.
SIZE = 64
SIZES = {"lenet": 28, "bn_lenet": 28, "nin": 80} | dict.fromkeys(list_models("inception"), 96)

# What `randomise` scales weights by. The branches of a thousand layers would add up to infinity.
GAINS = {"resnet1202": 0.1}

# What the models of this book are by default, where the reference differs.
OPTIONS = {
    name: {"aux_logits": False, "init_weights": False} for name in ("googlenet", "inception_v3")
}

# Vision Transformers are built for one size of images.
VIT_OPTIONS = {"torchvision": {"image_size": SIZE}, "timm": {"img_size": SIZE}}

# Initialisation is drawn over anyway, and takes longer than the comparison.
INITIALISERS = [name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")]


@contextmanager
def uninitialised():
    """Builds modules without drawing their first weights."""
    originals = {name: getattr(nn.init, name) for name in INITIALISERS}
    try:
        for name in INITIALISERS:
            setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)
        yield
    finally:
        for name, original in originals.items():
            setattr(nn.init, name, original)


def move_positions_behind_patches(model: nn.Module) -> None:
    """Register a timm ViT's position embedding where torchvision does; nothing else changes."""
    positions = model._parameters.pop("pos_embed")
    model.patch_embed.proj.register_parameter("pos_embed", positions)
    model.__dict__["pos_embed"] = positions


def build_small(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """Our model, its weights not drawn, and the shape (C, H, W) of a small image for it."""
    with uninitialised():
        model = create_model(name)
    size = SIZES.get(name, SIZE)
    if hasattr(model, "resize"):
        size -= size % model.patch_size
        model.resize(size)
    return model, (model.in_channels, size, size)


def build_reference(name: str, source: str, **options) -> nn.Module:
    """The reference implementation with its own defaults, 1000 classes (d2l's LeNets: 10)."""
    source, _, other_name = source.partition(":")
    name = other_name or name
    if source == "torchvision":
        import torchvision

        options = OPTIONS.get(name, {}) | options
        return torchvision.models.get_model(name, weights=None, **options)
    if source == "timm":
        import timm

        model = timm.create_model(name, num_classes=1000, **options)
        if name.startswith("vit"):
            move_positions_behind_patches(model)
        return model
    if source == "d2l":
        return getattr(d2l_networks, name)(**options)
    raise ValueError(f"source must be torchvision, timm or d2l, got {source!r}")


def randomise(model: nn.Module, seed: int = 0, gain: float = 1.0) -> None:
    """Draw every weight and every running statistic, so that nothing stays at a neutral value.

    With a ``gain`` of 1, kernels and matrices keep the size of activations.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.ndim >= 2:
                fan_in = tensor[0].numel()
                bound = gain * (3 / fan_in) ** 0.5
                tensor.uniform_(-bound, bound, generator=generator)
            elif name.endswith("weight"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            else:
                tensor.normal_(0, 0.1, generator=generator)


def switch_off_chance(model: nn.Module) -> None:
    """Training mode, but dropout and stochastic depth pass everything."""
    model.train()
    for module in model.modules():
        if any(word in type(module).__name__ for word in ("Drop", "StochasticDepth")):
            module.eval()
        if hasattr(module, "drop_rate"):  # dropout that is no module
            module.drop_rate = 0.0


def random_small(name: str) -> tuple[nn.Module, torch.Tensor]:
    """Our model with random weights, in evaluation, and two small images for it."""
    model, shape = build_small(name)
    randomise(model, gain=GAINS.get(name, 1.0))
    return model.eval(), torch.randn(2, *shape)


def relative_error(ours: torch.Tensor, theirs: torch.Tensor, floor: float = 0.0) -> float:
    """Largest difference over the largest value of the reference."""
    if torch.equal(ours, theirs):  # most are, and it is quicker to see
        return 0.0
    scale = max(theirs.abs().max().item(), floor)
    return (ours - theirs).abs().max().item() / scale if scale else float("inf")
