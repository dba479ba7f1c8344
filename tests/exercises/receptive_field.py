"""Plausible wrong answers to the exercises on receptive fields, which the checks must refuse."""


def rounded_down(field, kernel_size):
    return (field - 1) // (kernel_size - 1)


def without_the_first_pixel(field, kernel_size):
    return -(-field // (kernel_size - 1))


def at_least_one_layer(field, kernel_size):
    return max(1, -(-(field - 1) // (kernel_size - 1)))


def only_3x3(field, kernel_size):
    return -(-(field - 1) // 2)


def from_the_picture_up(layers):
    size = 1
    for kernel_size, stride, dilation in layers:
        size = (size - 1) * stride + dilation * (kernel_size - 1) + 1
    return size


def without_dilation(layers):
    size = 1
    for kernel_size, stride, _ in reversed(layers):
        size = (size - 1) * stride + kernel_size
    return size


def dilated_kernel_times_dilation(layers):
    size = 1
    for kernel_size, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * kernel_size
    return size


def steps_added_without_the_jump(layers):
    return 1 + sum((kernel_size - 1) * dilation for kernel_size, _, dilation in layers)


def starts_at_zero(layers):
    size = 0
    for kernel_size, stride, dilation in reversed(layers):
        size = size * stride + dilation * (kernel_size - 1) + 1
    return size


def not_cut(p, r, j, s, size):
    return r


def cut_on_the_left_only(p, r, j, s, size):
    first = p * j + s
    return max(0, first + r - max(first, 0))


def negative_where_outside(p, r, j, s, size):
    first = p * j + s
    return min(first + r, size) - max(first, 0)


def last_pixel_forgotten(p, r, j, s, size):
    first = p * j + s
    return max(0, min(first + r - 1, size) - max(first, 0))


def first_pixel_forgotten(p, r, j, s, size):
    return sum(0 < pixel < size for pixel in range(p * j + s, p * j + s + r))


def jump_after_the_layer(layers):
    variance, jump = 0.0, 1
    for kernel_size, stride, dilation in layers:
        jump *= stride
        variance += (kernel_size**2 - 1) / 12 * (dilation * jump) ** 2
    return 4 * variance**0.5


def dilation_ignored(layers):
    variance, jump = 0.0, 1
    for kernel_size, stride, _ in layers:
        variance += (kernel_size**2 - 1) / 12 * jump**2
        jump *= stride
    return 4 * variance**0.5


def widths_added(layers):
    width, jump = 0.0, 1
    for kernel_size, stride, dilation in layers:
        width += ((kernel_size**2 - 1) / 12) ** 0.5 * dilation * jump
        jump *= stride
    return 4 * width


def jump_not_squared(layers):
    variance, jump = 0.0, 1
    for kernel_size, stride, dilation in layers:
        variance += (kernel_size**2 - 1) / 12 * dilation**2 * jump
        jump *= stride
    return 4 * variance**0.5


def dilated_kernel_without_holes(layers):
    variance, jump = 0.0, 1
    for kernel_size, stride, dilation in layers:
        variance += ((dilation * (kernel_size - 1) + 1) ** 2 - 1) / 12 * jump**2
        jump *= stride
    return 4 * variance**0.5


WRONG = {
    2: [rounded_down, without_the_first_pixel, only_3x3, at_least_one_layer],
    3: [
        from_the_picture_up,
        without_dilation,
        dilated_kernel_times_dilation,
        starts_at_zero,
        steps_added_without_the_jump,
    ],
    4: [
        not_cut,
        cut_on_the_left_only,
        negative_where_outside,
        last_pixel_forgotten,
        first_pixel_forgotten,
    ],
    5: [
        jump_after_the_layer,
        dilation_ignored,
        widths_added,
        jump_not_squared,
        dilated_kernel_without_holes,
    ],
}
