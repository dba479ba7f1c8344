"""The drawings of the book: blocks, feature maps, receptive fields, a convolution at work.

Each function returns a `Picture`, which shows itself in a notebook. They are made of the shapes
in `svg`; the drawing of a new block is a list of nodes and edges for `block_diagram`.
"""

from backbones.diagrams.blocks import Edge, Node, block_diagram
from backbones.diagrams.maps import FeatureMap, feature_maps
from backbones.diagrams.picture import Picture
from backbones.diagrams.windows import convolution_step, field_pyramid

__all__ = [
    "Edge",
    "FeatureMap",
    "Node",
    "Picture",
    "block_diagram",
    "convolution_step",
    "feature_maps",
    "field_pyramid",
]
