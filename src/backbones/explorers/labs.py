"""Live labs: controls for what only a kernel can compute.

The stored output of a lab is an ordinary figure, so that the static site shows it, with a line on
the settings that it was computed for, and one that says where others can be chosen; the controls
appear below wherever a kernel runs. Only what ipywidgets 7.7 and 8 have in common is used.
"""

import html
import io
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backbones.explorers.controls import Axis, as_axes


class _Settings:
    """What stands above the stored figure: what it was computed for."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings

    def __repr__(self) -> str:
        return f"Computed for {', '.join(f'{k} {v}' for k, v in self.settings.items())}."

    def _repr_html_(self) -> str:
        settings = ", ".join(
            f"{html.escape(label)} <b>{html.escape(value)}</b>"
            for label, value in self.settings.items()
        )
        return f'<p class="bb-settings">Computed for {settings}.</p>'


class _Note:
    """What stands under the stored figure, where no kernel shows the controls.

    The site's extension puts its own words, with a link to Colab, before the cell instead.
    """

    text = "The controls appear where a kernel runs: in Colab or JupyterLab."

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<p class="bb-kernel"><em>{self.text}</em></p>'


@dataclass(frozen=True)
class Upload:
    """A control that takes a picture of the reader's; the function gets it as an RGB PIL image.

    Before a picture is uploaded the function gets None.
    """

    label: str = "your picture"


def lab(run: Callable[..., Any], *, title: str = "", **controls: Axis | Sequence | Upload) -> None:
    """Show the result of the default settings, and controls to run with others.

    Nothing runs while a control is moved: only the button starts ``run``. What it prints, its
    progress bars included, and what it returns appear below the controls.

    Args:
        run: Called with one value of each control, by name; returns something to display.
        title: Heading of the controls.
        **controls: Name to values, to an `Axis`, or to `Upload`.

    Raises:
        ValueError: If there is no control, or one does not suit.
    """
    made = Lab(run, title=title, **controls)
    made.show_default()
    made.show_controls()


class Lab:
    """The parts of a `lab`: ``values`` are those chosen now, ``start`` runs with them."""

    def __init__(
        self, run: Callable[..., Any], *, title: str = "", **controls: Axis | Sequence | Upload
    ) -> None:
        import ipywidgets  # half a second, which only labs should pay

        uploads = {n: control for n, control in controls.items() if isinstance(control, Upload)}
        axes = {name: control for name, control in controls.items() if name not in uploads}
        axes = as_axes(axes) if axes or not uploads else {}
        self.run = run
        self.defaults = {
            name: None if name in uploads else axes[name].values[axes[name].start]
            for name in controls
        }
        self.settings = _Settings(
            {axis.label: axis.shown[axis.start] for axis in axes.values()}
            | {upload.label: "none" for upload in uploads.values()}
        )
        self.widgets = {
            name: _upload(uploads[name]) if name in uploads else _select(axes[name])
            for name in controls
        }
        self.button = ipywidgets.Button(description="Run", button_style="primary", icon="play")
        self.button.on_click(lambda _: self.start())
        self.status = ipywidgets.HTML()
        self.output = ipywidgets.Output()
        heading = [ipywidgets.HTML(f"<strong>{html.escape(title)}</strong>")] if title else []
        rows = [*heading, *self.widgets.values(), self.button, self.status, self.output]
        self.view = ipywidgets.VBox(rows)

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say now."""
        return {name: _value(widget) for name, widget in self.widgets.items()}

    def show_default(self) -> None:
        """Run with the defaults, and leave the result in the notebook as an ordinary output."""
        _show(self.settings)
        _show(self.run(**self.defaults))

    def show_controls(self) -> None:
        """Show the controls, where there is a front-end that can, and say so elsewhere."""
        _show(_Note())
        _show(self.view)

    def start(self) -> None:
        """Run with the values chosen now, and show the result, or kindly what went wrong."""
        self.button.disabled, self.button.description = True, "Running …"
        self.status.value = ""
        self.output.clear_output()
        # Caught in here, for `Output` would show a bare traceback and swallow the error.
        with self.output:
            self.status.value = self._attempt()
        self.button.disabled, self.button.description = False, "Run"

    def _attempt(self) -> str:
        """Run, show the result, and return what to say about it."""
        began = time.perf_counter()
        try:
            _show(self.run(**self.values))
        except KeyboardInterrupt:
            return "Stopped. The settings are as you left them."
        except ValueError as error:
            return f"This does not work: {html.escape(str(error))}"
        except Exception as error:
            trace = html.escape(traceback.format_exc())
            return (
                f"Something went wrong: {html.escape(f'{type(error).__name__}: {error}')}"
                f"<details><summary>Details</summary><pre>{trace}</pre></details>"
            )
        return f"Done in {time.perf_counter() - began:.1f} s."


def _show(result: Any) -> None:
    from IPython.display import display

    if result is not None:
        display(result)


def _select(axis: Axis) -> Any:
    import ipywidgets

    kind = ipywidgets.SelectionSlider if axis.slider else ipywidgets.ToggleButtons
    return kind(
        options=list(zip(axis.shown, axis.values, strict=True)),
        value=axis.values[axis.start],
        description=axis.label,
        style={"description_width": "initial"},
    )


def _upload(upload: Upload) -> Any:
    import ipywidgets

    widget = ipywidgets.FileUpload(accept="image/*", multiple=False, description=upload.label)
    widget.layout.width = "max-content"
    return widget


def _value(widget: Any) -> Any:
    import ipywidgets

    if not isinstance(widget, ipywidgets.FileUpload):
        return widget.value
    # ipywidgets 7 keeps a dictionary by file name, 8 a tuple.
    stored = widget.value.values() if isinstance(widget.value, dict) else widget.value
    contents = [bytes(one["content"]) for one in stored]
    return _picture(contents[-1]) if contents else None


def _picture(content: bytes) -> Any:
    from PIL import Image, ImageOps

    try:
        return ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    except OSError:
        raise ValueError(
            "the file is not a picture that can be opened; try a JPEG or PNG"
        ) from None
