"""Vision Transformers: tokens, attention maps, positions, and the hybrid's stem."""

import pytest
import torch
from parity import build_reference, randomise, uninitialised
from rounding import close, terms_of
from torch import nn

from backbones import create_model
from backbones.attention import EncoderLayer, LearnedPositions
from backbones.models.hybrid_vit import StdConv2d, StdConvNormAct, resnet_embedding
from backbones.models.vit import EPS, Block, Size, VisionTransformer, patch_embedding


@pytest.fixture
def model():
    model = VisionTransformer(Size(3, 32, 4), 8, num_classes=5, image_size=32).eval()
    randomise(model)
    return model


@pytest.fixture
def images():
    return torch.randn(2, 3, 32, 32)


def test_block_is_a_pre_norm_encoder_layer():
    block = Block(12, 4)
    layer = EncoderLayer(12, 4, 48, 0.0, nn.GELU, norm_first=True)
    layer.attention_norm.eps = layer.mlp_norm.eps = EPS
    layer.load_state_dict(block.state_dict())
    x = torch.randn(2, 5, 12)
    assert torch.equal(block(x), layer(x))


def test_patch_embedding_is_a_dense_layer_on_every_patch(images):
    conv = patch_embedding(3, 7, 8)
    patches = images.unflatten(2, (4, 8)).unflatten(4, (4, 8))  # (B, 3, 4, 8, 4, 8)
    patches = patches.permute(0, 2, 4, 1, 3, 5).flatten(3)  # (B, 4, 4, 3 * 8 * 8)
    dense = patches @ conv.weight.flatten(1).T + conv.bias
    close(conv(images), dense.permute(0, 3, 1, 2), terms=3 * 8 * 8)


def test_tokens_and_map(model, images):
    tokens = model.tokens(images)
    (features,) = model.forward_features(images)
    assert tokens.shape == (2, 17, 32)
    assert features.shape == (2, 32, 4, 4)
    close(model.head(tokens[:, 0]), model(images), terms_of(model))
    assert torch.equal(features[1, :, 2, 3], tokens[1, 1 + 2 * 4 + 3])


def test_attention_maps(model, images):
    maps = model.attention_maps(images)
    assert [m.shape for m in maps] == [(2, 4, 17, 17)] * 3
    for weights in maps:
        assert (weights >= 0).all()
        close(weights.sum(-1), torch.ones(2, 4, 17), terms=17)
    block, x = model.blocks[0], model.embed(images)
    values = block.attention.qkv(*[block.attention_norm(x)] * 3)[2]
    values = values.unflatten(-1, (4, 8)).transpose(1, 2)
    mixed = block.attention.out((maps[0] @ values).transpose(1, 2).flatten(2))
    close(mixed, block.attention(block.attention_norm(x)), terms_of(block.attention))


@pytest.mark.parametrize("name", ["vit_l_16", "vit_l_32", "vit_h_14"])
def test_large_ones_are_registered_as_torchvisions(name):
    with uninitialised(), torch.device("meta"):
        ours, theirs = create_model(name), build_reference(name, "torchvision")
    shapes = [[tuple(p.shape) for p in model.parameters()] for model in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert ours.blocks[0].attention.num_heads == theirs.encoder.layers[0].num_heads


def test_images_of_another_size_are_refused(model):
    message = r"images must be 32 x 32, 4 patches of 8 a side, got 40 x 32; .* resize"
    with pytest.raises(ValueError, match=message):
        model(torch.zeros(1, 3, 40, 32))
    with pytest.raises(ValueError, match=r"images must be 32 x 32, .* got 33 x 33"):
        model(torch.zeros(1, 3, 33, 33))


@pytest.mark.parametrize("size", [16, 64, 40])
def test_resized_to_another_size(model, images, size):
    model.resize(size)
    assert model.image_size == size
    assert model(torch.randn(2, 3, size, size)).shape == (2, 5)
    with pytest.raises(ValueError, match=f"images must be {size} x {size}"):
        model(images)


def test_resize_is_torchvisions():
    from torchvision.models.vision_transformer import interpolate_embeddings

    positions = LearnedPositions(4, 6)
    weight = positions.weight.detach().clone()
    key = "encoder.pos_embedding"
    expected = interpolate_embeddings(24, 4, {key: weight})[key]
    positions.resize(6)
    close(positions.weight, expected, terms=16)
    positions.resize(6)
    close(positions.weight, expected, terms=16)
    assert torch.equal(positions.weight[:, :1], weight[:, :1])


def test_wrong_sizes_are_refused(model):
    for build in (model.resize, lambda size: VisionTransformer(Size(1, 8, 2), 8, image_size=size)):
        with pytest.raises(ValueError, match="image_size must be a multiple of the patch size 8"):
            build(36)
    with pytest.raises(ValueError, match="patch_size must be an integer of at least 1, got 0"):
        VisionTransformer(Size(1, 8, 2), 0)
    with pytest.raises(ValueError, match="num_heads must divide embed_dim = 8, got 3"):
        VisionTransformer(Size(1, 8, 3), 8)
    with pytest.raises(ValueError, match="num_classes must be"):
        create_model("vit_micro_patch4_32", 0)


def test_the_micro_vit_counted_by_hand():
    d, depth, patches, classes = 64, 4, 64, 10
    attention = 4 * d * d + 4 * d
    mlp = 8 * d * d + 5 * d
    embedding = 3 * 4 * 4 * d + d
    count = depth * (attention + mlp + 4 * d) + embedding + (patches + 2) * d
    count += 2 * d + classes * (d + 1)
    model = create_model("vit_micro_patch4_32")
    assert count == sum(p.numel() for p in model.parameters()) == 208_074
    assert create_model("vit_micro_patch4_32", in_channels=1, image_size=28).image_size == 28


@pytest.mark.parametrize(("kernel_size", "stride"), [(1, 1), (3, 1), (3, 2), (7, 2)])
def test_standardised_convolution(kernel_size, stride):
    conv = StdConv2d(4, 6, kernel_size, stride, bias=False)
    with torch.no_grad():
        conv.weight.mul_(7).add_(3)
    x = torch.randn(2, 4, 9, 9)
    filters = conv.weight.flatten(1)
    filters = (filters - filters.mean(1, keepdim=True)) / filters.std(1, correction=0, keepdim=True)
    plain = nn.functional.conv2d(x, filters.view_as(conv.weight), stride=stride)
    close(conv(x), plain, terms=2 * 4 * kernel_size**2)


def test_hybrid_stem():
    stem = resnet_embedding(3, 24, 8, depths=(1, 2), width=8)
    assert stem(torch.randn(2, 3, 32, 32)).shape == (2, 24, 4, 4)
    assert StdConvNormAct(3, 48, 3)[1].num_groups == 16
    assert StdConvNormAct(3, 64, 3)[1].num_groups == 32
    with pytest.raises(ValueError, match="patch_size must be 8 with 2 stages, got 16"):
        resnet_embedding(3, 24, 16, depths=(1, 2))
    with pytest.raises(ValueError, match=r"depths\[1\] must be an integer of at least 1, got 0"):
        resnet_embedding(3, 24, 8, depths=(1, 0))
