"""What is wrong with the layout of a page in a browser: `layout.js` looks, and this says it."""

from pathlib import Path

SCRIPT = Path(__file__).with_name("layout.js").read_text(encoding="utf-8")
BOUNDS = {
    "smallest": 11,  # pixels of the screen: no letter is smaller
    "contrast": 4.5,  # to 1, of a text with what is below it; 3 for a large one
    "outside": 0.75,  # pixels by which a text may leave its drawing or its box
    "overlap": 1,  # pixels by which the ink of two texts may meet
    "states": 60,  # of an explorer, at most, spread over all: tests/gallery reads every one
}
NEXT_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
EXAMPLES = 4  # texts that are named of one figure for one kind of fault


def layout_faults(page, width=None, states=BOUNDS["states"]):
    """What is wrong with a page, at its width or at another one.

    Each sentence is of one figure and one kind: clipped, overlapping, too small, of low contrast,
    wider than the page. Explorers are driven through some of their states; folds are opened. A text
    with `data-overlap="intended"` on it or around it may overlap.
    """
    if width:
        page.set_viewport_size({"width": width, "height": 800})
    page.add_style_tag(content="* { content-visibility: visible !important }")  # as if scrolled to
    page.evaluate(NEXT_FRAME)
    page.evaluate(NEXT_FRAME)
    groups = {}
    for figure, kind, words in page.evaluate(SCRIPT, BOUNDS | {"states": states}):
        groups.setdefault((figure, kind), []).append(words)
    wide = page.viewport_size["width"]
    return [f"at {wide} px, {f}: {kind}: {shortened(all_)}" for (f, kind), all_ in groups.items()]


def shortened(words):
    """The first of many, and how many more there are."""
    rest = len(words) - EXAMPLES
    return "; ".join(words[:EXAMPLES]) + (f"; and {rest} more" if rest > 0 else "")
