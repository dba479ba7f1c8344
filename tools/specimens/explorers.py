"""Explorers: every kind of control. Those of chapters follow below."""

from backbones.diagrams import Picture, svg
from backbones.explorers import Axis, Explorer


def every_control() -> Explorer:
    """An explorer with every kind of control, and an impossible state."""

    def draw(side: int, color: str, scale: str, filled: bool, columns: int) -> Picture:
        if side == 40 and columns == 3:
            raise ValueError("Three squares of 40 do not fit in here. Choose two, or smaller ones.")
        places = [(10 + 50 * k, 10) for k in range(columns)]
        fill = color if filled else "none"
        shapes = [svg.rect(x, y, side, side, fill=fill, stroke=color) for x, y in places]
        words = svg.text(10, 74, f"{columns} of {side} px", anchor="start")
        picture = svg.document(180, 90, *shapes, words)
        return Picture(picture, f"{columns} {color} squares of {side}, {scale}.")

    return Explorer(
        draw,
        title="Every kind of control",
        alt="Squares",
        caption="A slider with a unit and a play button, a choice, a choice of long words, yes or "
        "no, and numbers as buttons. Three squares of 40 px are refused.",
        play="side",
        side=Axis((10, 20, 30, 40), "side of a square", unit="px", default=20),
        color=("blue", "orange", "green"),
        scale=Axis(("on its own scale", "on one scale for all of them"), "how they are scaled"),
        filled=Axis((True, False)),
        columns=Axis((1, 2, 3), "squares", buttons=True),
    )
