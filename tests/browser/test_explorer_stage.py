"""Where explorers show their drawings: nothing jumps, little is left empty, all can be moved."""

import pytest
import widgets
from widgets import described, squares

from backbones.diagrams import Picture, svg
from backbones.explorers import Axis, Explorer
from backbones.gallery import convolution, receptive_field, resnet, vgg

pytestmark = pytest.mark.browser
show = widgets.show

EXPLORERS = (
    convolution.convolution_steps,
    convolution.sliding_window,
    receptive_field.field_growth,
    receptive_field.fields_on_a_picture,
    resnet.depth_and_stages,
    resnet.residual_block,
    vgg.stacked_kernels,
    vgg.vgg_costs,
)
# Move every control to every value, and back; say where the controls are, and what is empty above
# and below the drawing, in pixels.
WALK = """() => {
    const places = new Set(), empty = new Set(), sizes = new Set();
    const controls = document.querySelector(".bb-controls");
    const stage = document.querySelector(".bb-stage");
    const look = () => {
        places.add(JSON.stringify(controls.getBoundingClientRect()));
        sizes.add(stage.getBoundingClientRect().height);
        const drawing = stage.querySelector("svg:not([aria-hidden])");
        if (!drawing) return;
        const around = stage.getBoundingClientRect(), box = drawing.getBBox();
        const { x, y, width } = drawing.viewBox.baseVal;
        const scale = around.width / width;
        empty.add((box.y - y) * scale);
        empty.add(around.height - (box.y + box.height - y) * scale);
    };
    const inputs = [...document.querySelectorAll(".bb-controls input")];
    const set = (input, value) => {
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const walk = (left) => {
        if (!left.length) return look();
        const [first, ...rest] = left;
        if (first.type === "range") {
            // The ends and the middle: with all values of five sliders it would take minutes.
            for (const value of new Set([0, Math.floor(first.max / 2), Number(first.max)])) {
                set(first, value);
                walk(rest);
            }
        } else {
            const others = left.filter((input) => input.name === first.name);
            for (const input of others) {
                input.click();
                walk(left.slice(others.length));
            }
        }
    };
    walk(inputs);
    return { places: places.size, most: Math.max(...empty), sizes: [...sizes] };
}"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("make", EXPLORERS, ids=lambda make: make.__name__)
def test_controls_never_move_and_little_is_left_empty(show, make, width):
    page = show(make(), width=width, reduced_motion="reduce")
    # A reader who stops at every state.
    page.evaluate("() => { window.setTimeout = (act) => act(); }")
    found = page.evaluate(WALK)
    assert found["places"] == 1
    assert found["most"] <= 64


def towers(**options):
    """Drawings of two heights that differ much: 60 and 360."""

    def draw(floors, color):
        high = 60 * floors
        return Picture(
            svg.document(200, high, svg.rect(1, 1, 198, high - 2, fill=color)),
            f"{floors} {color} floors.",
        )

    floors = Axis((1, 2, 6), "floors")
    return Explorer(draw, title="Towers", alt="A tower", floors=floors, color=("blue", "orange"))


def height(page):
    return page.locator(".bb-stage").bounding_box()["height"]


def test_a_taller_picture_is_whole_at_once_and_a_lower_one_waits_until_the_reader_stops(show):
    page = show(towers(), reduced_motion="reduce")
    page.clock.install()
    assert height(page) == pytest.approx(78)
    slider = page.get_by_role("slider")
    slider.press("End")
    assert height(page) == pytest.approx(468)
    slider.press("Home")
    page.clock.run_for(300)
    assert height(page) == pytest.approx(468)  # the text below stays where it is
    slider.press("End")
    slider.press("Home")
    page.clock.run_for(700)
    assert height(page) == pytest.approx(78)


def test_the_stage_changes_its_height_smoothly_if_motion_is_welcome(show):
    smooth = "getComputedStyle(document.querySelector('.bb-stage')).transitionDuration"
    assert show(towers()).evaluate(smooth) == "0.25s"
    page = show(towers(), reduced_motion="reduce")
    assert page.evaluate(smooth) == "0s"


@pytest.mark.parametrize(("width", "wanted"), [(1280, 884), (700, 700), (390, 390)])
def test_drawings_take_the_width_of_the_column(show, width, wanted):
    def draw(side):
        return svg.document(680, 100, svg.rect(5, 5, side, side))

    page = show(Explorer(draw, title="Wide", alt="Wide", side=(10, 20)), width=width)
    box = page.locator(".bb-stage").bounding_box()
    assert wanted - 64 <= box["width"] <= wanted
    assert box["x"] + box["width"] / 2 == pytest.approx(width / 2, abs=1)


# ---------------------------------------------------------------------------------- narrow places


def two(side, color):
    drawings = [svg.document(w, 60, svg.rect(5, 5, side, side, fill=color)) for w in (600, 330)]
    return Picture(drawings[0], f"A {color} square of {side}.", narrow=drawings[1])


def both():
    return Explorer(two, title="Two", alt="A square", side=(10, 20, 30), color=("blue", "orange"))


def drawn_width(page):
    return page.locator(".bb-stage svg").evaluate("node => node.viewBox.baseVal.width")


def test_a_phone_gets_the_narrow_drawing_and_the_wide_one_when_it_is_turned(show):
    page = show(both(), width=390)
    assert drawn_width(page) == 330
    page.get_by_role("slider").press("End")
    assert drawn_width(page) == 330
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function("document.querySelector('svg').viewBox.baseVal.width === 600")
    assert described(page) == "A blue square of 30."
    assert page.locator(".bb-stage").bounding_box()["width"] == 780
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.querySelector('svg').viewBox.baseVal.width === 330")
    assert described(page) == "A blue square of 30."
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(("width", "wanted"), [(390, 330), (1280, 600)])
def test_without_scripts_the_screen_chooses(show, width, wanted):
    page = show(both(), width=width, scripts=False)
    source = page.locator(".bb-stage img").evaluate("node => node.currentSrc")
    assert (
        f"viewBox=%220%200%20{wanted}%20" in source
        or f'viewBox="0 0 {wanted} ' in source
        or (f"viewBox=%220 0 {wanted} " in source)
    )


# --------------------------------------------------------------------------------------- dragging


def field():
    """A square on a plane, 20 units a step; beside it a knob for the column alone."""

    def draw(column, row):
        square = svg.rect(20 * column, 20 * row, 20, 20, fill="blue")
        knob = svg.rect(20 * column, 180, 20, 16, fill="orange")
        return Picture(
            svg.document(
                200,
                200,
                f'<g id="both" data-drag-x="column:20" data-drag-y="row:20">{square}</g>',
                f'<g id="one" data-drag-x="column:20">{knob}</g>',
            ),
            f"Column {column}, row {row}.",
        )

    places = Axis(range(8))
    return Explorer(draw, title="Field", alt="A field", column=places, row=places)


def centre(page, name):
    box = page.locator(f".bb-stage [id$={name}]").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_mouse_drags_what_a_drawing_marks(show):
    page = show(field())
    scale = page.locator(".bb-stage").bounding_box()["width"] / 200
    x, y = centre(page, "both")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 31 * scale, y + 9 * scale, steps=4)
    assert described(page) == "Column 2, row 0."
    cursor = "getComputedStyle(document.querySelector('.bb-stage')).cursor"
    assert page.evaluate(cursor) == "grabbing"
    page.mouse.move(x + 60 * scale, y + 58 * scale, steps=9)  # the drawing changed under it
    assert described(page) == "Column 3, row 3."
    page.mouse.move(x + 900, y - 900)
    assert described(page) == "Column 7, row 0."  # and no farther
    page.mouse.up()
    page.mouse.move(x, y)
    assert described(page) == "Column 7, row 0."
    assert page.evaluate(cursor) != "grabbing"
    assert [s.input_value() for s in page.get_by_role("slider").all()] == ["7", "0"]
    assert page.locator(".bb-value").all_inner_texts() == ["7", "0"]
    assert page.get_by_role("button", name="Reset").is_visible()


def test_a_handle_of_one_axis_leaves_the_other_alone(show):
    page = show(field())
    page.mouse.move(*centre(page, "one"))
    page.mouse.down()
    x, y = centre(page, "one")
    page.mouse.move(x + 45, y - 90, steps=3)
    page.mouse.up()
    assert described(page) == "Column 2, row 0."
    page.mouse.click(x + 100, y - 100)  # beside the handles nothing happens
    assert described(page) == "Column 2, row 0."


def test_a_finger_drags_and_the_page_still_scrolls_elsewhere(show):
    page = show(field(), width=390, has_touch=True)
    action = "node => getComputedStyle(node).touchAction"
    assert page.locator(".bb-stage [id$=both]").evaluate(action) == "none"
    assert page.locator(".bb-stage svg").evaluate(action) == "auto"
    touch = page.context.new_cdp_session(page)
    x, y = centre(page, "both")

    def send(kind, *points):
        points = [{"x": x + dx, "y": y + dy} for dx, dy in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (0, 0))
    for k in range(1, 9):
        send("touchMove", (10 * k, 5 * k))
    send("touchEnd")
    scale = page.locator(".bb-stage").bounding_box()["width"] / 200
    assert described(page) == f"Column {round(4 / scale)}, row {round(2 / scale)}."


def test_keys_move_what_can_be_dragged(show):
    page = show(field())
    page.get_by_role("slider", name="column").press("ArrowRight")
    page.get_by_role("slider", name="row").press("End")
    assert described(page) == "Column 1, row 7."


# ------------------------------------------------------------------------------------- the others


def test_reset_leads_back_to_the_start(show):
    page = show(squares())
    reset = page.get_by_role("button", name="Reset", include_hidden=True)
    assert not reset.is_visible()
    page.get_by_role("slider").press("End")
    page.get_by_role("radio", name="orange").check()
    page.get_by_role("slider").press("Home")
    assert reset.is_visible()
    page.get_by_role("radio", name="orange").focus()
    page.keyboard.press("Shift+Tab")  # it stands before the controls
    assert reset.evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    assert described(page) == "A blue square of 20."
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "20 px"
    assert page.get_by_role("radio", name="blue").is_checked()
    assert page.locator(".bb-voice").inner_text() == "A blue square of 20."
    assert reset.evaluate("node => node === document.activeElement")  # nobody loses his place
    page.keyboard.press("Tab")
    assert not reset.is_visible()


def test_only_the_end_of_playing_is_announced(show):
    page = show(squares(play="side"))
    page.clock.install()
    page.evaluate(
        """() => {
            window.heard = [];
            const voice = document.querySelector(".bb-voice");
            new MutationObserver(() => heard.push(voice.textContent))
                .observe(voice, { childList: true });
        }"""
    )
    page.get_by_role("slider").press("Home")
    page.get_by_role("button", name="Play").press("Enter")
    page.clock.run_for(800 * 2 + 300)
    assert page.evaluate("heard") == []
    page.clock.run_for(700)
    assert page.evaluate("heard") == ["A blue square of 40."]


def test_parts_that_belong_together_light_up_together(show):
    def draw(side):
        one, other = (svg.part(k, svg.rect(40 * k, 5, side, 30, fill="blue")) for k in (1, 2))
        word = svg.part(1, svg.text(60, 50, "one"), label="one")
        return Picture(svg.document(120, 60, one, other, word), f"Two of {side}.")

    explorer = Explorer(draw, title="Parts", alt="Parts", side=(20, 30))
    page = show(explorer, reduced_motion="reduce")
    opacities = """[...document.querySelectorAll("[data-part]")]
        .map((part) => `${part.dataset.part}: ${getComputedStyle(part).opacity}`)"""
    assert page.evaluate(opacities) == ["1: 1", "2: 1", "1: 1"]
    page.locator("[data-part='1']").first.hover()
    assert page.evaluate(opacities) == ["1: 1", "2: 0.25", "1: 1"]
    page.mouse.move(0, 0)
    page.get_by_role("slider").press("End")
    page.keyboard.press("Tab")
    assert page.evaluate(opacities) == ["1: 1", "2: 0.25", "1: 1"]
