"""Answers to the exercises of the VGG chapter that must not pass."""

import math

from torch import nn

from backbones.models.vgg import VGG


def rounded_up(channels):
    return math.ceil(25 * channels / 18)  # equal where 18 divides, which is not more


def rounded(channels):
    return round(25 * channels / 18)


def in_floats(channels):
    return 25 * channels / 18 + 1


def only_the_first_layer(channels):
    return 25 * channels // 9 + 1


def strongest_in_place_of_mean(model, num_classes):
    dense = nn.Linear(model.stages[-1][-2].conv.out_channels, num_classes)
    model.head = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), dense)
    return model


def seven_by_seven(model, num_classes):
    dense = nn.Linear(49 * model.stages[-1][-2].conv.out_channels, num_classes)
    model.head = nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten(), dense)
    return model


def same_head(model, num_classes):
    model.head[-1] = nn.Linear(model.head[-1].in_features, num_classes)
    return model


def features_alone(model, num_classes):
    return nn.Sequential(model.stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def with_softmax(model, num_classes):
    dense = nn.Linear(model.stages[-1][-2].conv.out_channels, num_classes)
    model.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense, nn.Softmax(1))
    return model


def with_relu(model, num_classes):
    dense = nn.Linear(model.stages[-1][-2].conv.out_channels, num_classes)
    model.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense, nn.ReLU())
    return model


def another_network(model, num_classes):
    widths = [stage[-2].conv.out_channels for stage in model.stages]
    other = VGG([len(stage) - 1 for stage in model.stages], widths=widths)
    dense = nn.Linear(widths[-1], num_classes)
    other.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense)
    return other


def channels_last(dense, channels, size):
    conv = nn.Conv2d(channels, dense.out_features, size)
    weight = dense.weight.detach().view(-1, size, size, channels).permute(0, 3, 1, 2)
    conv.load_state_dict({"weight": weight, "bias": dense.bias.detach()})
    return conv


def without_bias(dense, channels, size):
    conv = nn.Conv2d(channels, dense.out_features, size, bias=False)
    conv.load_state_dict({"weight": dense.weight.detach().view_as(conv.weight)})
    return conv


def with_padding(dense, channels, size):
    conv = nn.Conv2d(channels, dense.out_features, size, padding=size // 2)
    conv.load_state_dict({"weight": dense.weight.detach().view_as(conv.weight), "bias": dense.bias})
    return conv


def one_by_one(dense, channels, size):
    return nn.Conv2d(channels, dense.out_features, 1)


WRONG = {
    2: [rounded_up, rounded, in_floats, only_the_first_layer],
    3: [
        strongest_in_place_of_mean,
        seven_by_seven,
        same_head,
        features_alone,
        with_softmax,
        with_relu,
        another_network,
    ],
    4: [channels_last, without_bias, with_padding, one_by_one],
}
