"""Wrong answers to GhostNet's exercises, which the checks must refuse."""

import torch
from torch import nn


def ratio_alone(c, k, s, d):
    return float(s)


def one_ghost_of_each(c, k, s, d):
    return s * c * k**2 / (c * k**2 + d**2)


def ghosts_read_all(c, k, s, d):
    return s * c * k**2 / (c * k**2 + (s - 1) * c * d**2)


def forgets_the_window(c, k, s, d):
    return s * c / (c + (s - 1) * d**2)


def upside_down(c, k, s, d):
    return (c * k**2 + (s - 1) * d**2) / (s * c * k**2)


def always_3x3(c, k, s, d):
    return s * c * k**2 / (c * k**2 + (s - 1) * 9)


def all_ghosts(c, k, s, d):
    return s * c * k**2 / (c * k**2 + s * d**2)


def with_itself(maps, number):
    rows = torch.corrcoef(maps.flatten(1)).abs()
    best = rows[number].argmax().item()
    return best, rows[number, best].item()


def greatest_not_most_similar(maps, number):
    rows = torch.corrcoef(maps.flatten(1)).fill_diagonal_(-2)
    best = rows[number].argmax().item()
    return best, rows[number, best].item()


def without_means(maps, number):
    rows = nn.functional.normalize(maps.flatten(1), dim=1)
    products = (rows @ rows.T).fill_diagonal_(0)
    best = products[number].abs().argmax().item()
    return best, products[number, best].item()


def sign_is_lost(maps, number):
    rows = torch.corrcoef(maps.flatten(1)).fill_diagonal_(0).abs()
    best = rows[number].argmax().item()
    return best, rows[number, best].item()


def of_rows_not_maps(maps, number):
    rows = torch.corrcoef(maps.mean(2)).fill_diagonal_(0)
    best = rows[number].abs().argmax().item()
    return best, rows[number, best].item()


def skips_equal_maps(maps, number):
    row = torch.corrcoef(maps.flatten(1))[number]
    row[row.abs() > 0.999] = 0
    best = row.abs().argmax().item()
    return best, row[best].item()


def by_distance(maps, number):
    rows = maps.flatten(1)
    distances = (rows - rows[number]).norm(dim=1)
    distances[number] = torch.inf
    best = distances.argmin().item()
    return best, torch.corrcoef(rows)[number, best].item()


def _folded(conv, weight):
    new = nn.Conv2d(weight.shape[1], conv.out_channels, 1, bias=conv.bias is not None)
    with torch.no_grad():
        new.weight.copy_(weight)
        if conv.bias is not None:
            new.bias.copy_(conv.bias)
    return new


def ghosts_dropped(conv, factors):
    return _folded(conv, conv.weight[:, : len(factors)])


def without_factors(conv, factors):
    kept, ghosts = conv.weight.chunk(2, 1)
    return _folded(conv, kept + ghosts)


def factors_on_the_kept(conv, factors):
    kept, ghosts = conv.weight.chunk(2, 1)
    return _folded(conv, kept * factors[:, None, None] + ghosts)


def interleaved(conv, factors):
    return _folded(conv, conv.weight[:, ::2] + conv.weight[:, 1::2] * factors[:, None, None])


def bias_lost(conv, factors):
    kept, ghosts = conv.weight.chunk(2, 1)
    folded = _folded(conv, kept + ghosts * factors[:, None, None])
    nn.init.zeros_(folded.bias)
    return folded


def not_folded(conv, factors):
    """The right numbers, but with as many input channels as before."""

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv

        def forward(self, x):
            return self.conv(torch.cat((x, x * factors[:, None, None]), 1))

    return Whole()


WRONG = {
    2: [
        ratio_alone,
        one_ghost_of_each,
        ghosts_read_all,
        forgets_the_window,
        upside_down,
        all_ghosts,
        always_3x3,
    ],
    3: [
        with_itself,
        greatest_not_most_similar,
        without_means,
        sign_is_lost,
        of_rows_not_maps,
        skips_equal_maps,
        by_distance,
    ],
    4: [
        ghosts_dropped,
        without_factors,
        factors_on_the_kept,
        interleaved,
        bias_lost,
        not_folded,
    ],
}
