"""Tables on a page: which cell stands in which row and column."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from .content import Refusal

# Browsers take no more of a span.
_MOST_COLUMNS = 1_000
_MOST_ROWS = 65_534
_MOST_CELLS = 1_000_000
_BLOCKS = "table, h1, h2, h3, h4, h5, h6"


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a table, of equal length; None where a merged cell goes on, or nothing is."""

    rows: list[list[LexborNode | None]]
    captions: list[LexborNode]
    is_layout: bool
    """Whether it only puts parts of the page beside one another."""


def grid(table: LexborNode, is_shown: Callable[[LexborNode], bool]) -> Grid:
    """The shown cells of a table. Raises Refusal for one of too many cells."""
    rows: list[list[LexborNode | None]] = []
    captions: list[LexborNode] = []
    going_on: dict[int, int] = {}
    size = 0
    for group in _groups(table, captions, is_shown):
        # A cell ends with the group of rows that it stands in.
        going_on.clear()
        for row in group:
            cells: list[LexborNode | None] = []
            for cell in _children(row):
                if cell.tag not in {"td", "th"} or not is_shown(cell):
                    continue
                _go_on(cells, going_on)
                width = min(_span(cell, "colspan") or 1, _MOST_COLUMNS)
                height = _span(cell, "rowspan")
                height = _MOST_ROWS if height == 0 else min(height or 1, _MOST_ROWS)
                for column in range(len(cells), len(cells) + width):
                    if height > 1:
                        going_on[column] = height
                cells.extend([cell] + [None] * (width - 1))
                size += width
            _go_on(cells, going_on)
            size += len(cells)
            if size > _MOST_CELLS:
                raise Refusal("The page has a table of too many cells.")
            going_on = {column: left - 1 for column, left in going_on.items() if left > 1}
            if cells:
                rows.append(cells)
    width = max(map(len, rows), default=0)
    if width * len(rows) > _MOST_CELLS:
        raise Refusal("The page has a table of too many cells.")
    is_layout = _is_layout(table, rows, width)
    return Grid([row + [None] * (width - len(row)) for row in rows], captions, is_layout)


def _go_on(cells: list[LexborNode | None], going_on: dict[int, int]) -> None:
    """Leave the places free that cells of rows above go on in."""
    while len(cells) in going_on:
        cells.append(None)


def _groups(
    table: LexborNode, captions: list[LexborNode], is_shown: Callable[[LexborNode], bool]
) -> Iterator[list[LexborNode]]:
    """Rows by their group; the foot is shown last wherever it stands."""
    feet: list[list[LexborNode]] = []
    for child in _children(table):
        if not is_shown(child):
            continue
        if child.tag == "caption":
            captions.append(child)
        elif child.tag in {"thead", "tbody", "tfoot"}:
            group = [row for row in _children(child) if row.tag == "tr" and is_shown(row)]
            if child.tag == "tfoot":
                feet.append(group)
            else:
                yield group
        elif child.tag == "tr":
            yield [child]
    yield from feet


def _is_layout(table: LexborNode, rows: list[list[LexborNode | None]], width: int) -> bool:
    role = (table.attributes.get("role") or "").strip().lower()
    if role in {"presentation", "none"} or width < 2:
        return True
    return any(
        cell is not None and cell.css_first(_BLOCKS) is not None for row in rows for cell in row
    )


def _span(cell: LexborNode, name: str) -> int | None:
    text = (cell.attributes.get(name) or "").strip()[:9]
    return int(text) if text.isdecimal() else None


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next
