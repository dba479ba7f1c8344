"""Drawings by the functions that chapters share; those of single chapters follow below."""

from backbones import diagrams
from backbones.diagrams import Edge, FeatureMap, Node, Room, Share, svg
from backbones.profile import profile


def block_diagram() -> diagrams.Picture:
    """Blocks: four branches, concatenated."""
    nodes = {
        "x": Node("x\n192 × 28 × 28", 0, 1.5, "text"),
        "1": Node("1×1 conv, 64", 2, 0),
        "3a": Node("1×1 conv, 96", 1, 1),
        "3b": Node("3×3 conv, 128", 2, 1),
        "5a": Node("1×1 conv, 16", 1, 2),
        "5b": Node("5×5 conv, 32", 2, 2),
        "pa": Node("3×3 max pool", 1, 3, fill="green"),
        "pb": Node("1×1 conv, 32", 2, 3),
        "y": Node("concatenate\n256 × 28 × 28", 3, 1.5, fill="yellow"),
    }
    edges = [Edge("x", "1"), Edge("1", "y")]
    for first, second in (("3a", "3b"), ("5a", "5b"), ("pa", "pb")):
        edges += [Edge("x", first), Edge(first, second), Edge(second, "y")]
    return diagrams.block_diagram(
        nodes, edges, alt="GoogLeNet's block 3a: four branches whose maps are concatenated."
    )


def block_diagram_skip() -> diagrams.Picture:
    """Blocks: labels on arrows, a dashed shortcut."""
    nodes = {
        "x": Node("x\n64 × 56 × 56", 0, kind="text"),
        "one": Node("3×3 conv, 128, stride 2\nBN, ReLU", 1),
        "two": Node("3×3 conv, 128\nBN", 2),
        "way": Node("1×1 conv, 128\nstride 2, BN", 1.5, 1, fill="orange"),
        "add": Node("+", 3, kind="op", fill="yellow"),
        "y": Node("y\n128 × 28 × 28", 4, kind="text"),
    }
    edges = [
        Edge("x", "one"),
        Edge("one", "two", "128 × 28 × 28"),
        Edge("two", "add", "F(x)"),
        Edge("x", "way", dashed=True),
        Edge("way", "add", dashed=True),
        Edge("add", "y", "ReLU"),
    ]
    return diagrams.block_diagram(nodes, edges, alt="A residual block with a projection.")


def feature_maps() -> diagrams.Picture:
    """Maps: from a picture to classes."""
    maps = [
        FeatureMap(1, 28, "a digit"),
        FeatureMap(6, 28, "after a 5×5 convolution, padded by two"),
        FeatureMap(6, 14, "after 2×2 average pooling"),
        FeatureMap(16, 10, "after a 5×5 convolution", "orange"),
        FeatureMap(16, 5, "after 2×2 average pooling", "orange"),
    ]
    return diagrams.feature_maps(maps, alt="LeNet's maps: the size falls, the channels grow.")


def share_bars() -> diagrams.Picture:
    """Shares: the layers of a network."""
    rows = [row for row in profile("vgg11").rows if row.parameters]
    return diagrams.share_bars(
        [(row.name, row.parameters) for row in rows], total_label="parameters"
    )


def share_bars_stages() -> diagrams.Picture:
    """Shares: stages, with notes and squares."""
    shares = [
        Share("stem", 9_408, "64 × 56 × 56"),
        Share("stage 1", 215_808, "256 × 56 × 56, 3 blocks", 3),
        Share("stage 3", 7_098_368, "1024 × 14 × 14, 36 blocks", 36, "orange"),
        Share("head", 2_049_000, "1000 classes", 0, "green"),
    ]
    return diagrams.share_bars(shares, total_label="parameters of some stages of a ResNet-152")


def convolution_step() -> diagrams.Picture:
    """Convolution: one step, padded."""
    image = [[1, 2, 0, 1], [0, 3, 12, 2], [3, 0, 1, 0], [1, 1, 0, 2]]
    return diagrams.convolution_step(image, [[-1, 0, 1]] * 3, 5, padding=1, caption="A step.")


def field_pyramid() -> diagrams.Picture:
    """Fields: three layers, one dilated."""
    return diagrams.field_pyramid([(3, 1), (3, 2), (3, 1, 0, 2)], caption="Two neighbours.")


def field_pyramid_deep() -> diagrams.Picture:
    """Fields: five layers of stride 2, too fine for single cells."""
    return diagrams.field_pyramid([(3, 2)] * 5)


def own_drawing() -> diagrams.Picture:
    """A drawing of one's own: two layouts, and parts that light up together."""

    def layout(room: Room) -> str:
        names = ("stem", "stages", "head")
        step = 70 if room.narrow else 240
        shapes = []
        for k, name in enumerate(names):
            x, y = (85, 10 + step * k) if room.narrow else (10 + step * k, 10)
            if k:
                end = [(x + 80, y - 2), (x - 2, y + 20)][not room.narrow]
                start = [(x + 80, y - 30), (x - 80, y + 20)][not room.narrow]
                shapes.append(svg.arrow([start, end]))
            box = svg.rect(x, y, 160, 40, fill="blue", tint=0.2)
            shapes.append(svg.part(k + 1, box, room.title(x + 80, y + 20, name), label=name))
        low = 10 + step * 3 if room.narrow else 80
        line = ("y = ", (3, "head"), "(", (2, "stages"), "(", (1, "stem"), "(x)))")
        shapes.append(room.note(10, low, *line, anchor="start"))
        return svg.document(room.width, low + 16, *shapes)

    return diagrams.fitted(layout, "Stem, stages and head of a network.", "Point at a part.")
