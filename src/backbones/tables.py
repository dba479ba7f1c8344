"""Tables of a notebook's output, as HTML."""

import html
from collections.abc import Iterable, Mapping, Sequence


def html_table(
    rows: Iterable[Sequence[object]],
    head: Sequence[str] = (),
    *,
    caption: str = "",
    attributes: Mapping[str, str] | None = None,
) -> str:
    """A table whose rows begin with their headings; all words are escaped.

    Args:
        rows: Heading and cells of each row; a heading may be a pair, of a name and a small note.
        head: Headings of the columns.
        caption: Above the table.
        attributes: Of the table: its class, a name for screen readers.
    """
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    named = (attributes or {}).items()
    lines = ["<table" + "".join(f' {name}="{html.escape(value)}"' for name, value in named) + ">"]
    if caption:
        lines.append(f"<caption>{escape(caption)}</caption>")
    if head:
        lines.append(f"<thead><tr>{columns}</tr></thead>")
    lines.append("<tbody>")
    for heading, *cells in rows:
        name, note = heading if isinstance(heading, tuple) else (heading, "")
        small = f" <small>{escape(note)}</small>" if note else ""
        values = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(name)}{small}</th>{values}</tr>')
    return "\n".join([*lines, "</tbody></table>"])


def escape(words: object) -> str:
    """Words as they stand in HTML."""
    return html.escape(str(words), quote=False)
