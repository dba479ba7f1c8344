"""Answers to the exercises of the AlexNet chapter that must not pass."""

import torch
from torch import nn


def last_layer_only(crossing):
    return 1.0 if crossing[-1] else 0.5


def first_layer_only(crossing):
    return 1.0 if crossing[0] else 0.5


def all_of_them(crossing):
    return 1.0 if all(crossing) else 0.5


def halved_each_time(crossing):
    share = 1.0
    for both in crossing:
        share = 1.0 if both else share / 2
    return share


def everything(crossing):
    return 1.0


def swapped_twice(crossing):
    return 1.0 if sum(crossing) % 2 else 0.5


def _lrn(x, before=2, after=2, alpha=1e-4, k=2.0, beta=0.75, power=2):
    sums = [(x[:, max(0, c - before) : c + after + 1] ** power).sum(1) for c in range(x.shape[1])]
    return x / (k + alpha * torch.stack(sums, dim=1)) ** beta


def alpha_divided(x):
    return _lrn(x, alpha=1e-4 / 5)


def channels_before_only(x):
    return _lrn(x, before=4, after=0)


def without_itself(x):
    sums = _lrn_sums(x) - x**2
    return x / (2 + 1e-4 * sums) ** 0.75


def _lrn_sums(x):
    return torch.stack([(x[:, max(0, c - 2) : c + 3] ** 2).sum(1) for c in range(x.shape[1])], 1)


def mean_for_sum(x):
    counts = [min(x.shape[1], c + 3) - max(0, c - 2) for c in range(x.shape[1])]
    return x / (2 + 1e-4 * _lrn_sums(x) / torch.tensor(counts)[:, None, None]) ** 0.75


def not_squared(x):
    return _lrn(x.abs(), power=1) * x.sign()


def k_of_one(x):
    return _lrn(x, k=1.0)


def all_channels(x):
    return x / (2 + 1e-4 * x.square().sum(1, keepdim=True)) ** 0.75


def around_the_ends(x):
    sums = sum(x.roll(s, 1).square() for s in range(-2, 3))
    return x / (2 + 1e-4 * sums) ** 0.75


def in_place(x):
    return x.div_((2 + 1e-4 * _lrn_sums(x)) ** 0.75)


class _Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p


class NotScaled(_Dropout):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) if self.training else x


class AsInThePaper(_Dropout):
    """Units are halved in evaluation, in place of doubled in training."""

    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) if self.training else x * (1 - self.p)


class AlwaysOn(_Dropout):
    def forward(self, x):
        return x * (torch.rand_like(x) >= self.p) / (1 - self.p)


class SameForAllPictures(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x[:1]) >= self.p) / (1 - self.p)


class WholePictures(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x[:, :1]) >= self.p) / (1 - self.p)


class KeptInPlaceOfDropped(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) < self.p) / (1 - self.p)


class ScaledByTheShare(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) >= self.p) / max(self.p, 1e-9)


class GradientLost(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        return x - x.detach() + x.detach() * (torch.rand_like(x) >= self.p) / (1 - self.p)


class OneMaskForEveryCall(_Dropout):
    def __init__(self, p):
        super().__init__(p)
        self.mask = None

    def forward(self, x):
        if not self.training:
            return x
        if self.mask is None or self.mask.shape != x.shape:
            self.mask = torch.rand_like(x) >= self.p
        return x * self.mask / (1 - self.p)


class SameNumberInEveryPicture(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        places = torch.rand_like(x.flatten(1)).argsort(1).view_as(x)
        return x * (places >= round(self.p * x[0].numel())) / (1 - self.p)


class WholeChannels(_Dropout):
    def forward(self, x):
        if not self.training:
            return x
        kept = torch.rand(x.shape[:2]).view(*x.shape[:2], *[1] * (x.dim() - 2)) >= self.p
        return x * kept / (1 - self.p)


WRONG = {
    2: [
        swapped_twice,
        last_layer_only,
        first_layer_only,
        all_of_them,
        halved_each_time,
        everything,
    ],
    3: [
        alpha_divided,
        channels_before_only,
        without_itself,
        mean_for_sum,
        not_squared,
        k_of_one,
        all_channels,
        around_the_ends,
        in_place,
    ],
    4: [
        OneMaskForEveryCall,
        SameNumberInEveryPicture,
        WholeChannels,
        NotScaled,
        AsInThePaper,
        AlwaysOn,
        SameForAllPictures,
        WholePictures,
        KeptInPlaceOfDropped,
        ScaledByTheShare,
        GradientLost,
    ],
}
