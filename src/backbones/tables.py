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
        rows: Heading and cells of each row.
        head: Headings of the columns.
        caption: Above the table.
        attributes: Of the table: its class, a name for screen readers.
    """
    words = [[html.escape(str(cell), quote=False) for cell in row] for row in rows]
    columns = "".join(f'<th scope="col">{html.escape(name, quote=False)}</th>' for name in head)
    named = (attributes or {}).items()
    lines = ["<table" + "".join(f' {name}="{html.escape(value)}"' for name, value in named) + ">"]
    if caption:
        lines.append(f"<caption>{html.escape(caption, quote=False)}</caption>")
    if head:
        lines.append(f"<thead><tr>{columns}</tr></thead>")
    lines.append("<tbody>")
    for name, *cells in words:
        values = "".join(f"<td>{cell}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{name}</th>{values}</tr>')
    return "\n".join([*lines, "</tbody></table>"])
