"""Answers to the exercises of the self-attention chapter that must not pass."""

import math

import torch

from backbones.attention import scaled_dot_product_attention


def not_divided(q, k, v, hidden):
    return (q @ k.mT).masked_fill(hidden, -math.inf).softmax(-1) @ v


def divided_by_width(q, k, v, hidden):
    return (q @ k.mT / q.shape[-1]).masked_fill(hidden, -math.inf).softmax(-1) @ v


def softmax_over_queries(q, k, v, hidden):
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(hidden, -1e9)
    return scores.softmax(-2) @ v


def shown_where_true(q, k, v, hidden):
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    return scores.masked_fill(~hidden, -1e9).softmax(-1) @ v


def zero_scores(q, k, v, hidden):
    return (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(hidden, 0).softmax(-1) @ v


def hidden_after_softmax(q, k, v, hidden):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).masked_fill(hidden, 0) @ v


def no_mask(q, k, v, hidden):
    return scaled_dot_product_attention(q, k, v)


def _back(length):
    place = torch.arange(length)
    return place[:, None] - place[None, :]


def visible_window(length, window):
    return (_back(length) >= 0) & (_back(length) < window)


def one_more(length, window):
    return (_back(length) < 0) | (_back(length) > window)


def both_sides(length, window):
    return _back(length).abs() >= window


def later_ones(length, window):
    return (_back(length) > 0) | (_back(length) <= -window)


def not_causal(length, window):
    return _back(length) >= window


def as_numbers(length, window):
    return ((_back(length) < 0) | (_back(length) >= window)).float()


def _join(layer, q, k, v):
    heads = (layer._split(t) for t in (q, k, v))
    return layer._join(scaled_dot_product_attention(*heads))


def without_cache(layer, token, cache):
    q, k, v = layer.qkv(token, token, token)
    return _join(layer, q, k, v), (k, v)


def all_tokens_again(layer, token, cache):
    seen = token if cache is None else torch.cat([cache, token], 1)
    q, k, v = layer.qkv(seen, seen, seen)
    return _join(layer, q[:, -1:], k, v), seen


def all_keys_again(layer, token, cache):
    seen = token if cache is None else torch.cat([cache, token], 1)
    return layer(token, seen), seen


def only_the_past(layer, token, cache):
    q, k, v = layer.qkv(token, token, token)
    if cache is None:
        return _join(layer, q, k, v), (k, v)
    longer = tuple(torch.cat([old, new], 1) for old, new in zip(cache, (k, v), strict=True))
    return _join(layer, q, *cache), longer


def one_wide_head(layer, token, cache):
    q, k, v = layer.qkv(token, token, token)
    if cache is not None:
        k, v = (torch.cat([old, new], 1) for old, new in zip(cache, (k, v), strict=True))
    return layer.out(scaled_dot_product_attention(q, k, v)), (k, v)


def last_matrix_left_out(layer, token, cache):
    q, k, v = layer.qkv(token, token, token)
    if cache is not None:
        k, v = (torch.cat([old, new], 1) for old, new in zip(cache, (k, v), strict=True))
    heads = (layer._split(t) for t in (q, k, v))
    return scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2), (k, v)


WRONG = {
    2: [
        not_divided,
        divided_by_width,
        softmax_over_queries,
        shown_where_true,
        zero_scores,
        hidden_after_softmax,
        no_mask,
    ],
    3: [visible_window, one_more, both_sides, later_ones, not_causal, as_numbers],
    4: [
        without_cache,
        all_tokens_again,
        all_keys_again,
        only_the_past,
        one_wide_head,
        last_matrix_left_out,
    ],
}
