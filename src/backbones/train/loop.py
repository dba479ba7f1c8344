"""Training: one loop for every network of the book, on a CPU, on a GPU, or on many.

Hugging Face accelerate chooses the device, casts in mixed precision and averages gradients between
processes; everything else is here in plain sight. A run is a function of its arguments: every
epoch draws its chance from seeds of its own, made from ``seed`` and the epoch's number, so that the
same call gives the same weights, and an interrupted run goes on exactly where its checkpoint left
it.
"""

import math
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn
from tqdm.auto import tqdm

from backbones.checks import check_positive
from backbones.data.imageset import ImageData, normalize
from backbones.progress import is_watched
from backbones.train.checkpoint import (
    check_fingerprint,
    fingerprint,
    load_checkpoint,
    save_checkpoint,
)
from backbones.train.device import borrowed, memory_format, own_accelerator
from backbones.train.evaluation import check_scores, predict
from backbones.train.history import History
from backbones.train.optimizers import OPTIMIZERS, SCHEDULES, parameter_groups
from backbones.train.settings import Settings, in_words, look_up, name_of

_STEPS_BETWEEN_CHECKS = 20  # to look at a loss is to wait for the GPU


def fit(
    model: nn.Module,
    data: ImageData,
    epochs: int,
    *,
    lr: float = 5e-3,
    batch_size: int = 64,
    weight_decay: float = 0.05,
    optimizer: str | Callable[[list[dict]], torch.optim.Optimizer] = "adamw",
    schedule: str | Callable[[float], float] = "one_cycle",
    label_smoothing: float = 0.0,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    clip_norm: float | None = None,
    auxiliary_weight: float = 0.3,
    mixed_precision: str | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    stop_after: int | None = None,
    after_epoch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> History:
    """Train a classifier of pictures, and measure it after each epoch.

    The model is trained in place, and left on the device where it was trained, with its
    convolutions in channels-last layout, in the mode it came in. Parameters that do not require
    gradients are left alone, and a part that has no others runs in evaluation mode, so that its
    batch statistics stay as they are. The caller's random state is not touched.

    The device is the GPU where there is one; ``ACCELERATE_USE_CPU=1`` in the environment keeps to
    the CPU. Under ``torchrun`` each process takes its share of every batch: gradients are those of
    the whole batch, batch statistics those of the share.

    Args:
        model: Gives (B, K) class scores for (B, C, H, W) pictures; in training it may give a tuple
            of them and the scores of auxiliary heads.
        data: Pictures are normalised by its ``mean`` and ``std``.
        epochs: Times that every training picture is seen.
        lr: Highest learning rate of the schedule. The default is for AdamW and small networks;
            large Transformers want a fifth of it, SGD twenty times as much.
        batch_size: Most pictures in a step. An epoch is cut into batches of nearly equal size, so
            that no small last one upsets batch normalisation.
        weight_decay: Of matrices and kernels; biases and normalisations have none.
        optimizer: "adamw", "sgd" (with Nesterov momentum 0.9), or a function that builds one from
            parameter groups with their ``lr`` and ``weight_decay``, as `torch.optim`'s classes do.
        schedule: "one_cycle", "cosine", "constant", or a function from the part of the run that is
            done, 0 to 1, to a factor of ``lr``.
        label_smoothing: Share of each target that is spread evenly over all classes.
        augment: Changes each training batch: ``(uint8 pictures, generator) -> pictures``; for
            example `standard_augment`.
        clip_norm: Scale a longer gradient down to this L2 norm.
        auxiliary_weight: Of the loss of each auxiliary head.
        mixed_precision: "no", "bf16", or on a GPU "fp16". By default "no", but on a CUDA GPU
            "bf16" if it has bf16, else "fp16".
        seed: Of all chance in the run. The initial weights are the caller's affair.
        checkpoint: A file that keeps the run, renewed after each epoch. If it exists, the run goes
            on from there; a finished one returns at once, with its weights in ``model``.
        stop_after: Epochs after which to stop, as if interrupted: the schedule is that of the whole
            run. By default all are run.
        after_epoch: Called after each epoch with what was measured so far.
        progress: Show a bar, where there is a terminal or notebook to show it in; never under
            pytest, in continuous integration, or with ``BACKBONES_QUIET=1`` in the environment.

    Raises:
        ValueError: If an argument is out of range; if the pictures do not fit the model, or it has
            too few outputs; if the checkpoint is unreadable, or of another model, other data or
            other settings.
        FloatingPointError: If the loss becomes infinite or no number.
    """
    settings = Settings(
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        weight_decay=weight_decay,
        optimizer=name_of(optimizer),
        schedule=name_of(schedule),
        label_smoothing=label_smoothing,
        augment=name_of(augment),
        clip_norm=clip_norm,
        auxiliary_weight=auxiliary_weight,
        mixed_precision=mixed_precision,
        seed=seed,
    )
    last = epochs if stop_after is None else stop_after
    check_positive(stop_after=last)
    build = look_up("optimizer", optimizer, OPTIMIZERS)
    factor = look_up("schedule", schedule, SCHEDULES)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trained:
        raise ValueError("model must have a parameter that requires a gradient, it has none")

    with own_accelerator(mixed_precision) as accelerator, borrowed(model, accelerator.device):
        _check_shares(data, batch_size, accelerator.num_processes)
        layout = memory_format(model, accelerator.device)
        model.to(accelerator.device, memory_format=layout)
        for part in (data.train, data.validation):  # better now than after an epoch
            probe = predict(model, part.images[:1], mean=data.mean, std=data.std)
            check_scores(probe, part)
        stepper = build(parameter_groups(trained.values(), settings.lr, settings.weight_decay))
        run = _Run(model, data, accelerator, layout, stepper, trained, settings, factor, augment)
        history = History(parameter_shapes={name: list(p.shape) for name, p in trained.items()})
        if checkpoint is not None and os.path.exists(checkpoint):
            history = run.resume(checkpoint)
        with run.bar(progress, done=len(history)) as bar:
            for epoch in range(len(history), min(epochs, last)):
                history.append(**run.train(epoch, bar), **run.validate())
                bar.set_postfix_str(f"validation accuracy {history.validation_accuracy[-1]:.1%}")
                if checkpoint is not None and accelerator.is_main_process:
                    run.save(checkpoint, history)
                if after_epoch is not None:
                    after_epoch(history)
        accelerator.wait_for_everyone()
    return history


class _Run:
    """One call of `fit`: what its epochs share."""

    def __init__(
        self,
        model: nn.Module,
        data: ImageData,
        accelerator: Accelerator,
        layout: torch.memory_format,
        optimizer: torch.optim.Optimizer,
        trained: dict[str, nn.Parameter],
        settings: Settings,
        factor: Callable[[float], float],
        augment: Callable[[Tensor, torch.Generator], Tensor] | None,
    ) -> None:
        self.model, self.data, self.accelerator = model, data, accelerator
        self.rank, self.processes = accelerator.process_index, accelerator.num_processes
        self.mean, self.std = (
            torch.tensor(value, device=accelerator.device) for value in (data.mean, data.std)
        )
        self.layout = layout
        self.trained, self.settings, self.factor, self.augment = trained, settings, factor, augment
        # accelerate's optimizer and backward are for several processes and scaled gradients; of a
        # small network's step they would take a twentieth.
        self.is_plain = self.processes == 1 and accelerator.scaler is None
        self.parallel = accelerator.prepare(model)
        self.optimizer = optimizer if self.is_plain else accelerator.prepare(optimizer)
        for group in self.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.steps = math.ceil(len(data.train) / settings.batch_size)

    def train(self, epoch: int, bar: tqdm) -> dict[str, Any]:
        """Show every training picture to the model once, and learn."""
        started = time.perf_counter()
        accelerator, pictures = self.accelerator, self.data.train
        device, rank, processes = accelerator.device, self.rank, self.processes
        seed, clip_norm = self.settings.seed, self.settings.clip_norm
        order = torch.randperm(len(pictures), generator=_generator(seed, epoch, "order"))
        chance = _generator(seed, epoch, "augmentation", rank)
        torch.manual_seed(_seed(seed, epoch, "dropout", rank))
        _set_training_mode(self.model)
        # What is looked at after the epoch is kept as it is: no work between the steps.
        sizes, losses, lengths, predicted, true = [], [], [], [], []

        for step, batch in enumerate(order.tensor_split(self.steps)):
            self.set_learning_rate(epoch * self.steps + step)
            share = batch[rank::processes]
            images = pictures.images.index_select(0, share).to(device)
            labels = pictures.labels.index_select(0, share).to(device)
            if self.augment is not None:
                images = self.augment(images, chance)
            outputs = self.parallel(normalize(images, self.mean, self.std, self.layout))
            scores, loss, total = self.losses(outputs, labels)
            self.backward(total, len(share) * processes / len(batch))
            norms = _gradient_norms(self.trained.values())
            if clip_norm is not None:
                nn.utils.clip_grads_with_norm_(self.trained.values(), clip_norm, norms.norm())
            self.optimizer.step()
            self.optimizer.zero_grad()

            sizes.append(len(share))
            losses.append(loss.detach())
            predicted.append(scores.argmax(1))
            true.append(labels)
            if self.is_plain or not accelerator.optimizer_step_was_skipped:  # where fp16 overflows
                lengths.append(norms)
            if step % _STEPS_BETWEEN_CHECKS == 0 or step == self.steps - 1:
                _check_finite(losses[-_STEPS_BETWEEN_CHECKS:], epoch, step, self.settings.lr)
            bar.update()

        loss = (torch.stack(losses) * torch.tensor(sizes, device=device)).sum()
        hits = (torch.cat(predicted) == torch.cat(true)).sum()
        loss, hits = accelerator.reduce(torch.stack((loss, hits.float()))).tolist()
        norms = torch.stack(lengths or [torch.zeros(len(self.trained))])
        norm, norms = norms.norm(dim=1).mean().item(), norms.mean(0).tolist()
        return {
            "train_loss": loss / len(pictures),
            "train_accuracy": hits / len(pictures),
            "gradient_norm": norm,
            "parameter_gradient_norms": dict(zip(self.trained, norms, strict=True)),
            "seconds": time.perf_counter() - started,
        }

    def backward(self, loss: Tensor, weight: float) -> None:
        """Gradients of the whole batch, in which this process's share has the weight given."""
        if self.is_plain:
            loss.backward()
            return
        # Gradients are averaged over processes, whose shares may differ by a picture.
        self.accelerator.backward(loss * weight)
        self.accelerator.unscale_gradients()

    def set_learning_rate(self, step: int) -> None:
        """Set the rate of a step, counted from the beginning of the run."""
        last = self.settings.epochs * self.steps - 1
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * float(self.factor(step / max(1, last)))

    def losses(self, outputs: Tensor | tuple, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The main scores, their loss, and the loss to minimise, auxiliary heads included."""
        scores, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
        smoothing, weight = self.settings.label_smoothing, self.settings.auxiliary_weight
        loss, *others = (
            F.cross_entropy(out, labels, label_smoothing=smoothing)
            for out in (scores, *auxiliary)
            if out is not None
        )
        return scores.detach(), loss, loss + weight * sum(others) if others else loss

    def validate(self) -> dict[str, float]:
        """Loss and accuracy on the validation set, of which each process takes its share."""
        pictures, share = self.data.validation, slice(self.rank, None, self.processes)
        if self.processes > 1:  # batch statistics were those of the shares: agree on the first's
            broadcast(list(self.model.buffers()))
        options = {"mean": self.mean, "std": self.std, "batch_size": self.settings.batch_size}
        scores = predict(self.model, pictures.images[share], **options)
        labels = pictures.labels[share]
        loss = F.cross_entropy(scores, labels, reduction="sum")
        hits = (scores.argmax(1) == labels).sum()
        sums = torch.stack((loss, hits.float())).to(self.accelerator.device)
        loss, hits = self.accelerator.reduce(sums).tolist()
        return {
            "validation_loss": loss / len(pictures),
            "validation_accuracy": hits / len(pictures),
        }

    @cached_property
    def written(self) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        return self.settings.written(self.data)

    def save(self, path: str | os.PathLike, history: History) -> None:
        """Keep all that `resume` needs. Chance needs nothing: each epoch seeds its own."""
        scaler = self.accelerator.scaler
        save_checkpoint(
            path,
            {
                "fingerprint": fingerprint(self.model),
                "settings": self.written,
                "history": asdict(history),
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": {} if scaler is None else scaler.state_dict(),
            },
        )

    def resume(self, path: str | os.PathLike) -> History:
        """Take up the run that `save` left."""
        state = load_checkpoint(path)
        if not {"fingerprint", "settings", "history", "optimizer"} <= state.keys():
            raise ValueError(f"checkpoint must be a file that fit wrote, {str(path)!r} is not")
        check_fingerprint(path, state["fingerprint"], self.model)
        ours, theirs = self.written, state["settings"]
        differing = [name for name in ours if ours[name] != theirs.get(name)]
        if differing:
            raise ValueError(
                f"checkpoint must be of a run with the same settings: {str(path)!r} has "
                f"{in_words(theirs, differing)}, this run has {in_words(ours, differing)}; give "
                "this run another file, or remove that one"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"] and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        return History(**state["history"])

    def bar(self, wanted: bool, done: int) -> tqdm:
        """A progress bar over all steps, invisible unless wanted and watched."""
        return tqdm(
            total=self.settings.epochs * self.steps,
            initial=done * self.steps,
            unit="step",
            disable=not (wanted and self.accelerator.is_main_process and is_watched()),
        )


def _set_training_mode(model: nn.Module) -> None:
    """Training mode, but for the parts that are wholly frozen."""
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            module.eval()


def _gradient_norms(parameters: Iterable[nn.Parameter]) -> Tensor:
    """L2 norm of each parameter's gradient; 0 where there is none."""
    gradients = [p.new_zeros(()) if p.grad is None else p.grad for p in parameters]
    return torch.stack(torch._foreach_norm(gradients))


def _check_finite(losses: list[Tensor], epoch: int, last: int, lr: float) -> None:
    """Raise a FloatingPointError if one of the losses, of steps up to the last, is not finite."""
    losses = torch.stack(losses)
    broken = (~losses.isfinite()).nonzero()
    if len(broken):
        first = int(broken[0])
        raise FloatingPointError(
            f"the loss became {losses[first].item()} in epoch {epoch + 1}, step "
            f"{last + 1 - len(losses) + first + 1} of it. Most often the learning rate is too "
            f"high: try lr={lr / 10:g} in place of {lr:g}, or clip_norm=1; else look for infinite "
            f"or missing input values."
        )


def _check_shares(data: ImageData, batch_size: int, processes: int) -> None:
    """Raise a ValueError if some process would have no picture of a batch or set."""
    if processes > 1 and 2 * processes > min(batch_size, len(data.train), len(data.validation)):
        raise ValueError(
            f"batch_size must be at least {2 * processes} for {processes} processes, and each set "
            f"as large; got {batch_size}, {len(data.train)} and {len(data.validation)}"
        )


def _seed(*parts: object) -> int:
    """A seed of 32 bits, all torch's generators take, with no pattern from part to part."""
    return random.Random("/".join(map(str, parts))).getrandbits(32)


def _generator(*parts: object) -> torch.Generator:
    return torch.Generator().manual_seed(_seed(*parts))
