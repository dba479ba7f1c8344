"""The drawings of the book: blocks, maps, receptive fields, a convolution at work, cost bars.

Each function returns a `Picture`, which shows itself in a notebook. They are made of the shapes
in `svg`; the drawing of a new block is a list of nodes and edges for `block_diagram`.
"""

from backbones.diagrams.blocks import Edge, Node, block_diagram
from backbones.diagrams.costs import Share, share_bars
from backbones.diagrams.maps import FeatureMap, feature_maps
from backbones.diagrams.picture import Picture
from backbones.diagrams.windows import convolution_step, field_pyramid

__all__ = [
    "Edge",
    "FeatureMap",
    "Node",
    "Picture",
    "Share",
    "block_diagram",
    "convolution_step",
    "feature_maps",
    "field_pyramid",
    "share_bars",
]
