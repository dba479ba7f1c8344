import pytest
import torch

from backbones.data import painted as painted_module
from backbones.data.painted import CHUNK, CLASSES, KINDS, LARGEST_SEED, paint_set, version
from backbones.data.painted import scene as scene_module
from backbones.data.painted.painting import Dice, Layer, edge, palette, ripple
from backbones.data.painted.scene import boxes_of, paint_pictures

ALL_KINDS = [kind for kinds in KINDS.values() for kind in kinds]


@pytest.fixture(scope="module")
def training():
    return paint_set(120, 32, 0, validation=False)


@pytest.fixture(scope="module")
def validation():
    return paint_set(60, 32, 0, validation=True)


def distinct(images):
    return {bytes(image.flatten().tolist()) for image in images}


# -- the set -------------------------------------------------------------------


def test_a_set_is_balanced_shuffled_and_without_twins(training):
    images, labels, boxes = training
    assert images.dtype == torch.uint8
    assert images.shape == (120, 3, 32, 32)
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == [24] * 5
    assert not torch.equal(labels, labels.sort().values)
    assert len(labels[:30].unique()) == 5
    assert len(distinct(images)) == 120
    assert len(boxes) == 120


def test_boxes_and_labels_stay_with_their_pictures(monkeypatch):
    def numbered(kind, count, size, seed):
        label = next(label for label, kinds in enumerate(KINDS.values()) if kind in kinds)
        images = torch.zeros(count, 3, size, size, dtype=torch.uint8)
        images[:, 0] = torch.arange(count).view(-1, 1, 1)
        images[:, 1] = seed % 251
        images[:, 2] = label
        return images, [torch.tensor([[n, seed % 251, label, 0.0]]) for n in range(count)]

    monkeypatch.setattr(painted_module, "paint_pictures", numbered)
    images, labels, boxes = paint_set(200, 16, 0, validation=False)
    assert torch.equal(torch.cat(boxes)[:, :3], images[:, :, 3, 3].float())
    assert torch.equal(labels, images[:, 2, 0, 0].long())
    assert not torch.equal(images[:, 0, 0, 0].sort().values, images[:, 0, 0, 0])


@pytest.mark.parametrize("count", [5, 7, 23])
def test_classes_differ_by_one_picture_at_most(count):
    images, labels, boxes = paint_set(count, 16, 3, validation=False)
    assert len(images) == len(labels) == len(boxes) == count
    counts = labels.bincount(minlength=5)
    assert counts.max() - counts.min() <= 1


def test_the_kinds_of_a_class_share_it():
    for kinds in KINDS.values():
        assert sum(kind.share for kind in kinds) == pytest.approx(1)


def test_the_same_seed_paints_the_same(training):
    again = paint_set(120, 32, 0, validation=False)
    assert torch.equal(again[0], training[0])
    assert torch.equal(again[1], training[1])
    assert all(map(torch.equal, again[2], training[2]))


def test_another_seed_and_the_validation_set_share_no_picture(training, validation):
    other = paint_set(60, 32, 1, validation=False)
    sets = [distinct(images) for images in (training[0], validation[0], other[0])]
    assert sets[0].isdisjoint(sets[1])
    assert sets[0].isdisjoint(sets[2])
    assert sets[1].isdisjoint(sets[2])


def test_every_chunk_of_every_set_has_a_seed_of_its_own(monkeypatch):
    seeds = []

    def pretend(kind, count, size, seed):
        seeds.append(seed)
        return torch.zeros(count, 3, 1, 1, dtype=torch.uint8), [torch.zeros(0, 4)] * count

    monkeypatch.setattr("backbones.data.painted.paint_pictures", pretend)
    for seed in (0, 1, 2, LARGEST_SEED):
        for part in (False, True):
            paint_set(2000, 1, seed, validation=part)
    assert len(set(seeds)) == len(seeds) >= 2 * 4 * 2000 / CHUNK
    assert max(seeds) < 2**31


def test_no_global_chance_is_used():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    paint_pictures(KINDS["rose"][0], 4, 16, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_any_number_of_threads_paints_the_same_bits():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = paint_set(10, 48, 2, validation=False)
        torch.set_num_threads(3)
        together = paint_set(10, 48, 2, validation=False)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert torch.equal(alone[0], together[0])
    assert all(map(torch.equal, alone[2], together[2]))


def test_the_version_follows_the_code(tmp_path, monkeypatch):
    module = tmp_path / "flowers" / "__init__.py"
    module.parent.mkdir()
    module.write_text("petals = 5")
    assert version() == version()
    original = version()
    monkeypatch.setattr("backbones.data.painted.__file__", str(module))
    first = version()
    module.write_text("petals = 6")
    assert len({original, first, version()}) == 3


# -- the pictures --------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.paint.__name__)
def test_the_same_scene_at_two_sizes(kind):
    small, small_boxes = paint_pictures(kind, 6, 32, 11)
    large, large_boxes = paint_pictures(kind, 6, 96, 11)
    shrunk = torch.nn.functional.avg_pool2d(large.float(), 3)
    # Grain differs, and details finer than a pixel; another scene differs by some 60 levels.
    assert (shrunk - small.float()).abs().mean() < 9
    assert (shrunk - small.roll(1, 0).float()).abs().mean() > 25
    for few, many in zip(small_boxes, large_boxes, strict=True):
        # A flower that barely shows may be counted at one size only; the main one comes last.
        assert abs(len(few) - len(many)) <= 1
        assert (few[-1] * 3 - many[-1]).abs().max() <= 8


def test_pictures_are_neither_dark_nor_burnt_out(training):
    images = training[0].float()
    assert 80 < images.mean() < 170
    contrast = images.std((1, 2, 3))
    assert contrast.min() > 10
    assert contrast.median() > 35


def test_every_picture_has_boxes_inside_it(training):
    for boxes in training[2]:
        assert boxes.shape[1] == 4
        assert boxes.dtype == torch.float32
        assert 1 <= len(boxes) <= 3
        assert (boxes >= 0).all()
        assert (boxes <= 32).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert max(map(len, training[2])) > 1


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.paint.__name__)
def test_boxes_are_around_the_flowers_pixels(kind, monkeypatch):
    # The same pictures without heads differ where the heads are, and there only.
    monkeypatch.setattr(scene_module, "camera", lambda dice, picture, sun, noise: picture)
    monkeypatch.setattr(Dice, "chance", lambda self, probability: torch.zeros(self.count, 1, 1))
    with_heads, boxes = paint_pictures(kind, 4, 64, 2)
    draw = scene_module.plant

    def without_head(*arguments):
        stem, head = draw(*arguments)
        return stem, Layer(len(head.alpha), head.alpha.shape[-1])

    monkeypatch.setattr(scene_module, "plant", without_head)
    monkeypatch.setattr(scene_module, "boxes_of", lambda seen, whole: None)
    without, _ = paint_pictures(kind, 4, 64, 2)
    differs = ((with_heads.int() - without.int()).abs() > 1).any(1)
    for (box,), difference in zip(boxes, differs, strict=True):
        rows, columns = difference.nonzero(as_tuple=True)
        around = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert (box - around).abs().max() <= 3


def test_blades_before_a_flower_hide_it(monkeypatch):
    seen = []
    monkeypatch.setattr(scene_module, "boxes_of", lambda shown, whole: seen.append(shown[-1]))
    monkeypatch.setattr(Dice, "chance", lambda self, probability: torch.ones(self.count, 1, 1))
    draw = scene_module.blade

    def thin_air(*arguments):
        distance, light = draw(*arguments)
        return torch.full_like(distance, -9.0), light

    for blade in (draw, thin_air):
        monkeypatch.setattr(scene_module, "blade", blade)
        paint_pictures(ALL_KINDS[0], 8, 32, 2)
    with_blades, without = seen
    assert (with_blades <= without).all()
    hidden = (without - with_blades).sum((1, 2))
    assert hidden.max() > 20
    assert hidden.median() > 1


def test_boxes_of_a_worked_example():
    seen = torch.zeros(3, 2, 10, 10)
    seen[0, 0, 2:5, 3:9] = 1  # whole
    seen[1, 0, 0:1, 0:10] = 0.9  # two thirds covered, and a little more
    seen[2, 1, 8:, 9:] = 0.5  # in the corner
    whole = torch.tensor([[18.0, 0], [31, 0], [0, 2]])
    first, second = boxes_of(seen, whole)
    assert first.tolist() == [[3, 2, 9, 5]]
    assert second.tolist() == [[9, 8, 10, 10]]


# -- the paint box -------------------------------------------------------------


def test_palette():
    assert torch.equal(palette("ff0000 00ff33"), torch.tensor([[1, 0, 0], [0, 1, 0.2]]))


def test_dice_stay_in_their_ranges():
    dice = Dice(1000, torch.Generator().manual_seed(0))
    numbers = dice.uniform(-2, 3)
    assert numbers.shape == (1000, 1, 1)
    assert numbers.min() >= -2
    assert numbers.max() < 3
    assert abs(numbers.mean() - 0.5) < 0.2
    assert set(dice.integer(3, 5).flatten().tolist()) == {3, 4, 5}
    assert abs(dice.chance(0.3).mean() - 0.3) < 0.05
    colours = dice.colour(palette("000000 ffffff"), jitter=0.1)
    assert colours.shape == (1000, 3, 1, 1)
    assert colours.min() == 0
    assert colours.max() == 1
    assert dice.clouds(4, 12).shape == (1000, 12, 12)
    assert dice.clouds(4, 2).shape == (1000, 2, 2)


def test_an_edge_is_a_ramp_as_wide_as_asked():
    distance = torch.tensor([-1.0, -0.25, 0, 0.25, 1])
    assert edge(distance, 1.0).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert edge(distance, 0.5).tolist() == [0, 0, 0.5, 1, 1]


def test_a_ripple_fades_before_it_aliases():
    phase = torch.linspace(0, 6, 100)
    assert torch.equal(ripple(phase, torch.tensor(5.0)), torch.cos(phase))
    assert ripple(phase, torch.tensor(2.0)).abs().max() == 0
    assert 0 < ripple(phase, torch.tensor(3.0)).abs().max() < 1


def test_layers_composite_as_porter_and_duff_say():
    red, blue = palette("ff0000").view(1, 3, 1, 1), palette("0000ff").view(1, 3, 1, 1)
    layer = Layer(1, 1)
    layer.paint(torch.full((1, 1, 1), 0.5), red)
    assert layer.alpha.item() == 0.5
    assert layer.colour.flatten().tolist() == [0.5, 0, 0]
    layer.paint(torch.full((1, 1, 1), 0.5), blue, 0.5)
    assert layer.alpha.item() == 0.75
    assert layer.colour.flatten().tolist() == [0.25, 0, 0.25]
    layer.shade(torch.full((1, 1, 1), 0.5))
    assert layer.colour.flatten().tolist() == [0.125, 0, 0.125]

    below = Layer(2, 1)
    below.paint(torch.ones(2, 1, 1), blue)
    below.put(layer, torch.tensor([1]))
    assert below.colour[0].flatten().tolist() == [0, 0, 1]
    assert below.colour[1].flatten().tolist() == [0.125, 0, 0.375]
    assert below.alpha.flatten().tolist() == [1, 1]


def test_classes_are_those_of_flower_photos():
    assert CLASSES == ("daisy", "dandelion", "rose", "sunflower", "tulip")
