"""Live labs, as a page without a kernel shows them."""

from backbones.diagrams import Picture, share_bars
from backbones.explorers import Axis, lab


def live_lab() -> None:
    """A lab's stored output: prints and a picture."""

    def run(channels: int, size: int) -> Picture:
        print(f"one {size}×{size} layer: {(size * channels) ** 2:,} weights")
        costs = [("3×3", 9 * channels**2), (f"{size}×{size}", (size * channels) ** 2)]
        return share_bars(costs, total_label="weights")

    lab(run, title="Weights of a layer", channels=Axis((16, 64, 256)), size=Axis((5, 7, 11)))
