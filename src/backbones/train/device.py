"""Where a model is trained, and at what precision: accelerate's choices, without its traces."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import parse_flag_from_env
from torch import nn

from backbones.modes import kept_modes


def device_is_fast() -> bool:
    """Whether `fit` would train on a GPU: what a cell asks before it chooses epochs and widths."""
    return torch.accelerator.is_available() and not parse_flag_from_env("ACCELERATE_USE_CPU")


def device_name() -> str:
    """The processor or GPU that `fit` would train on, as its maker calls it."""
    if device_is_fast():
        device = torch.accelerator.current_accelerator().type
        return torch.cuda.get_device_name() if device == "cuda" else device
    described = Path("/proc/cpuinfo")  # Linux; elsewhere Python may know the name
    lines = described.read_text().splitlines() if described.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


@contextmanager
def own_accelerator(mixed_precision: str | None) -> Iterator[Accelerator]:
    """An accelerator of this run's own.

    accelerate keeps its settings in a state that all accelerators of a process share, and refuses
    a second precision. So that state is put aside for the time of the run.
    """
    on_cpu = not device_is_fast()
    device = PartialState(cpu=on_cpu).device
    if mixed_precision is None:
        # Older GPUs emulate bf16, which is slower than their own fp16.
        has_bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        mixed_precision = "no" if device.type != "cuda" else "bf16" if has_bf16 else "fp16"
    if mixed_precision == "fp16" and device.type == "cpu":
        raise ValueError("mixed_precision must be 'no' or 'bf16' on a CPU, got 'fp16'")
    outer = dict(AcceleratorState._shared_state)
    AcceleratorState._reset_state()
    try:
        yield Accelerator(cpu=on_cpu, mixed_precision=mixed_precision)
    finally:
        AcceleratorState._reset_state()
        AcceleratorState._shared_state.update(outer)


def memory_format(model: nn.Module, device: torch.device) -> torch.memory_format:
    """Channels last, which is faster, but on a CPU where a convolution is very narrow, or not safe.

    With fewer than 8 channels a pixel's channels do not fill a register, and channels last is the
    slower one (by a tenth for LeNet's 6). And on a CPU with AVX-512 and several threads, the weight
    gradient of a strided 1x1 convolution from fewer than 16 channels writes past its memory when
    the batch is odd: oneDNN's fault, seen in torch 2.11 to 2.14.
    """
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    contiguous = device.type == "cpu" and any(
        layer.out_channels < 8
        or (layer.kernel_size == (1, 1) and layer.stride != (1, 1) and layer.in_channels < 16)
        for layer in convolutions
    )
    return torch.contiguous_format if contiguous else torch.channels_last


@contextmanager
def borrowed(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Give the model back in its mode and without accelerate's marks, and chance as it was."""
    own_forward = model.__dict__.get("forward")
    gpus = [device] if device.type == "cuda" else []
    with kept_modes(model), torch.random.fork_rng(devices=gpus):
        try:
            yield
        finally:
            # With these, a second run would take the model for one that is prepared already.
            for mark in ("forward", "_original_forward", "_is_accelerate_prepared"):
                model.__dict__.pop(mark, None)
            if own_forward is not None:
                model.forward = own_forward
