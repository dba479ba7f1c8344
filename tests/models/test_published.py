"""Models without a reference implementation, against the numbers in their papers."""

import pytest
import torch
from parity import uninitialised
from published import PUBLISHED

from backbones import create_model
from backbones.profile import profile


@pytest.mark.parametrize("row", PUBLISHED, ids=str)
def test_counts(row):
    with uninitialised(), torch.device("meta"):
        model = create_model(row.name, row.num_classes, in_channels=row.in_channels, **row.options)
    table = profile(model, (row.in_channels, row.size, row.size))
    assert table.parameters == row.parameters
    if row.printed_millions is not None:
        decimals = len(row.printed_millions.partition(".")[2])
        assert f"{table.parameters / 1e6:.{decimals}f}" == row.printed_millions
    if row.printed_macs is not None:
        assert table.macs / 1e6 == pytest.approx(row.printed_macs, rel=row.rel)
