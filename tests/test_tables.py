import re

from backbones.tables import html_table


def test_rows_begin_with_their_heading():
    table = html_table([("a", 1, 2.5), ("b", 2, 3)], ("name", "x", "y"), caption="Sums")
    assert re.sub("\n", "", table) == (
        '<table><caption>Sums</caption><thead><tr><th scope="col">name</th><th scope="col">x</th>'
        '<th scope="col">y</th></tr></thead><tbody><tr><th scope="row">a</th><td>1</td>'
        '<td>2.5</td></tr><tr><th scope="row">b</th><td>2</td><td>3</td></tr></tbody></table>'
    )


def test_nothing_that_is_not_given_is_there():
    table = html_table([("a", 1)])
    assert "<caption>" not in table
    assert "<thead>" not in table


def test_words_are_escaped():
    named = {"class": "x", "aria-label": '"a" & b'}
    table = html_table([("<a>", "1 & 2")], ("<b>",), caption="<c>", attributes=named)
    assert table.startswith('<table class="x" aria-label="&quot;a&quot; &amp; b">')
    assert '<th scope="row">&lt;a&gt;</th><td>1 &amp; 2</td>' in table
    assert "&lt;b&gt;" in table
    assert "<caption>&lt;c&gt;</caption>" in table


def test_a_heading_may_have_a_note():
    table = html_table([(("a", "<kind>"), 1), (("b", ""), 2)])
    assert '<th scope="row">a <small>&lt;kind&gt;</small></th><td>1</td>' in table
    assert '<th scope="row">b</th><td>2</td>' in table
