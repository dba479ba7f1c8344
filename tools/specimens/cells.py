"""Code cells: short and long, folded and titled, with what they print or raise."""

from specimens import tagged


@tagged()
def prints() -> None:
    """A cell that prints."""
    for n in (1, 2, 3):
        ratio = 9 * n / (2 * n + 1) ** 2
        print(f"n = {n}: {ratio:.1%} of the weights")


@tagged()
def long_lines() -> None:
    """A cell as wide as a chapter may be, which prints wider lines."""
    names = {"one": "Visual Geometry Group", "two": "residual network", "three": "vision"}
    for number, (key, name) in enumerate(names.items(), 1):  # a comment up to column 88 ..
        print(f"{number:3} {key:10} {name:30} {'a line that is longer than the column' * 2}")


@tagged()
def long_cell() -> None:
    """A long cell, with classes, decorators, numbers and strings."""
    import functools

    class Stack:
        """Layers upon layers."""

        def __init__(self, *sizes: int, name: str = "stack") -> None:
            self.sizes, self.name = sizes, name

        @property
        def field(self) -> int:
            """Receptive field of a stack with stride 1."""
            return 1 + sum(size - 1 for size in self.sizes)

        def __repr__(self) -> str:
            return f"{self.name}({', '.join(map(str, self.sizes))})"

    @functools.cache
    def weights(channels: int, size: int) -> float:
        """Weights of one layer, in thousands."""
        if channels <= 0 or not isinstance(size, int):
            raise ValueError(f"channels must be positive, got {channels!r}")
        return size**2 * channels**2 / 1e3  # no bias

    for stack in (Stack(3, 3), Stack(5, name="one large"), Stack(3, 3, 3)):
        total = sum(weights(64, size) for size in stack.sizes)
        print(f"{stack!r:16} field {stack.field}, {total:,.1f} thousand weights")


@tagged("raises-exception")
def raises() -> None:
    """A cell that raises."""
    raise ValueError("size must be 28 (MNIST) or 8 (scikit-learn's digits), got 12")


@tagged("hide-cell")
def folded() -> None:
    """A folded cell with a title."""
    print("solutions are folded like this one")
