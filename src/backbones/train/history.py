"""`History`: what a training run measured."""

from dataclasses import dataclass, field

from backbones.tables import html_table


@dataclass(repr=False)
class History:
    """What a run of `backbones.train.fit` measured: lists with one entry an epoch.

    Attributes:
        train_loss: Mean cross-entropy of the main output during the epoch, as it was minimised:
            in training mode, on augmented pictures, with label smoothing.
        train_accuracy: 0 to 1, on the same pictures in the same mode.
        validation_loss: Mean cross-entropy after the epoch, in evaluation mode.
        validation_accuracy: Likewise.
        seconds: Time of the epoch's training, without validation.
        gradient_norm: L2 norm of the whole gradient before clipping, mean over the steps.
        parameter_gradient_norms: By name of the trained parameter: the norm of its gradient, mean
            over the steps.
        parameter_shapes: By name of the trained parameter, in the order of the model.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    parameter_gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    parameter_shapes: dict[str, list[int]] = field(default_factory=dict)

    def append(self, parameter_gradient_norms: dict[str, float], **epoch: float) -> None:
        """Add an epoch: a number for each list."""
        for name, value in epoch.items():
            getattr(self, name).append(value)
        for name, value in parameter_gradient_norms.items():
            self.parameter_gradient_norms.setdefault(name, []).append(value)

    def __len__(self) -> int:
        return len(self.train_loss)

    def __repr__(self) -> str:
        return f"History({self._length()})"

    def _length(self) -> str:
        return "1 epoch" if len(self) == 1 else f"{len(self)} epochs"

    def _repr_html_(self) -> str:
        columns = {
            "train loss": [f"{x:.3f}" for x in self.train_loss],
            "train accuracy": [f"{x:.1%}" for x in self.train_accuracy],
            "validation loss": [f"{x:.3f}" for x in self.validation_loss],
            "validation accuracy": [f"{x:.1%}" for x in self.validation_accuracy],
            "gradient norm": [f"{x:.2g}" for x in self.gradient_norm],
            "seconds": [f"{x:.1f}" for x in self.seconds],
        }
        rows = zip(range(1, len(self) + 1), *columns.values(), strict=True)
        # By the class bb-history, what compares stored outputs leaves the seconds out.
        label = f"Table of {self._length()} of training: loss, accuracy, gradient norm, seconds"
        return (
            f'<figure class="bb-plot bb-history" aria-label="{label}">'
            f"{html_table(rows, ('epoch', *columns))}</figure>"
        )
