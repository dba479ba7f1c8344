"""How tall sections will be: estimates grow with what is in them, and know what is folded."""

from docutils import nodes


def section(*children):
    return nodes.section("", nodes.title("", "T"), *children, ids=["t"])


def raw(text):
    return nodes.raw("", text, format="html")


def test_more_text_is_taller_and_taller_still_where_lines_are_short():
    from heights import NARROW, WIDE, height

    one, ten = section(nodes.paragraph("", "x" * 86)), section(nodes.paragraph("", "x" * 860))
    assert height(ten, WIDE) - height(one, WIDE) == 9 * WIDE.line
    assert height(ten, NARROW) > height(ten, WIDE)


def test_what_is_folded_has_no_height():
    from heights import WIDE, height
    from myst_nb.sphinx_ import HideCodeCellNode

    code = nodes.literal_block("", "x\n" * 100)
    answer = [raw("<details>"), nodes.paragraph("", "x" * 9000), raw("</details>")]
    assert height(section(*answer), WIDE) < 200
    assert height(section(HideCodeCellNode("", code)), WIDE) < 200
    assert height(section(code), WIDE) > 2000


def test_a_drawing_is_as_tall_as_its_box_and_shrinks_where_it_is_too_wide():
    from heights import NARROW, WIDE, height

    drawing = raw('<figure><svg viewBox="0 0 600 900"></svg></figure>')
    assert height(drawing, WIDE) == 900 + 90
    assert height(drawing, NARROW) < 600


def test_each_section_gets_a_rule_for_both_widths():
    from docutils.utils import new_document
    from heights import heights

    page = nodes.section("", nodes.title("", "Page"), section(nodes.paragraph("", "x")))
    document = new_document("page")
    document += page
    assert heights(document).startswith("#t{--tall:")
    assert heights(document).count("--tall-narrow:") == 1


def test_a_quiz_is_as_tall_as_its_questions_though_its_answers_are_folded():
    from heights import WIDE, height

    quiz = '<figure class="bb-quiz"><details><summary>Answer</summary></details></figure>'
    assert height(raw(quiz), WIDE) == WIDE.quiz
