"""Answers to the exercises of the chapter on checkpoints that must not pass."""

import copy
import math
import re

import torch


def last_digit(tag, gpus):
    if tag == "cpu" or gpus == 0:
        return "cpu"
    return tag if int(tag[-1]) < gpus else "cuda:0"


def always_the_first(tag, gpus):
    return "cuda:0" if tag != "cpu" and gpus else "cpu"


def one_too_many(tag, gpus):
    if tag == "cpu" or gpus == 0:
        return "cpu"
    return tag if int(tag.partition(":")[2]) <= gpus else "cuda:0"


def cpu_where_missing(tag, gpus):
    if tag == "cpu":
        return "cpu"
    return tag if int(tag.partition(":")[2]) < gpus else "cpu"


def gpu_where_there_is_one(tag, gpus):
    if gpus == 0:
        return "cpu"
    number = int(tag.partition(":")[2] or 0)
    return f"cuda:{number}" if number < gpus else "cuda:0"


def by_remainder(tag, gpus):
    if tag == "cpu" or gpus == 0:
        return "cpu"
    return f"cuda:{int(tag.partition(':')[2]) % gpus}"


def compared_as_texts(tag, gpus):
    if tag == "cpu" or gpus == 0:
        return "cpu"
    return tag if tag < f"cuda:{gpus}" else "cuda:0"


def without_the_leading_one(dtype):
    return round(-math.log2(torch.finfo(dtype).eps))


def all_bits(dtype):
    return torch.finfo(dtype).bits


def of_python(dtype):
    n = 0
    while float(2**n + 1) != float(2**n):
        n += 1
    return n


def one_more(dtype):
    n = 0
    while torch.tensor(2**n + 1).to(dtype) != torch.tensor(2**n).to(dtype):
        n += 1
    return n + 1


def replaced_everywhere(state, prefix):
    return {name.replace(prefix, ""): value for name, value in state.items()}


def stripped_of_letters(state, prefix):
    return {name.lstrip(prefix): value for name, value in state.items()}


def cut_off(state, prefix):
    return {name[len(prefix) :]: value for name, value in state.items()}


def only_those(state, prefix):
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }


def always_module(state, prefix):
    return {name.removeprefix("module."): value for name, value in state.items()}


def as_a_pattern(state, prefix):
    return {re.sub(f"^{prefix}", "", name): value for name, value in state.items()}


def in_place(state, prefix):
    for name in list(state):
        state[name.removeprefix(prefix)] = state.pop(name)
    return state


def the_tensors_themselves(model):
    return model.state_dict()


def a_new_dictionary(model):
    return dict(model.state_dict())


def a_shallow_copy(model):
    return copy.copy(model.state_dict())


def detached(model):
    return {name: value.detach() for name, value in model.state_dict().items()}


def copies_of_parameters_alone(model):
    copies = {name: value.detach().clone() for name, value in model.named_parameters()}
    return {**copies, **dict(model.named_buffers())}


def all_in_float32(model):
    return {name: value.float().clone() for name, value in model.state_dict().items()}


WRONG = {
    2: [
        last_digit,
        always_the_first,
        one_too_many,
        cpu_where_missing,
        gpu_where_there_is_one,
        by_remainder,
        compared_as_texts,
    ],
    3: [without_the_leading_one, all_bits, of_python, one_more],
    4: [
        replaced_everywhere,
        stripped_of_letters,
        cut_off,
        only_those,
        in_place,
        always_module,
        as_a_pattern,
    ],
    5: [
        the_tensors_themselves,
        a_new_dictionary,
        a_shallow_copy,
        detached,
        copies_of_parameters_alone,
        all_in_float32,
    ],
}
