"""Growth, compression and the memory-saving mode of DenseNet."""

import pytest
import torch

from backbones import create_model
from backbones.models.densenet import DenseBlock, DenseNet
from backbones.models.resnet import small_stem


def build(memory_saving: bool = False) -> DenseNet:
    torch.manual_seed(0)
    return DenseNet((3, 4), 8, 5, stem=small_stem, memory_saving=memory_saving)


def test_each_layer_sees_all_before_it():
    block = DenseBlock(16, 4, 8)
    assert [layer.bottleneck[0].num_features for layer in block] == [16, 24, 32, 40]
    x = torch.randn(2, 16, 5, 5)
    y = block(x)
    assert y.shape == (2, 16 + 4 * 8, 5, 5)
    assert torch.equal(y[:, :16], x)


def test_transitions_halve_channels_and_sides():
    model = build().eval()
    maps = model.forward_features(torch.randn(1, 3, 32, 32))
    assert [m.shape[1:] for m in maps] == [(40, 32, 32), (20 + 32, 16, 16)]


def test_published_channels():
    with torch.device("meta"):
        maps = create_model("densenet121").eval().forward_features(torch.zeros(1, 3, 224, 224))
    assert [m.shape[1:3] for m in maps] == [(256, 56), (512, 28), (1024, 14), (1024, 7)]


def run_steps(model: DenseNet, steps: int = 2) -> list[torch.Tensor]:
    """Outputs and gradients of some batches, then all running statistics."""
    model = model.double()
    generator = torch.Generator().manual_seed(1)
    results = []
    for _ in range(steps):
        x = torch.randn(4, 3, 16, 16, generator=generator, dtype=torch.double, requires_grad=True)
        y = model(x)
        y.square().sum().backward()
        results += [y.detach(), x.grad, *(p.grad.clone() for p in model.parameters())]
        model.zero_grad()
    return results + [buffer.clone() for buffer in model.buffers()]


@pytest.mark.parametrize("training", [True, False])
def test_saving_memory_changes_nothing_else(training):
    plain, saving = (run_steps(build(mode).train(training)) for mode in (False, True))
    for one, other in zip(plain, saving, strict=True):
        assert torch.equal(one, other)


def kept_bytes(model: DenseNet) -> int:
    """Bytes that the forward pass keeps for the backward pass, parameters and input included."""
    kept = {}

    def remember(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage  # alive, so that no other gets its address
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        output = model(torch.randn(4, 3, 32, 32))
    del output
    return sum(storage.nbytes() for storage in kept.values())


def test_memory_is_saved_in_training_and_grows_linearly():
    plain, saving = (
        {
            depth: kept_bytes(DenseNet((depth,), 8, 5, stem=small_stem, memory_saving=mode))
            for depth in (8, 16)
        }
        for mode in (False, True)
    )
    assert saving[16] < 0.6 * plain[16]
    assert saving[16] < 2 * saving[8]  # linear in depth,
    assert plain[16] > 2.3 * plain[8]  # where the plain mode has a square in it


@pytest.mark.parametrize("mode", [False, True])
def test_without_gradients(mode):
    model = build(mode)
    with torch.no_grad():
        assert model.train()(torch.randn(2, 3, 16, 16)).shape == (2, 5)


def test_the_mode_is_an_option_of_the_factories():
    with torch.device("meta"):
        model = create_model("densenet121", memory_saving=True)
    assert all(layer.memory_saving for stage in model.stages for layer in stage[-1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((),), "depths must name at least one block"),
        (((2, 0),), "depth must be an integer of at least 1, got 0"),
        (((2,), 0), "growth_rate must be an integer of at least 1, got 0"),
    ],
)
def test_wrong_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DenseNet(*arguments)
