import pytest
import torch
from torch import nn

from backbones.train.optimizers import OPTIMIZERS, parameter_groups

LR, DECAY = 0.1, 0.2
TORCHS = {
    "adamw": torch.optim.AdamW,
    "sgd": lambda groups: torch.optim.SGD(groups, momentum=0.9, nesterov=True),
}


def test_sgd_is_nesterovs_by_hand():
    weight = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = OPTIMIZERS["sgd"]([{"params": [weight], "lr": LR, "weight_decay": DECAY}])
    expected, momentum = weight.detach().clone(), torch.zeros(2, dtype=torch.float64)
    for gradient in torch.tensor([[0.5, 1.0], [-1.0, 0.25], [2.0, 0.0]], dtype=torch.float64):
        weight.grad = gradient.clone()
        optimizer.step()
        gradient = gradient + DECAY * expected
        momentum = 0.9 * momentum + gradient
        expected = expected - LR * (gradient + 0.9 * momentum)
        torch.testing.assert_close(weight.detach(), expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_gives_the_bits_of_torchs(name):
    results = []
    for build in (OPTIMIZERS[name], TORCHS[name]):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 5))
        optimizer = build(parameter_groups(model.parameters(), LR, DECAY))
        for step in range(5):
            for group in optimizer.param_groups:
                group["lr"] = LR / (step + 1)
            for parameter in model.parameters():
                parameter.grad = torch.randn_like(parameter)
            optimizer.step()
        results.append(list(model.parameters()))
    for ours, theirs in zip(*results, strict=True):
        assert torch.equal(ours, theirs)
