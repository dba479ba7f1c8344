"""Answers to the exercises of the NiN chapter that must not pass."""

import torch.nn.functional as F
from torch import nn


def without_bias(dense, features):
    return F.conv2d(features, dense.weight[:, :, None, None])


def means_only(dense, features):
    return dense(features.mean((2, 3)))[:, :, None, None]


def means_everywhere(dense, features):
    """The right means, at every position."""
    scores = dense(features.mean((2, 3)))
    return scores[:, :, None, None].expand(-1, -1, *features.shape[2:])


def bias_shared_out(dense, features):
    positions = features.shape[2] * features.shape[3]
    return F.conv2d(features, dense.weight[:, :, None, None], dense.bias / positions)


def cut_off(dense, features):
    return F.conv2d(features, dense.weight[:, :, None, None], dense.bias).relu()


def channels_last(dense, features):
    return dense(features.permute(0, 2, 3, 1))


def viewed(dense, features):
    batch, channels, high, wide = features.shape
    pixels = features.reshape(batch, high, wide, channels)
    return dense(pixels).permute(0, 3, 1, 2)


def new_weights(mlp):
    return nn.Sequential(
        *(
            nn.Conv2d(m.in_features, m.out_features, 1) if isinstance(m, nn.Linear) else m
            for m in mlp
        )
    )


def biases_forgotten(mlp):
    layers = []
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            conv = nn.Conv2d(layer.in_features, layer.out_features, 1, bias=False)
            conv.weight.data.copy_(layer.weight[:, :, None, None])
            layer = conv
        layers.append(layer)
    return nn.Sequential(*layers)


def bias_always(mlp):
    layers = []
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            conv = nn.Conv2d(layer.in_features, layer.out_features, 1)  # a bias nobody asked for
            conv.weight.data.copy_(layer.weight[:, :, None, None])
            if layer.bias is not None:
                conv.bias.data.copy_(layer.bias)
            layer = conv
        layers.append(layer)
    return nn.Sequential(*layers)


def relus_forgotten(mlp):
    layers = []
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            conv = nn.Conv2d(layer.in_features, layer.out_features, 1, bias=layer.bias is not None)
            conv.weight.data.copy_(layer.weight[:, :, None, None])
            if layer.bias is not None:
                conv.bias.data.copy_(layer.bias)
            layers.append(conv)
    return nn.Sequential(*layers)


class Permuted(nn.Module):
    """Right numbers by dense layers, which are no convolutions."""

    def __init__(self, mlp):
        super().__init__()
        self.mlp = mlp

    def forward(self, x):
        return self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def not_convolutions(mlp):
    return nn.Sequential(Permuted(mlp))


def zeros_around(mlp):
    """Right numbers by 3x3 kernels."""
    layers = []
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            bias = layer.bias is not None
            conv = nn.Conv2d(layer.in_features, layer.out_features, 3, padding=1, bias=bias)
            nn.init.zeros_(conv.weight)
            conv.weight.data[:, :, 1, 1] = layer.weight.data
            if bias:
                conv.bias.data.copy_(layer.bias)
            layer = conv
        layers.append(layer)
    return nn.Sequential(*layers)


def emptied(mlp):
    """Right, but it takes the weights away from the given layers."""
    layers = []
    for layer in mlp:
        if isinstance(layer, nn.Linear):
            bias = layer.bias is not None
            conv = nn.Conv2d(layer.in_features, layer.out_features, 1, bias=bias)
            conv.weight.data = layer.weight.data[:, :, None, None]
            layer.weight.data.zero_()
            if bias:
                conv.bias.data = layer.bias.data
            layer = conv
        layers.append(layer)
    return nn.Sequential(*layers)


def _with(dense, table):
    new = nn.Linear(dense.in_features, dense.out_features)
    new.weight.data.copy_(table.flatten(1))
    new.bias.data.copy_(dense.bias)
    return new


def inverse(dense, order):
    table = dense.weight.detach().unflatten(1, (-1, len(order)))
    return _with(dense, table[:, :, order.argsort()])


def positions_before_channels(dense, order):
    table = dense.weight.detach().unflatten(1, (len(order), -1))
    return _with(dense, table[:, order])


def unchanged(dense, order):
    return dense


def without_its_bias(dense, order):
    new = nn.Linear(dense.in_features, dense.out_features, bias=False)
    table = dense.weight.detach().unflatten(1, (-1, len(order)))
    new.weight.data.copy_(table[:, :, order].flatten(1))
    return new


def in_place(dense, order):
    table = dense.weight.detach().unflatten(1, (-1, len(order)))
    dense.weight.data.copy_(table[:, :, order].flatten(1).clone())
    return dense


def maps_put_back(dense, order):
    """Right scores, by a function which is no dense layer."""

    def scores(flat):
        maps = flat.unflatten(1, (-1, len(order)))
        return dense(maps[:, :, order.argsort()].flatten(1))

    return scores


WRONG = {
    2: [
        without_bias,
        means_only,
        means_everywhere,
        bias_shared_out,
        cut_off,
        channels_last,
        viewed,
    ],
    3: [
        new_weights,
        biases_forgotten,
        bias_always,
        relus_forgotten,
        not_convolutions,
        zeros_around,
        emptied,
    ],
    4: [inverse, positions_before_channels, unchanged, without_its_bias, in_place, maps_put_back],
}
