import io

import ipywidgets
import pytest
from PIL import Image

from backbones.explorers import Axis, Upload, lab
from backbones.explorers.labs import Lab


@pytest.fixture
def shown(monkeypatch):
    """What a front-end would have been asked to display."""
    kept = []
    monkeypatch.setattr("IPython.display.display", kept.append)
    return kept


def test_a_lab_shows_its_settings_the_result_for_them_and_then_the_controls(shown):
    depth = Axis((2, 4), "depth <1>", default=4)
    lab(lambda depth, norm, picture: (depth, norm), depth=depth, norm=("a", "b"), picture=Upload())
    settings, default, note, controls = shown
    assert default == (4, "a")
    assert repr(settings) == "Computed for depth <1> 4, norm a, your picture none."
    assert settings._repr_html_() == (
        '<p class="bb-settings">Computed for depth &lt;1&gt; <b>4</b>, norm <b>a</b>, '
        "your picture <b>none</b>.</p>"
    )
    assert repr(note) == "The controls appear where a kernel runs: in Colab or JupyterLab."
    assert repr(note) in note._repr_html_()
    assert 'class="bb-kernel"' in note._repr_html_()  # by which the site finds a lab
    assert isinstance(controls, ipywidgets.VBox)


def test_nothing_runs_until_the_button_is_pressed(shown):
    runs = []
    made = Lab(runs.append, depth=(2, 4, 8))
    slider = made.widgets["depth"]
    assert isinstance(slider, ipywidgets.SelectionSlider)
    slider.value = 8
    assert runs == []


def test_the_button_runs_with_the_values_chosen(shown):
    made = Lab(lambda depth, norm: f"{depth} {norm}", depth=(2, 4), norm=("batch", "none"))
    made.widgets["depth"].value = 4
    made.widgets["norm"].value = "none"
    made.button.click()
    assert shown == ["4 none"]
    assert made.status.value.startswith("Done in ")
    assert not made.button.disabled
    assert made.button.description == "Run"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a < b"), "This does not work: a &lt; b"),
        (KeyboardInterrupt(), "Stopped."),
        (RuntimeError("no <memory>"), "Something went wrong: RuntimeError: no &lt;memory&gt;"),
    ],
)
def test_an_error_is_told_kindly_and_the_lab_can_run_again(shown, error, said):
    def run(depth):
        raise error

    made = Lab(run, depth=(2, 4))
    made.button.click()
    assert made.status.value.startswith(said)
    assert not made.button.disabled


def test_an_uploaded_picture_arrives_as_an_image(shown, monkeypatch):
    made = Lab(lambda image: None if image is None else image.size, image=Upload("photo"))
    assert made.values == {"image": None}
    stream = io.BytesIO()
    Image.new("L", (4, 3)).save(stream, "png")
    stored = {"content": stream.getvalue()}
    for value in ({"a.png": stored}, (stored,)):  # ipywidgets 7 and 8
        monkeypatch.setattr(type(made.widgets["image"]), "value", value)
        assert made.values["image"].size == (4, 3)
        assert made.values["image"].mode == "RGB"
    monkeypatch.setattr(type(made.widgets["image"]), "value", ({"content": b"no picture"},))
    made.button.click()
    assert made.status.value.startswith("This does not work: the file is not a picture")


def test_wrong_controls_are_named():
    with pytest.raises(ValueError, match="axis 'depth': values must hold at least two"):
        Lab(print, depth=(2,))
    with pytest.raises(ValueError, match="at least one axis"):
        Lab(print)
