"""Models without a reference implementation, against the numbers in their papers."""

from dataclasses import dataclass, field

import pytest
import torch
from parity import uninitialised

from backbones import create_model
from backbones.profile import profile


@dataclass(frozen=True)
class Published:
    """What a paper prints of a model, and the exact count that its tables lead to."""

    name: str
    parameters: int  # worked out from the paper's tables
    printed_millions: str | None = None  # parameters as printed: "4.2"
    printed_macs: float | None = None  # 10⁶
    rel: float = 0.005  # of printed_macs; what rounding and the paper's way of counting explain
    size: int = 224
    options: dict = field(default_factory=dict)
    in_channels: int = 3
    num_classes: int = 1000

    def __str__(self) -> str:
        options = "".join(f"-{key}={value}" for key, value in self.options.items())
        return f"{self.name}{options}-{self.size}"


PUBLISHED = [
    # MobileNet, arXiv:1704.04861, tables 6 and 7
    Published("mobilenetv1_100", 4_231_976, "4.2", 569),
    Published("mobilenetv1_100", 4_231_976, "4.2", 418, size=192),
    Published("mobilenetv1_100", 4_231_976, "4.2", 290, size=160),
    Published("mobilenetv1_100", 4_231_976, "4.2", 186, size=128),
    Published("mobilenetv1_075", 2_585_560, "2.6", 325),
    Published("mobilenetv1_050", 1_331_592, "1.3", 149),
    Published("mobilenetv1_025", 470_072, "0.5", 41),
]


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
