"""The drawings of the book: blocks, maps, receptive fields, a convolution at work, cost bars.

Each function returns a `Picture`, which shows itself in a notebook, in one drawing for a column
and another one for a phone: `fitted` calls a layout for both. They are made of the shapes in
`svg`; the drawing of a new block is a list of nodes and edges for `block_diagram`.
"""

from backbones.diagrams.blocks import Edge, Node, block_diagram
from backbones.diagrams.costs import Share, share_bars
from backbones.diagrams.maps import FeatureMap, feature_maps
from backbones.diagrams.picture import Picture
from backbones.diagrams.pyramids import field_pyramid
from backbones.diagrams.room import Room, fitted
from backbones.diagrams.windows import convolution_step

__all__ = [
    "Edge",
    "FeatureMap",
    "Node",
    "Picture",
    "Room",
    "Share",
    "block_diagram",
    "convolution_step",
    "feature_maps",
    "field_pyramid",
    "fitted",
    "share_bars",
]
