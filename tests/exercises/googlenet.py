"""Answers to the exercises of the GoogLeNet chapter that must not pass."""

import torch
import torch.nn.functional as F
from torch import nn


def everything_on_the_input(in_channels, widths):
    narrow, reduce_middle, middle, reduce_wide, wide, projection = widths
    on_input = narrow + reduce_middle + reduce_wide + projection
    return in_channels * (on_input + 9 * middle + 25 * wide)


def projection_on_the_5x5(in_channels, widths):
    narrow, reduce_middle, middle, reduce_wide, wide, projection = widths
    inside = 9 * reduce_middle * middle + 25 * reduce_wide * wide + wide * projection
    return in_channels * (narrow + reduce_middle + reduce_wide) + inside


def without_the_projection(in_channels, widths):
    narrow, reduce_middle, middle, reduce_wide, wide, _ = widths
    on_input = narrow + reduce_middle + reduce_wide
    return in_channels * on_input + 9 * reduce_middle * middle + 25 * reduce_wide * wide


def with_biases(in_channels, widths):
    narrow, reduce_middle, middle, reduce_wide, wide, projection = widths
    on_input = narrow + reduce_middle + reduce_wide + projection
    inside = 9 * reduce_middle * middle + 25 * reduce_wide * wide
    return in_channels * on_input + inside + sum(widths)


def rounded_down(in_channels, out_channels, size):
    return size**2 * in_channels * out_channels // (in_channels + size**2 * out_channels)


def the_input_alone(in_channels, out_channels, size):
    return in_channels - 1  # the second term of (1) alone


def a_side_not_an_area(in_channels, out_channels, size):
    return (size * in_channels * out_channels - 1) // (in_channels + size * out_channels)


def in_floats(in_channels, out_channels, size):
    return size**2 * in_channels * out_channels / (in_channels + size**2 * out_channels)


def all_alike(outputs, labels, weight=0.3):
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return sum(F.cross_entropy(scores, labels) for scores in outputs)


def first_head_alone(outputs, labels, weight=0.3):
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = F.cross_entropy(outputs[0], labels)
    return loss + weight * F.cross_entropy(outputs[1], labels) if outputs[1:] else loss


def mean_of_heads(outputs, labels, weight=0.3):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [F.cross_entropy(other, labels) for other in others]
    return F.cross_entropy(scores, labels) + weight * sum(losses) / max(1, len(losses))


def always_a_third(outputs, labels, weight=0.3):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = F.cross_entropy(scores, labels)
    return loss + 0.3 * sum(F.cross_entropy(other, labels) for other in others)


def scores_are_added(outputs, labels, weight=0.3):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    return F.cross_entropy(scores + weight * sum(others), labels)


def without_a_gradient(outputs, labels, weight=0.3):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = F.cross_entropy(scores, labels)
    return torch.tensor((loss + weight * sum(F.cross_entropy(o, labels) for o in others)).item())


def heads_detached(outputs, labels, weight=0.3):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = F.cross_entropy(scores, labels)
    return loss + weight * sum(F.cross_entropy(o.detach(), labels) for o in others)


def a_whole_by_default(outputs, labels, weight=1.0):
    scores, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = F.cross_entropy(scores, labels)
    return loss + weight * sum(F.cross_entropy(other, labels) for other in others)


def _made(convs, order=1, bias=True):
    convs = convs[::order]
    whole = nn.Conv2d(convs[0].in_channels, sum(c.out_channels for c in convs), 1, bias=bias)
    with torch.no_grad():
        whole.weight.copy_(torch.cat([conv.weight for conv in convs]))
        if bias:
            whole.bias.copy_(torch.cat([conv.bias for conv in convs]))
    return whole


def backwards(convs):
    return _made(convs, order=-1)


def without_bias(convs):
    return _made(convs, bias=False)


def new_weights(convs):
    return nn.Conv2d(convs[0].in_channels, sum(conv.out_channels for conv in convs), 1)


class SideBySide(nn.ModuleList):
    """The right output, by three calls."""

    def forward(self, x):
        return torch.cat([conv(x) for conv in self], dim=1)


def in_the_middle_of_a_3x3(convs):
    small = _made(convs)
    whole = nn.Conv2d(small.in_channels, small.out_channels, 3, padding=1)
    with torch.no_grad():
        whole.weight.copy_(F.pad(small.weight, (1, 1, 1, 1)))
        whole.bias.copy_(small.bias)
    return whole


WRONG = {
    2: [everything_on_the_input, projection_on_the_5x5, without_the_projection, with_biases],
    3: [rounded_down, the_input_alone, a_side_not_an_area, in_floats],
    4: [
        all_alike,
        first_head_alone,
        mean_of_heads,
        always_a_third,
        scores_are_added,
        without_a_gradient,
        heads_detached,
        a_whole_by_default,
    ],
    5: [backwards, without_bias, new_weights, SideBySide, in_the_middle_of_a_3x3],
}
