"""What each layer of a model gives and costs: shape, parameters, MACs, memory, receptive field.

`profile` runs the model once on the meta device: shapes only, no arithmetic, so that even the
largest network takes a second or two. Multiplications are counted by torch's `FlopCounterMode`.
"""

import html
import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from backbones.fields import AxisField, FieldTracker
from backbones.models import create_model
from backbones.modes import kept_modes
from backbones.tables import html_table


@dataclass(frozen=True)
class Row:
    """One layer, or a block of layers folded into a row.

    Attributes:
        name: Path of the module in the model.
        kind: Class of the module.
        shape: Shape of its output without the batch.
        parameters: Trainable numbers in it.
        macs: Multiply-accumulate operations for one image.
        memory: Bytes of the new tensors it makes for one image. In-place layers make none.
        field: Receptive field of its output in pixels, (height, width); infinite for a layer
            that sees the whole image whatever its size, None where it does not depend on it.
        jump: Input pixels between neighbouring output positions, (height, width).
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    memory: int
    field: tuple[float, float] | None
    jump: tuple[float, float] | None


@dataclass(frozen=True)
class Profile:
    """The rows of a model, in the order in which layers finish. Totals are sums of the rows."""

    rows: tuple[Row, ...]
    model: str
    input_size: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Parameters of the model."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """MACs for one image."""
        return sum(row.macs for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all activations for one image: what training has to keep, roughly."""
        return sum(row.memory for row in self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no row {name!r}; rows are {', '.join(row.name for row in self.rows)}")

    def _cells(self) -> list[tuple[str, ...]]:
        head = ("layer", "kind", "output", "parameters", "MACs", "memory, KiB", "field", "jump")
        body = [
            (
                row.name,
                row.kind,
                " x ".join(map(str, row.shape)),
                f"{row.parameters:,}",
                f"{row.macs:,}",
                _kib(row.memory),
                _extent(row.field),
                _extent(row.jump),
            )
            for row in self.rows
        ]
        total = ("total", self.model, "", f"{self.parameters:,}", f"{self.macs:,}")
        return [head, *body, (*total, _kib(self.memory), "", "")]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = []
        for row in cells:
            left = [text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True)]
            right = [text.rjust(width) for text, width in zip(row[3:], widths[3:], strict=True)]
            lines.append("  ".join(left + right).rstrip())
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def __repr__(self) -> str:
        return f"Profile({self.model}, {len(self.rows)} rows, {self.macs:,} MACs)"

    def _repr_html_(self) -> str:
        cells = ([text.replace(" x ", " × ") for text in row] for row in self._cells())
        # Counts come first, so that they are seen where there is no room for the rest.
        head, *body = (
            [(name, kind), parameters, macs, output, *others]
            for name, kind, output, parameters, macs, *others in cells
        )
        head[0] = "layer"
        caption = f"{self.model} on a {' × '.join(map(str, self.input_size))} image"
        return (
            f'<div class="bb-table" tabindex="0" role="group" aria-label="{html.escape(caption)}">'
            f"\n{html_table(body, head, caption=caption)}</div>"
        )


def _kib(size: int) -> str:
    return f"{size / 1024:,.1f}"


def _extent(extent: tuple[float, float] | None) -> str:
    if extent is None:
        return "-"
    height, width = ("all" if math.isinf(value) else f"{value:.0f}" for value in extent)
    return height if height == width else f"{height} x {width}"


class _MemoryMeter(TorchDispatchMode):
    """Counts the bytes of every tensor that gets memory of its own: views and in-place do not."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        self.total = 0
        # Storages are kept alive: a freed one could lend its address to the next.
        self._seen = {t.untyped_storage()._cdata: t.untyped_storage() for t in known}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        for tensor in output if isinstance(output, tuple | list) else (output,):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self._seen:
                    self._seen[storage._cdata] = storage
                    self.total += tensor.numel() * tensor.element_size()
        return output


@dataclass
class _Visit:
    """Sums for one module: everything inside it, and the part of its submodules."""

    module: nn.Module
    macs: int = 0
    memory: int = 0
    inner_macs: int = 0
    inner_memory: int = 0
    shape: tuple[int, ...] = ()
    fields: tuple[AxisField, AxisField] | None = None


class _Recorder:
    """Forward hooks that read the counters before and after each module."""

    def __init__(self, model: nn.Module, state: Iterable[Tensor], image: Tensor) -> None:
        self.flops = FlopCounterMode(display=False)
        self.memory = _MemoryMeter([image, *state])
        self.tracker = FieldTracker(image)
        self.names = {module: name for name, module in model.named_modules()}
        self.visits: dict[str, _Visit] = {}
        self._open: list[tuple[int, int]] = []
        self._inner: list[list[int]] = [[0, 0]]

    def _read(self) -> tuple[int, int]:
        return self.flops.get_total_flops() // 2, self.memory.total

    def enter(self, module, args):
        self._open.append(self._read())
        self._inner.append([0, 0])

    def leave(self, module, args, output):
        macs, memory = (
            now - then for now, then in zip(self._read(), self._open.pop(), strict=True)
        )
        inner_macs, inner_memory = self._inner.pop()
        self._inner[-1][0] += macs
        self._inner[-1][1] += memory
        name = self.names[module]
        visit = self.visits.pop(name, None) or _Visit(module)
        visit.macs += macs
        visit.memory += memory
        visit.inner_macs += inner_macs
        visit.inner_memory += inner_memory
        first = output[0] if isinstance(output, tuple | list) else output
        if isinstance(first, Tensor):
            visit.shape = tuple(first.shape[1:])
            visit.fields = self.tracker.field(first)
        self.visits[name] = visit  # popped and put back: the last call gives the place


def profile(
    model: nn.Module | str, input_size: Sequence[int] = (3, 224, 224), depth: int | None = None
) -> Profile:
    """Measure a model layer by layer.

    Args:
        model: Takes images (B, C, H, W). It is left as it was. Or one of `list_models()`, with as
            many input channels as ``input_size`` says; that is measured once and then kept.
        input_size: (C, H, W) of one image.
        depth: Fold everything below this many levels of modules into one row. By default every
            layer has its own.

    Returns:
        A `Profile`; it renders as a table in a notebook, and as text by ``print``. Work that a
        block does outside its layers, such as the addition of a skip, has a row of the block's
        name.

    Raises:
        ValueError: If ``input_size`` is not three positive sizes, ``depth`` is below 1, or there
            is no model of that name.
    """
    input_size = tuple(input_size)
    if len(input_size) != 3 or any(not isinstance(s, int) or s < 1 for s in input_size):
        raise ValueError(f"input_size must be (channels, height, width), got {input_size}")
    if depth is not None and depth < 1:
        raise ValueError(f"depth must be at least 1, or None for every layer, got {depth}")
    if isinstance(model, str):
        return _named(model, input_size, depth)
    visits = _measure(model, input_size)
    return Profile(tuple(_rows(visits, depth)), type(model).__name__, input_size)


@cache
def _named(name: str, input_size: tuple[int, ...], depth: int | None) -> Profile:
    kind, visits = _measure_named(name, input_size)
    return Profile(tuple(_rows(visits, depth)), kind, input_size)


@cache
def _measure_named(name: str, input_size: tuple[int, ...]) -> tuple[str, dict[str, _Visit]]:
    with torch.device("meta"):
        model = create_model(name, in_channels=input_size[0])
    return type(model).__name__, _measure(model, input_size)


def _measure(model: nn.Module, input_size: tuple[int, ...]) -> dict[str, _Visit]:
    """What each module does, by its name."""
    state = _shapes_of_state(model)
    image = torch.empty(1, *input_size, device="meta")
    recorder = _Recorder(model, state.values(), image)
    with ExitStack() as stack:
        stack.enter_context(kept_modes(model))
        model.eval()
        stack.enter_context(torch.no_grad())
        for module in model.modules():
            for hook in (
                module.register_forward_pre_hook(recorder.enter),
                module.register_forward_hook(recorder.leave),
            ):
                stack.callback(hook.remove)
        # Attention as plain matrix products: the counter does not know every fused kernel.
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        for mode in (recorder.flops, recorder.memory, recorder.tracker):
            stack.enter_context(mode)
        torch.func.functional_call(model, state, (image,), tie_weights=False)
    return recorder.visits


def _shapes_of_state(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers without memory, by name: each place once, also in a shared module.

    A module that stands in two places of the model has two names, and replacing its weights by
    both would lose the real ones. Weights that two modules share are one tensor here as well.
    """
    shapes: dict[Tensor, Tensor] = {}
    state = {}
    for prefix, module in model.named_modules():
        own = [*module.named_parameters(recurse=False, remove_duplicate=False)]
        own += module.named_buffers(recurse=False, remove_duplicate=False)
        for name, tensor in own:
            if tensor not in shapes:
                shapes[tensor] = torch.empty_like(tensor, device="meta")
            state[f"{prefix}.{name}" if prefix else name] = shapes[tensor]
    return state


def _rows(visits: dict[str, _Visit], depth: int | None):
    counted = set()
    for name, visit in visits.items():
        level = name.count(".") + 1 if name else 0
        if depth is not None and level > depth:
            continue
        has_inner = any(True for _ in visit.module.children())
        folded = depth == level or not has_inner
        parameters = 0
        for parameter in visit.module.parameters(recurse=folded):
            if parameter not in counted:
                counted.add(parameter)
                parameters += parameter.numel()
        macs = visit.macs if folded else visit.macs - visit.inner_macs
        memory = visit.memory if folded else visit.memory - visit.inner_memory
        if folded or parameters or macs or memory:
            fields = visit.fields
            yield Row(
                name=name or "(model)",
                kind=type(visit.module).__name__,
                shape=visit.shape,
                parameters=parameters,
                macs=macs,
                memory=memory,
                field=fields and tuple(axis.size for axis in fields),
                jump=fields and tuple(axis.jump for axis in fields),
            )
