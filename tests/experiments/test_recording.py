"""Experiments: recorded run by run, gone on with, read only when whole, repeated in part."""

import json
import zlib
from dataclasses import replace

import pytest
import torch
from torch import nn

from backbones import experiments
from backbones.__main__ import main
from backbones.data import ImageData, ImageSet
from backbones.experiments import catalogue, recording, records
from backbones.experiments.experiment import Experiment
from backbones.profile import profile


def some_data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (24, 1, 4, 4), dtype=torch.uint8, generator=generator)
    labels = torch.arange(24) % 2
    images[labels == 1] //= 4  # the second class is darker
    part = ImageSet(images, labels, ("light", "dark"))
    return ImageData(part, part, "bright and dark squares")


def linear(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, num_classes))


def two_layers(num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, num_classes))


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """A quick experiment of two networks and two seeds, and the folder of its record."""
    monkeypatch.setenv("BACKBONES_CACHE", str(tmp_path / "cache"))
    toy = Experiment(
        "toy",
        "Does it run?",
        {"linear": linear, "two layers": two_layers},
        {"squares": some_data, "others": some_data},
        {"epochs": 3, "batch_size": 8, "lr": 0.05},
        seeds=(0, 1),
        options={"two layers": {"lr": 0.02}},
        trace=lambda history: {"norm": history.gradient_norm},
        measure=lambda model, data: {"parameters": sum(p.numel() for p in model.parameters())},
    )
    monkeypatch.setitem(catalogue._EXPERIMENTS, "toy", toy)
    return tmp_path


def recorded(folder, **options):
    lines = list(experiments.record("toy", folder=folder, **options))
    return lines, experiments.load("toy", folder=folder)


def change(path, old, new):
    """Change a record and put its checksum right, as another version of the code would have it."""
    body = path.read_text(encoding="utf-8").partition("\n")[2]
    assert old in body
    body = body.replace(old, new)
    first = f"# backbones record {records.VERSION}, checksum {zlib.crc32(body.encode()):08x}"
    path.write_text(f"{first}\n{body}", encoding="utf-8")


def test_a_record_holds_every_run_and_epoch(toy):
    lines, record = recorded(toy)
    assert len(lines) == 4
    assert lines[0].startswith("linear, seed 0: training loss ")
    assert lines[-1].endswith("(4 of 4 runs, about 0 min left)")
    assert [(r.variant, r.seed) for r in record.all_runs] == [
        ("linear", 0),
        ("linear", 1),
        ("two layers", 0),
        ("two layers", 1),
    ]
    run = record.run("two layers", 1)
    assert len(run.history) == 3
    assert run.parameters == 16 * 4 + 4 + 4 * 2 + 2
    assert run.macs == 16 * 4 + 4 * 2
    assert run.traced == {"norm": run.history.gradient_norm}
    assert run.measured == {"parameters": run.parameters}
    assert run.stopped == ""
    assert f"torch {torch.__version__.partition('+')[0]}" in run.versions
    assert record.final("train_loss")["linear"] == [
        r.history.train_loss[-1] for r in record.runs("linear")
    ]
    assert record.measured("parameters") == {"linear": [34, 34], "two layers": [78, 78]}
    assert list(record.histories(["linear"])) == ["linear"]


def test_what_is_recorded_is_what_fit_measures(toy):
    _, record = recorded(toy, seeds=[1], variants=["linear"])
    torch.manual_seed(1)
    model = linear(2)
    history = recording.fit(model, some_data(), epochs=3, batch_size=8, lr=0.05, seed=1)
    run = record.run("linear", 1)
    assert run.history.train_loss == pytest.approx(history.train_loss, rel=1e-5)
    assert run.history.validation_accuracy == pytest.approx(history.validation_accuracy)


def test_a_record_is_gone_on_with_and_never_made_anew(toy):
    recorded(toy, seeds=[0])
    before = (toy / "toy.csv").read_text(encoding="utf-8").splitlines()
    lines, record = recorded(toy)
    assert len(lines) == 2
    assert {run.seed for run in record.all_runs} == {0, 1}
    after = (toy / "toy.csv").read_text(encoding="utf-8").splitlines()
    assert set(before[2:]) <= set(after)
    assert recorded(toy)[0] == ["toy.csv holds all of these runs already"]


def test_an_interrupted_run_goes_on_where_it_was(toy, monkeypatch):
    _, whole = recorded(toy, seeds=[0], variants=["linear"])
    (toy / "toy.csv").unlink()
    train_epoch = recording.fit.__globals__["_Run"].train
    epochs = []

    def interrupted(self, epoch, bar):
        if epoch == 2 and len(epochs) == 2:
            raise KeyboardInterrupt
        epochs.append(epoch)
        return train_epoch(self, epoch, bar)

    monkeypatch.setattr(recording.fit.__globals__["_Run"], "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recorded(toy, seeds=[0], variants=["linear"])
    assert not (toy / "toy.csv").exists()
    epochs.append("again")
    _, record = recorded(toy, seeds=[0], variants=["linear"])
    assert epochs == [0, 1, "again", 2]
    ours, theirs = record.run("linear", 0).history, whole.run("linear", 0).history
    assert ours.train_loss == theirs.train_loss
    assert not list((toy / "cache").rglob("*.pt"))


def test_a_full_disk_leaves_the_old_record(toy, monkeypatch):
    recorded(toy, seeds=[0])
    before = (toy / "toy.csv").read_bytes()

    def full(self, *args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space left"):
        list(experiments.record("toy", folder=toy, seeds=[1]))
    assert (toy / "toy.csv").read_bytes() == before
    assert sorted(path.name for path in toy.iterdir()) == ["cache", "toy.csv"]


def test_a_run_whose_loss_breaks_is_recorded_as_just_that(toy, monkeypatch):
    broken = replace(catalogue.find("toy"), options={"linear": {"lr": 1e30, "optimizer": "sgd"}})
    monkeypatch.setitem(catalogue._EXPERIMENTS, "toy", broken)
    lines, record = recorded(toy, seeds=[0], variants=["linear"])
    run = record.run("linear", 0)
    assert run.stopped.startswith("the loss became ")
    assert len(run.history) < 3
    assert run.final("train_loss") != run.final("train_loss")  # not a number
    assert "the loss became" in lines[0]


@pytest.mark.parametrize("keep", [0, 10, 0.5, -2])
def test_a_record_that_was_cut_off_is_refused(toy, keep):
    recorded(toy, seeds=[0])
    path = toy / "toy.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    with pytest.raises(ValueError, match=r"toy\.csv (was cut off or changed|must be a record)"):
        experiments.load("toy", folder=toy)
    with pytest.raises(ValueError, match=r"toy\.csv"):
        list(experiments.record("toy", folder=toy))
    assert path.read_bytes() != whole  # and not overwritten


def test_a_record_changed_by_hand_is_refused(toy):
    recorded(toy, seeds=[0])
    path = toy / "toy.csv"
    text = path.read_text(encoding="utf-8")
    last = text.rstrip("\n").splitlines()[-1]
    path.write_text(text.replace(last, last.replace("two layers,0,3,0", "two layers,0,3,1")))
    with pytest.raises(ValueError, match="changed after it was written"):
        experiments.load("toy", folder=toy)


def test_a_record_without_an_epoch_is_refused(toy):
    recorded(toy, seeds=[0], variants=["linear"])
    path = toy / "toy.csv"
    last = path.read_text(encoding="utf-8").splitlines()[-1]
    change(path, last + "\n", "")
    with pytest.raises(ValueError, match="must hold 3 epochs of 'linear' with seed 0, it holds 2"):
        experiments.load("toy", folder=toy)


def test_a_record_of_another_recipe_is_refused(toy, monkeypatch):
    recorded(toy, seeds=[0])
    other = replace(catalogue.find("toy"), recipe={"epochs": 3, "batch_size": 4, "lr": 0.05})
    monkeypatch.setitem(catalogue._EXPERIMENTS, "toy", other)
    with pytest.raises(
        ValueError, match=r"made with batch_size=8, today's recipe has batch_size=4"
    ):
        experiments.load("toy", folder=toy)


def test_a_record_of_a_network_that_is_gone_is_refused(toy, monkeypatch):
    recorded(toy, seeds=[0])
    other = replace(catalogue.find("toy"), models={"linear": linear}, options={})
    monkeypatch.setitem(catalogue._EXPERIMENTS, "toy", other)
    with pytest.raises(ValueError, match="'two layers', which 'toy' no longer compares"):
        experiments.load("toy", folder=toy)


def test_a_record_of_another_version_is_refused(toy):
    recorded(toy, seeds=[0])
    path = toy / "toy.csv"
    path.write_text(path.read_text().replace("backbones record 1", "backbones record 7", 1))
    with pytest.raises(ValueError, match="version 1, it is of version 7"):
        experiments.load("toy", folder=toy)


def test_a_record_of_another_experiment_is_refused(toy):
    recorded(toy, seeds=[0])
    change(toy / "toy.csv", '"experiment": "toy"', '"experiment": "game"')
    with pytest.raises(ValueError, match="must be of 'toy', it is of 'game'"):
        experiments.load("toy", folder=toy)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: experiments.load("resnet_dept"), r"did you mean 'resnet_depth'\?"),
        (lambda r: experiments.load("toy", data="cats"), "data must be one of squares, others"),
        (lambda r: r.run("linear", 7), "seed must be one of 0 for 'linear', got 7; `python -m"),
        (lambda r: r.runs("quadratic"), "variant must be one of 'linear', 'two layers'"),
        (lambda r: r.final("beauty"), "quantity must be one of train_loss"),
        (lambda r: list(experiments.record("toy", variants=["cubic"])), "variant must be one of"),
        (lambda r: experiments.rerun("resnet_depth", "plain-9", epochs=1), "variant must be one"),
    ],
)
def test_wrong_names_are_named(toy, call, message):
    _, record = recorded(toy, seeds=[0])
    with pytest.raises(ValueError, match=message):
        call(record)


@pytest.mark.parametrize("epochs", [0, 4, 1.5, True])
def test_a_slice_has_epochs_of_the_recipe(toy, monkeypatch, epochs):
    recorded(toy)
    monkeypatch.setattr(recording, "load", lambda name: experiments.load(name, folder=toy))
    with pytest.raises(ValueError, match="epochs must be from 1 to 3"):
        experiments.rerun("toy", "linear", epochs=epochs)


def test_without_a_record_the_command_is_named(toy):
    with pytest.raises(FileNotFoundError, match="run `python -m backbones experiment toy --data"):
        experiments.load("toy", data="others", folder=toy)


def test_another_data_set_has_a_record_of_its_own(toy):
    list(experiments.record("toy", folder=toy, data="others", seeds=[0], variants=["linear"]))
    assert (toy / "toy-others.csv").is_file()
    assert not (toy / "toy.csv").exists()


def test_a_slice_agrees_with_its_record(toy, monkeypatch):
    _, record = recorded(toy)
    monkeypatch.setattr(recording, "load", lambda name: record)
    live = experiments.rerun("toy", "two layers", seed=1, epochs=2)
    assert len(live.live) == 2
    assert live.difference("train_loss") < 1e-5
    assert live.difference("validation_accuracy") < 1e-6  # six digits are recorded
    lines = str(live).splitlines()
    assert len(lines) == 4
    shown = f"{record.run('two layers', 1).history.train_loss[0]:.3f}"
    assert lines[2].split()[1:3] == [shown, shown]
    assert "<pre>" in live._repr_html_()


def test_a_slice_of_another_rate_does_not_agree(toy, monkeypatch):
    _, record = recorded(toy)
    monkeypatch.setattr(recording, "load", lambda name: record)
    groups = recording.fit.__globals__["parameter_groups"]
    monkeypatch.setitem(
        recording.fit.__globals__, "parameter_groups", lambda p, lr, decay: groups(p, lr / 5, decay)
    )
    live = experiments.rerun("toy", "linear", epochs=2)
    assert live.difference("train_loss") > 0.01


def test_the_command(toy, capsys):
    assert main(["experiment"]) == 0
    assert "toy                    Does it run?" in capsys.readouterr().out
    arguments = ["experiment", "toy", "--folder", str(toy), "--seeds", "0", "--variants", "linear"]
    assert main(arguments) == 0
    assert "1 of 1 runs" in capsys.readouterr().out
    assert main(["experiment", "toys"]) == 2
    assert "did you mean 'toy'?" in capsys.readouterr().err


def test_how_it_was_recorded_is_shown(toy):
    _, record = recorded(toy)
    shown = record._repr_html_()
    for words in ("Does it run?", "bright and dark squares", "3 epochs of adamw", "seeds 0, 1"):
        assert words in shown
    assert "two layers: lr 0.02" in shown


@pytest.mark.parametrize("name", experiments.names())
def test_records_that_ship_are_whole_and_of_todays_networks(name):
    experiment = experiments.find(name)
    record = experiments.load(name)
    assert record.variants == list(experiment.models)
    data = experiment.data[next(iter(experiment.data))]()
    for variant in record.variants:
        runs = record.runs(variant)
        assert [run.seed for run in runs] == list(experiment.seeds)
        table = profile(recording.build(experiment, variant, data, 0), recording._shape(data))
        for run in runs:
            assert (run.parameters, run.macs) == (table.parameters, table.macs)


def test_initial_weights_are_a_function_of_the_seed_alone(toy):
    experiment, data = catalogue.find("toy"), some_data()
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first, again, other = (recording.build(experiment, "linear", data, s) for s in (0, 0, 1))
    assert torch.equal(first[1].weight, again[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_settings_are_written_with_their_defaults(toy):
    settings = catalogue.find("toy").settings("two layers")
    assert settings["lr"] == 0.02
    assert settings["weight_decay"] == 0.05
    assert "seed" not in settings
    json.dumps(settings)
