"""Answers to the exercises of the MobileNet v1 chapter that must not pass."""

from torch import nn


def rounded_down(in_channels, out_channels, kernel, side, stride):
    numbers = in_channels * (kernel**2 + out_channels)
    return numbers, numbers * (side // stride) ** 2


def stride_in_the_1x1(in_channels, out_channels, kernel, side, stride):
    depthwise, pointwise = in_channels * kernel**2, in_channels * out_channels
    small = -(-side // stride)
    return depthwise + pointwise, depthwise * side**2 + pointwise * small**2


def a_full_layer(in_channels, out_channels, kernel, side, stride):
    numbers = in_channels * kernel**2 * out_channels
    return numbers, numbers * (-(-side // stride)) ** 2


def always_3x3(in_channels, out_channels, kernel, side, stride):
    numbers = in_channels * (9 + out_channels)
    return numbers, numbers * (-(-side // stride)) ** 2


def depthwise_on_the_outputs(in_channels, out_channels, kernel, side, stride):
    numbers = out_channels * kernel**2 + in_channels * out_channels
    return numbers, numbers * (-(-side // stride)) ** 2


def rounded_for_strides_up_to_2(in_channels, out_channels, kernel, side, stride):
    numbers = in_channels * (kernel**2 + out_channels)
    return numbers, numbers * (side if stride == 1 else (side + 1) // stride) ** 2


def _separate(model, *, nested=True, skip=lambda conv: False, stride_both=False, padding=True,
              bias=(False, None)):  # fmt: skip
    modules = model.named_modules() if nested else model.named_children()
    for name, conv in list(modules):
        if not isinstance(conv, nn.Conv2d) or skip(conv):
            continue
        c, has_bias = conv.in_channels, conv.bias is not None
        first, second = (has_bias if b is None else b for b in bias)
        pad = conv.padding if padding else 0
        look = nn.Conv2d(c, c, conv.kernel_size, conv.stride, pad, groups=c, bias=first)
        stride = conv.stride if stride_both else 1
        mix = nn.Conv2d(c, conv.out_channels, 1, stride, bias=second)
        model.set_submodule(name, nn.Sequential(look, mix))
    return model


def _kept(conv):
    return conv.groups > 1 or conv.in_channels <= 3 or conv.kernel_size == (1, 1)


def only_the_outer_ones(model):
    return _separate(model, nested=False, skip=_kept)


def stride_in_both(model):
    return _separate(model, skip=_kept, stride_both=True)


def no_padding(model):
    return _separate(model, skip=_kept, padding=False)


def a_bias_in_each(model):
    return _separate(model, skip=_kept, bias=(None, None))


def no_bias(model):
    return _separate(model, skip=_kept, bias=(False, False))


def the_1x1_too(model):
    return _separate(model, skip=lambda conv: conv.groups > 1 or conv.in_channels <= 3)


def the_grouped_too(model):
    return _separate(model, skip=lambda c: c.in_channels <= 3 or c.kernel_size == (1, 1))


def the_first_too(model):
    return _separate(model, skip=lambda c: c.groups > 1 or c.kernel_size == (1, 1))


def only_the_tall_kernels(model):
    return _separate(model, skip=lambda c: _kept(c) or c.kernel_size[0] == 1)


def square_kernels(model):
    for name, conv in list(model.named_modules()):
        if isinstance(conv, nn.Conv2d) and not _kept(conv):
            c, size = conv.in_channels, max(conv.kernel_size)
            look = nn.Conv2d(c, c, size, conv.stride, size // 2, groups=c, bias=False)
            mix = nn.Conv2d(c, conv.out_channels, 1, bias=conv.bias is not None)
            model.set_submodule(name, nn.Sequential(look, mix))
    return model


def the_1x1_first(model):
    for name, conv in list(model.named_modules()):
        if isinstance(conv, nn.Conv2d) and not _kept(conv):
            c = conv.out_channels
            how = conv.kernel_size, conv.stride, conv.padding
            mix = nn.Conv2d(conv.in_channels, c, 1, bias=conv.bias is not None)
            look = nn.Conv2d(c, c, *how, groups=c, bias=False)
            model.set_submodule(name, nn.Sequential(mix, look))
    return model


WRONG = {
    2: [
        rounded_down,
        stride_in_the_1x1,
        a_full_layer,
        always_3x3,
        depthwise_on_the_outputs,
        rounded_for_strides_up_to_2,
    ],
    3: [
        only_the_outer_ones,
        stride_in_both,
        no_padding,
        a_bias_in_each,
        no_bias,
        the_1x1_too,
        the_grouped_too,
        the_first_too,
        only_the_tall_kernels,
        square_kernels,
        the_1x1_first,
    ],
}
