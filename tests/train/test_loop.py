import copy
import html.parser
import os
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchmetrics.functional.classification as reference
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from rounding import close, rounding, terms_of
from torch import nn

from backbones import create_model
from backbones.data.imageset import ImageData, ImageSet
from backbones.train import checkpoint as checkpoint_module
from backbones.train import fit
from backbones.train import loop as train_module
from backbones.train.augmentation import random_crop, random_flip, standard_augment
from backbones.train.checkpoint import load_checkpoint, save_checkpoint
from backbones.train.device import memory_format
from backbones.train.evaluation import evaluate, normalize, predict
from backbones.train.history import History
from backbones.train.optimizers import SCHEDULES, parameter_groups

CLASSES = ("top left", "top right", "bottom left", "bottom right")


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def image_set(count: int, seed: int, channels: int = 3) -> ImageSet:
    """Noise, brighter in one of the four corners: the label says which."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 150, (count, channels, 8, 8), generator=generator)
    labels = torch.randint(4, (count,), generator=generator)
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, 4 * (label // 2) :, 4 * (label % 2) :][:, :4, :4] += 80
    return ImageSet(images.to(torch.uint8), labels, CLASSES)


def image_data(train: int = 90, validation: int = 40, seed: int = 0) -> ImageData:
    return ImageData(
        train=image_set(train, seed), validation=image_set(validation, seed + 1), name="corners"
    )


def network(dropout: float = 0.2, classes: int = 4) -> nn.Sequential:
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, classes),
    )


def same_state(a: nn.Module, b: nn.Module) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def plain_sgd(groups):
    return torch.optim.SGD(groups)


# One step on the whole training set without chance: all that fit does can be redone by hand.
ONE_STEP = {
    "batch_size": 1000,
    "optimizer": plain_sgd,
    "schedule": "constant",
    "lr": 0.1,
    "weight_decay": 0.0,
}
# What is added in it, one after the other: a dense layer's inputs, and what 90 pictures with 16
# positions each give to the gradient of a kernel.
TERMS = 192 + 90 * 16


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.main, self.side = nn.Linear(192, 4), nn.Linear(192, 4)

    def forward(self, x):
        x = x.flatten(1)
        return (self.main(x), self.side(x), None) if self.training else self.main(x)


def test_fit_learns_and_measures():
    data, model = image_data(), network()
    history = fit(
        model, data, 8, lr=0.02, augment=partial(random_crop, padding=1), label_smoothing=0.1
    )
    assert len(history) == 8
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.validation_accuracy[-1] > 0.9
    evaluation = evaluate(model, data)
    assert evaluation.accuracy == pytest.approx(history.validation_accuracy[-1])
    assert evaluation.loss == pytest.approx(history.validation_loss[-1], rel=rounding(TERMS))
    assert list(history.parameter_gradient_norms) == [n for n, _ in model.named_parameters()]
    assert all(len(norms) == 8 for norms in history.parameter_gradient_norms.values())
    assert min(history.seconds) > 0


def test_fit_is_a_function_of_its_seed():
    data = image_data()
    models = [network() for _ in range(3)]
    for model, seed in zip(models, (5, 5, 6), strict=True):
        torch.manual_seed(seed * len(data.train))  # the caller's chance must not matter
        fit(model, data, 2, seed=seed, augment=standard_augment)
    assert same_state(models[0], models[1])
    assert not same_state(models[0], models[2])


def test_fit_leaves_no_traces():
    data, model = image_data(), network()
    model[1].eval()  # mixed modes are put back one by one
    attributes = set(model.__dict__)
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    fit(model, data, 1, mixed_precision="bf16")
    assert torch.equal(torch.rand(3), expected)
    assert model.training
    assert not model[1].training
    assert set(model.__dict__) == attributes
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    pickle.loads(pickle.dumps(model))


def test_precisions_follow_one_another():
    data = image_data()
    outer = Accelerator(cpu=True, mixed_precision="no")
    models = {name: network() for name in ("bf16", "no", None)}
    for name, model in models.items():
        fit(model, data, 2, mixed_precision=name)
    assert same_state(models["no"], models[None])
    assert not same_state(models["no"], models["bf16"])
    assert evaluate(models["bf16"], data).accuracy == pytest.approx(
        evaluate(models["no"], data).accuracy, abs=0.2
    )
    assert outer.mixed_precision == "no"
    AcceleratorState._reset_state()


def test_one_step_is_what_it_says():
    data, model = image_data(), network(dropout=0)
    twin = copy.deepcopy(model)
    history = fit(model, data, 1, label_smoothing=0.2, **ONE_STEP)

    images = normalize(data.train.images, data.mean, data.std)
    loss = F.cross_entropy(twin(images), data.train.labels, label_smoothing=0.2)
    loss.backward()
    gradients = {name: p.grad for name, p in twin.named_parameters()}
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter -= 0.1 * parameter.grad
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        close(ours, theirs, TERMS)
    assert history.train_loss == pytest.approx([loss.item()], rel=rounding(TERMS))
    norms = {name: gradient.norm().item() for name, gradient in gradients.items()}
    assert history.parameter_gradient_norms == {
        name: pytest.approx([norm], rel=rounding(TERMS)) for name, norm in norms.items()
    }
    total = sum(norm**2 for norm in norms.values()) ** 0.5
    assert history.gradient_norm == pytest.approx([total], rel=rounding(TERMS))


def test_auxiliary_heads_count_by_their_weight():
    data, model = image_data(), TwoHeads()
    twin = copy.deepcopy(model)
    history = fit(model, data, 1, auxiliary_weight=0.5, **ONE_STEP)
    main, side, _ = twin(normalize(data.train.images, data.mean, data.std))
    loss = F.cross_entropy(main, data.train.labels)
    (loss + 0.5 * F.cross_entropy(side, data.train.labels)).backward()
    assert history.train_loss == pytest.approx([loss.item()], rel=rounding(TERMS))
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        close(ours, theirs - 0.1 * theirs.grad, TERMS)


def test_clip_norm_shortens_the_step():
    data, model = image_data(), network(dropout=0)
    before = [p.detach().clone() for p in model.parameters()]
    history = fit(model, data, 1, clip_norm=0.01, **ONE_STEP)
    pairs = zip(model.parameters(), before, strict=True)
    step = torch.stack([(a.detach() - b).norm() for a, b in pairs]).norm().item()
    assert step == pytest.approx(0.1 * 0.01, rel=1e-3)
    assert history.gradient_norm[0] > 0.01  # measured before clipping


@pytest.mark.parametrize("name", ["one_cycle", "cosine"])
def test_schedule_is_torchs(name):
    steps = 1000
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.4)
    if name == "one_cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.4, total_steps=steps)
    else:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - 1)
    for step in range(steps):
        ours = 0.4 * SCHEDULES[name](step / (steps - 1))
        # torch peaks a step before 30 % of the run
        assert ours == pytest.approx(scheduler.get_last_lr()[0], rel=1e-2, abs=1e-6)
        optimizer.step()
        if step < steps - 1:
            scheduler.step()


def test_fit_sets_the_rate_of_every_step():
    rates = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    def ramp(progress):
        return 1 + progress

    fit(network(), image_data(), 2, batch_size=30, optimizer=Spy, schedule=ramp, lr=0.1)
    expected = [0.1 * (1 + step / 5) for step in range(6)]
    assert rates == [[pytest.approx(rate)] * 2 for rate in expected]


def test_vectors_have_no_weight_decay():
    model = network()
    decayed, free = parameter_groups(model.parameters(), lr=0.1, weight_decay=0.5)
    assert [p.ndim for p in decayed["params"]] == [4, 2]
    assert [p.ndim for p in free["params"]] == [1, 1, 1]
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.5, 0.0)


def test_an_epoch_shows_every_picture_once_in_even_batches():
    data, batches = image_data(train=90), []

    def spy(images, generator):
        batches.append(images.clone())
        return images

    fit(network(), data, 2, batch_size=40, augment=spy)
    assert [len(batch) for batch in batches] == [30] * 6
    first, second = torch.cat(batches[:3]), torch.cat(batches[3:])
    for epoch in (first, second):
        shown = sorted(bytes(image.flatten().tolist()) for image in epoch)
        assert shown == sorted(bytes(image.flatten().tolist()) for image in data.train.images)
    assert not torch.equal(first, second)


def test_augmentation_does_not_touch_the_data():
    data = image_data()
    before = data.train.images.clone()
    fit(network(), data, 1, augment=lambda images, generator: images.float())
    assert torch.equal(data.train.images, before)


def test_frozen_parts_keep_weights_and_statistics():
    data, model = image_data(), network()
    model[0].requires_grad_(False)
    model[1].requires_grad_(False)
    before = copy.deepcopy(model)
    history = fit(model, data, 2)
    assert same_state(model[:2], before[:2])
    assert not same_state(model[5], before[5])
    assert list(history.parameter_gradient_norms) == ["5.weight", "5.bias"]


def test_random_crop_shifts_and_mirrors():
    images = torch.randint(256, (20, 3, 9, 12), dtype=torch.uint8)
    cropped = random_crop(images, torch.Generator().manual_seed(0), padding=3)
    padded = F.pad(images.float(), (3, 3, 3, 3), mode="reflect").to(torch.uint8)
    places = [
        [
            (y, x)
            for y in range(7)
            for x in range(7)
            if torch.equal(big[:, y : y + 9, x : x + 12], small)
        ]
        for big, small in zip(padded, cropped, strict=True)
    ]
    assert all(len(found) == 1 for found in places)
    assert len({found[0] for found in places}) > 10


def test_random_crop_draws_every_shift_alike():
    image = torch.arange(100, dtype=torch.uint8).view(1, 1, 10, 10)
    generator = torch.Generator().manual_seed(0)
    shifted = random_crop(image.expand(4500, 1, 10, 10), generator, padding=1)
    # The middle is free of mirrored pixels: what is there tells the shift.
    shifts, counts = (shifted[:, 0, 5, 5].int() - 55).unique(return_counts=True)
    assert shifts.tolist() == [-11, -10, -9, -1, 0, 1, 9, 10, 11]
    assert counts.min() > 400  # of 500


def test_random_crop_shifts_by_an_eighth_unless_told():
    image = torch.arange(24 * 24).view(1, 1, 24, 24)
    shifted = random_crop(image.expand(2000, 1, 24, 24), torch.Generator().manual_seed(0))
    moved = shifted[:, 0, 12, 12] - image[0, 0, 12, 12]
    rows, columns = (moved + 12).div(24, rounding_mode="floor"), (moved + 12) % 24 - 12
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (-3, 3, -3, 3)


def test_random_flip_flips_some():
    images = torch.randint(256, (64, 1, 4, 5), dtype=torch.uint8)
    flipped = random_flip(images, torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
    kept = (flipped == images).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 20 < mirrored.sum() < 44


@pytest.mark.parametrize("augment", [random_flip, random_crop, standard_augment])
def test_augmentations_are_seeded(augment):
    images = torch.randint(256, (16, 3, 8, 8), dtype=torch.uint8)
    a, b, c = (augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert a.dtype == torch.uint8


def test_random_crop_refuses_a_shift_beyond_the_picture():
    with pytest.raises(ValueError, match="padding must be below the side of 8 x 8, got 8"):
        random_crop(torch.zeros(1, 3, 8, 8), torch.Generator(), padding=8)


class KilledError(Exception):
    pass


class KilledAt:
    """An augmentation in which the run dies at a step."""

    __qualname__ = "standard_augment"  # so that its run may be resumed without it

    def __init__(self, step: int):
        self.step = step

    def __call__(self, images, generator):
        self.step -= 1
        if self.step < 0:
            raise KilledError
        return standard_augment(images, generator)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, optimizer):
    data, path = image_data(), tmp_path / "new folder" / "run.pt"
    options = {"batch_size": 32, "seed": 3, "optimizer": optimizer, "lr": 0.01}
    whole, broken, fresh = network(), network(), network()
    expected = fit(whole, data, 4, augment=standard_augment, **options)
    with pytest.raises(KilledError):  # 3 steps an epoch: in the middle of the third epoch
        fit(broken, data, 4, augment=KilledAt(7), checkpoint=path, **options)
    assert len(load_checkpoint(path)["history"]["train_loss"]) == 2
    history = fit(fresh, data, 4, augment=standard_augment, checkpoint=path, **options)
    assert same_state(fresh, whole)
    assert history.train_loss == expected.train_loss
    assert history.validation_loss == expected.validation_loss
    assert history.parameter_gradient_norms == expected.parameter_gradient_norms

    again = network()  # a finished run is read, not run
    history = fit(again, data, 4, augment=KilledAt(0), checkpoint=path, **options)
    assert same_state(again, whole)
    assert history.train_loss == expected.train_loss


def test_checkpoint_of_another_run_is_refused(tmp_path):
    data, path = image_data(), tmp_path / "run.pt"
    fit(network(), data, 1, checkpoint=path)
    bigger = nn.Sequential(*network()[:5], nn.Linear(128, 9))
    with pytest.raises(ValueError, match=r"5\.weight.*\[4, 128\].*\[9, 128\]"):
        fit(bigger, data, 1, checkpoint=path)
    with pytest.raises(ValueError, match=r"a Sequential of .* the model is a TwoHeads"):
        fit(TwoHeads(), data, 1, checkpoint=path)
    with pytest.raises(ValueError, match=r"lr=0\.005, seed=0, this run has lr=0\.5, seed=9"):
        fit(network(), data, 1, checkpoint=path, lr=0.5, seed=9)
    with pytest.raises(ValueError, match=r"same settings.*data='corners"):
        fit(network(), image_data(seed=4), 1, checkpoint=path)


class Malicious:
    def __reduce__(self):
        return os.mkdir, (str(Path(os.environ["BACKBONES_TEST_TRAP"])),)


def test_malicious_checkpoint_runs_nothing(tmp_path, monkeypatch):
    trap, path = tmp_path / "trap", tmp_path / "run.pt"
    monkeypatch.setenv("BACKBONES_TEST_TRAP", str(trap))
    torch.save({"model": Malicious()}, path)
    with pytest.raises(ValueError, match="was refused, and nothing in it was run"):
        fit(network(), image_data(), 1, checkpoint=path)
    assert not trap.exists()


def test_unreadable_checkpoints_are_refused(tmp_path):
    data, path = image_data(), tmp_path / "run.pt"
    fit(network(), data, 1, checkpoint=path)
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"not a checkpoint at all"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="whole checkpoint"):
            fit(network(), data, 1, checkpoint=path)
    torch.save(network().state_dict(), path)
    with pytest.raises(ValueError, match="a file that fit wrote"):
        fit(network(), data, 1, checkpoint=path)
    torch.save([1], path)
    with pytest.raises(ValueError, match="must hold a dict, got list"):
        fit(network(), data, 1, checkpoint=path)
    with pytest.raises(ValueError, match="must be a file, got the folder"):
        save_checkpoint(tmp_path, {})


def test_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"epoch": 1})

    def full_disk(state, file):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint_module.torch, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"epoch": 2})
    assert load_checkpoint(path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_infinite_loss_stops_the_run():
    model = network()
    with pytest.raises(
        FloatingPointError, match=r"became (nan|inf) in epoch 1, step \d+ .*lr=1e\+29"
    ):
        fit(model, image_data(), 3, lr=1e30, schedule="constant", optimizer=plain_sgd, batch_size=9)
    assert model.training


BAD = {
    "epochs must be an integer of at least 1, got 0": {"epochs": 0},
    "batch_size must be an integer of at least 1, got 0": {"batch_size": 0},
    r"lr must be above 0, got -0\.1": {"lr": -0.1},
    "lr must be above 0, got nan": {"lr": float("nan")},
    "weight_decay must be at least 0, got -1": {"weight_decay": -1},
    "label_smoothing must be at least 0 and below 1, got 1": {"label_smoothing": 1},
    "clip_norm must be None or above 0, got 0": {"clip_norm": 0},
    "auxiliary_weight must be at least 0, got -2": {"auxiliary_weight": -2},
    "schedule must be .* got 'onecycle'; did you mean 'one_cycle'": {"schedule": "onecycle"},
    "optimizer must be one of 'adamw', 'sgd' or a function, got 'lion'": {"optimizer": "lion"},
    "mixed_precision must be .* got 'half'": {"mixed_precision": "half"},
    "mixed_precision must be 'no' or 'bf16' on a CPU, got 'fp16'": {"mixed_precision": "fp16"},
    r"seed must be an integer, got 0\.5": {"seed": 0.5},
    "num_classes of at least 4, an output for each class of the data, got 3": {
        "model": network(classes=3)
    },
    r"fit the model, which fails on pictures of the shape \(C, H, W\) = \(3, 8, 8\)": {
        "model": nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())
    },
    r"scores of the shape \(N, K\), got \(1, 4, 8, 8\)": {"model": nn.Conv2d(3, 4, 1)},
    "model must have a parameter that requires a gradient": {
        "model": network().requires_grad_(False)
    },
}


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments_are_named(message):
    arguments = {"model": network(), "data": image_data(), "epochs": 1, **BAD[message]}
    with pytest.raises(ValueError, match=message):
        fit(**arguments)


def test_progress_bar_is_only_for_eyes(monkeypatch, capfd):
    fit(network(), image_data(), 1)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(train_module, "is_watched", lambda: True)
    fit(network(), image_data(), 1, progress=False)
    assert capfd.readouterr() == ("", "")
    fit(network(), image_data(), 2)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "4/4" in shown.err  # 2 steps an epoch
    assert "validation accuracy" in shown.err


class TableReader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.cells = []

    def handle_data(self, data):
        if data.strip():
            self.cells.append(data)


def test_history_shows_itself():
    history = History()
    for epoch in range(2):
        history.append(
            {"weight": 0.5},
            train_loss=1.25,
            train_accuracy=0.5 + epoch / 4,
            validation_loss=1.5,
            validation_accuracy=0.25,
            seconds=2.0,
            gradient_norm=3.0,
        )
    assert repr(history) == "History(2 epochs)"
    reader = TableReader()
    reader.feed(history._repr_html_())
    assert len(reader.cells) == 3 * 7
    start = '<figure class="bb-plot bb-history" aria-label="Table of 2 epochs of training: '
    assert history._repr_html_().startswith(start)
    assert reader.cells[7:14] == ["1", "1.250", "50.0%", "1.500", "25.0%", "3", "2.0"]


@pytest.fixture(scope="module")
def confused_model():
    """Trained a little: right on some pictures and wrong on others."""
    model, data = network(), image_data(60, 150)
    fit(model, data, 2, lr=0.005, batch_size=20)
    return model, data


def test_evaluation_agrees_with_torchmetrics(confused_model):
    model, data = confused_model
    evaluation = evaluate(model, data)
    labels = data.validation.labels
    scores = predict(model, data.validation.images, mean=data.mean, std=data.std)
    assert 0.3 < evaluation.accuracy < 0.95
    options = {"num_classes": 4, "average": "micro"}
    assert evaluation.accuracy == pytest.approx(
        reference.multiclass_accuracy(scores, labels, **options).item()
    )
    matrix = reference.multiclass_confusion_matrix(scores, labels, num_classes=4)
    assert torch.equal(evaluation.confusion, matrix)
    loss = F.cross_entropy(scores, labels).item()
    assert evaluation.loss == pytest.approx(loss, rel=rounding(TERMS))
    close(evaluation.probabilities.sum(1), torch.ones(150), terms=4)
    assert repr(evaluation) == "Evaluation(150 pictures, 4 classes)"


def test_evaluation_does_not_depend_on_the_batch_size(confused_model):
    model, data = confused_model
    a, b = (evaluate(model, data, batch_size=size) for size in (7, 1000))
    close(a.probabilities, b.probabilities, terms_of(model))


def test_evaluation_keeps_the_modes(confused_model):
    model, data = confused_model
    model.train()
    model[3].eval()
    before = copy.deepcopy(model)
    evaluate(model, data.train, mean=data.mean, std=data.std)
    assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    assert same_state(model, before)
    model.train()


def test_most_confused_are_the_surest_errors(confused_model):
    model, data = confused_model
    evaluation = evaluate(model, data)
    confused = evaluation.most_confused(1000)
    wrong = (evaluation.predictions != evaluation.labels).nonzero().flatten().tolist()
    assert sorted(c.index for c in confused) == wrong
    sureness = [c.probability for c in confused]
    assert sureness == sorted(sureness, reverse=True)
    for found in confused[:5]:
        assert found.true == CLASSES[data.validation.labels[found.index]]
        assert found.predicted == CLASSES[evaluation.predictions[found.index]]
        assert found.probability == evaluation.probabilities[found.index].max()
    assert evaluation.most_confused(3) == confused[:3]


def test_evaluation_counts_outputs_without_a_class():
    model, data = network(classes=6), image_data()
    evaluation = evaluate(model, data)
    assert evaluation.classes == (*CLASSES, "4", "5")
    assert evaluation.confusion.shape == (6, 6)
    assert evaluation.confusion.sum() == len(data.validation)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, KeyboardInterrupt, KeyError])
def test_what_is_not_the_pictures_fault_is_passed_on_as_it_is(error):
    class Failing(nn.Module):
        def forward(self, x):
            raise error("no more")

    model = Failing()
    with pytest.raises(error, match="no more"):
        evaluate(model, image_data())
    assert model.training


def test_evaluate_refuses_what_does_not_fit():
    model, data = network(), image_data()
    with pytest.raises(ValueError, match="mean and std must be those the model was trained with"):
        evaluate(model, data.train)
    with pytest.raises(ValueError, match=r"\(N, C, H, W\) with N > 0, got \(0, 3, 8, 8\)"):
        predict(model, data.train.images[:0], mean=data.mean, std=data.std)
    with pytest.raises(ValueError, match="one value for each of the 1 channels, got 3 and 3"):
        evaluate(model, image_set(4, 0, channels=1), mean=data.mean, std=data.std)
    with pytest.raises(ValueError, match="num_classes of at least 4"):
        evaluate(network(classes=2), data)
    with pytest.raises(ValueError, match="batch_size must be"):
        evaluate(model, data, batch_size=0)
    with pytest.raises(ValueError, match="count must be"):
        evaluate(model, data).most_confused(0)


WORKER = """
import os, torch
from torch import nn
from backbones import create_model
from backbones.data.imageset import ImageData, ImageSet
from backbones.train import fit

torch.set_num_threads(1)
given = torch.load({folder!r} + "/given", weights_only=False)
model, classes = given["model"], given["classes"]
train, validation = (ImageSet(*given[name], classes) for name in ("train", "validation"))
data = ImageData(train=train, validation=validation, name="corners")
history = fit(model, data, 2, batch_size=33, clip_norm=2.0, checkpoint={folder!r} + "/run")
result = [list(model.parameters()), history.train_loss, history.validation_loss]
torch.save([*result, history.gradient_norm], {folder!r} + "/" + os.environ["RANK"])
"""


def test_two_processes_do_as_one(tmp_path):
    # without batch statistics and dropout, which differ between one process and two
    torch.manual_seed(5)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)
    )
    data = image_data(91, 41)  # odd, so that the shares of the two differ
    given = {
        part: (getattr(data, part).images, getattr(data, part).labels)
        for part in ("train", "validation")
    }
    torch.save({"model": model, "classes": CLASSES, **given}, tmp_path / "given")
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(folder=str(tmp_path)))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1"}
    done = subprocess.run(
        [*launch, str(script)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    history = fit(model, data, 2, batch_size=33, clip_norm=2.0)
    result = [list(model.parameters()), history.train_loss, history.validation_loss]
    first, second = (torch.load(tmp_path / rank, weights_only=True) for rank in "01")
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(first, [*result, history.gradient_norm], rtol=1e-4, atol=1e-6)
    assert len(load_checkpoint(tmp_path / "run")["history"]["seconds"]) == 2


def test_the_memory_format_keeps_away_from_a_fault_of_onednn():
    # See device.memory_format: channels last, such a layer's gradient writes past its memory.
    def network(width, stride):
        return nn.Sequential(nn.Conv2d(3, width, 3), nn.Conv2d(width, 32, 1, stride=stride))

    cpu = torch.device("cpu")
    assert memory_format(network(8, 2), cpu) is torch.contiguous_format
    for safe in (network(16, 2), network(8, 1)):
        assert memory_format(safe, cpu) is torch.channels_last
    assert memory_format(network(8, 2), torch.device("cuda")) is torch.channels_last


def test_on_a_cpu_a_very_narrow_network_is_not_channels_last():
    # It would be the slower layout: benchmarks/fit.py measures it.
    lenet, cpu = create_model("bn_lenet"), torch.device("cpu")
    assert min(layer.out_channels for layer in lenet.modules() if isinstance(layer, nn.Conv2d)) == 6
    assert memory_format(lenet, cpu) is torch.contiguous_format
    assert memory_format(lenet, torch.device("cuda")) is torch.channels_last
    assert memory_format(nn.Conv2d(1, 8, 3), cpu) is torch.channels_last
