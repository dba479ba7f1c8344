"""Answers to the exercises of the training chapter that must not pass."""

import math

import torch


def each_by_its_own(train, other):
    return tuple((x - x.mean(0)) / x.std(0, unbiased=False).clamp(min=1e-9) for x in (train, other))


def by_both(train, other):
    both = torch.cat([train, other])
    deviation = both.std(0, unbiased=False)
    return tuple((x - both.mean(0)) / deviation for x in (train, other))


def one_mean_for_all(train, other):
    return tuple((x - train.mean()) / train.std(unbiased=False) for x in (train, other))


def by_the_variance(train, other):
    variance = train.var(0, unbiased=False)
    variance = torch.where(variance > 0, variance, 1.0)
    return tuple((x - train.mean(0)) / variance for x in (train, other))


def with_bessels_correction(train, other):
    deviation = train.std(0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    return tuple((x - train.mean(0)) / deviation for x in (train, other))


def divided_by_zero(train, other):
    return tuple((x - train.mean(0)) / train.std(0, unbiased=False) for x in (train, other))


def a_tiny_number_in_the_way(train, other):
    return tuple(
        (x - train.mean(0)) / (train.std(0, unbiased=False) + 1e-8) for x in (train, other)
    )


def never_less_than_one(train, other):
    deviation = train.std(0, unbiased=False).clamp(min=1.0)
    return tuple((x - train.mean(0)) / deviation for x in (train, other))


def training_table_alone(train, other):
    deviation = train.std(0, unbiased=False)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    return (train - train.mean(0)) / deviation, other


def cosine_of_the_whole_run(progress):
    if progress < 0.1:
        return progress / 0.1
    return (1 + math.cos(math.pi * progress)) / 2


def straight_fall(progress):
    return progress / 0.1 if progress < 0.1 else (1 - progress) / 0.9


def no_warm_up(progress):
    return (1 + math.cos(math.pi * progress)) / 2


def whole_cosine(progress):
    if progress < 0.1:
        return progress / 0.1
    return (1 + math.cos(2 * math.pi * (progress - 0.1) / 0.9)) / 2


def quarter_of_a_cosine(progress):
    if progress < 0.1:
        return progress / 0.1
    return math.cos(math.pi / 2 * (progress - 0.1) / 0.9)


def slow_warm_up(progress):
    return min(progress / 0.3, 1.0) * (1 + math.cos(math.pi * max(0, progress - 0.1) / 0.9)) / 2


def cosine_warm_up(progress):
    if progress < 0.1:
        return (1 - math.cos(math.pi * progress / 0.1)) / 2
    return (1 + math.cos(math.pi * (progress - 0.1) / 0.9)) / 2


def adam_with_l2(w, g, m, v, t, lr, decay):
    g = g + decay * w
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    return w - lr * step, m, v


def not_corrected(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return (1 - lr * decay) * w - lr * m / (v**0.5 + 1e-8), m, v


def decay_without_the_rate(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    return (1 - decay) * w - lr * step, m, v


def no_decay(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8), m, v


def running_means_forgotten(w, g, m, v, t, lr, decay):
    m_new, v_new = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m_new / (1 - 0.9**t)) / ((v_new / (1 - 0.999**t)) ** 0.5 + 1e-8)
    return (1 - lr * decay) * w - lr * step, m, v


def root_before_the_correction(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**t)) / (v**0.5 / (1 - 0.999**t) + 1e-8)
    return (1 - lr * decay) * w - lr * step, m, v


WRONG = {
    2: [
        each_by_its_own,
        by_both,
        one_mean_for_all,
        by_the_variance,
        with_bessels_correction,
        divided_by_zero,
        a_tiny_number_in_the_way,
        never_less_than_one,
        training_table_alone,
    ],
    3: [
        cosine_of_the_whole_run,
        straight_fall,
        no_warm_up,
        whole_cosine,
        quarter_of_a_cosine,
        slow_warm_up,
        cosine_warm_up,
    ],
    4: [
        adam_with_l2,
        not_corrected,
        decay_without_the_rate,
        no_decay,
        running_means_forgotten,
        root_before_the_correction,
    ],
}
