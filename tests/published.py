"""Models without a reference implementation, and what their papers print of them."""

from dataclasses import dataclass, field


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
    # ResNet, arXiv:1512.03385, table 6 (classes of CIFAR-10), and table 1's MACs
    Published("resnet20", 269_722, "0.27", size=32, num_classes=10),
    Published("resnet32", 464_154, "0.46", size=32, num_classes=10),
    Published("resnet44", 658_586, "0.66", size=32, num_classes=10),
    Published("resnet56", 853_018, "0.85", size=32, num_classes=10),
    Published("resnet110", 1_727_962, "1.7", size=32, num_classes=10),
    Published("resnet1202", 19_421_274, "19.4", size=32, num_classes=10),
    Published("resnet50a", 25_557_032, None, 3_800, rel=0.02),
    # VoVNet, arXiv:1904.09730 (no sizes printed; stages are in test_vovnet.py)
    Published("vovnet27_slim", 3_525_736),
    # AlexNet, NIPS 2012 (printed: "60 million")
    Published("alexnet_paper", 60_965_224),
    # GoogLeNet, arXiv:1409.4842: the rows of Table 1 sum to 6.8 and 1,502 million, with a first
    # layer of 2.7 K and 34 M (see test_googlenet.py)
    Published("googlenet_paper", 6_998_552, "7.0", 1_502 + 118 - 34, rel=0.003),
    # Network in Network as counted in arXiv:1412.6806, table 3
    Published("nin_cifar", 966_986, "1", size=32, num_classes=10),
    # BN-Inception, arXiv:1502.03167, figure 5 (its text prints 13.6M, see inception.py)
    Published("inception_v2", 11_188_288),
    # Inception-ResNet-v1, arXiv:1602.07261, figures 10 to 15 (no counts printed)
    Published("inception_resnet_v1", 22_756_328, size=299),
    # The book's own, counted by hand: see test_vit.py
    Published("vit_micro_patch4_32", 208_074, size=32, num_classes=10),
    # ShuffleNet, arXiv:1707.01083, tables 1 and 2; 292 and 524 from table 5
    Published("shufflenet_v1", 1_531_936, None, 143, options={"groups": 1}),
    Published("shufflenet_v1", 1_733_848, None, 140, rel=0.01, options={"groups": 2}),
    Published("shufflenet_v1", 1_865_728, None, 137, options={"groups": 3}),
    Published("shufflenet_v1", 1_968_344, None, 133, rel=0.011, options={"groups": 4}),
    Published("shufflenet_v1", 2_434_768, None, 137, rel=0.011, options={"groups": 8}),
    Published("shufflenet_v1", 306_124, None, 13, rel=0.03, options={"width_mult": 0.25}),
    Published("shufflenet_v1", 718_324, None, 38, rel=0.012, options={"width_mult": 0.5}),
    Published("shufflenet_v1", 3_442_168, None, 292, options={"width_mult": 1.5}),
    Published("shufflenet_v1", 5_450_776, None, 524, options={"width_mult": 2.0}),
]
