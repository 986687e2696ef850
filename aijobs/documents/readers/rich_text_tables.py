"""Tables of RTF, whose rows say where each of their cells ends."""

from dataclasses import dataclass, field

from . import pipes

# Twentieths of a point; writers round.
_NEAR = 30
_MOST_COLUMNS = 63


@dataclass(slots=True)
class Row:
    """The cells of a row, with its left end and the right end of each cell."""

    left: int = 0
    edges: list[int] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def table(rows: list[Row]) -> str:
    """Rows as a table; a cell that is as wide as several stands in its first column."""
    starts = sorted({edge for row in rows for edge in [row.left, *row.edges[:-1]]})
    columns: list[int] = []
    for start in starts:
        if not columns or start - columns[-1] > _NEAR:
            columns.append(start)
    if len(columns) > _MOST_COLUMNS or any(len(row.edges) < len(row.cells) for row in rows):
        return pipes.table(row.cells for row in rows)
    placed = []
    for row in rows:
        cells = [""] * len(columns)
        for start, text in zip([row.left, *row.edges], row.cells, strict=False):
            near = min(range(len(columns)), key=lambda at: abs(columns[at] - start))
            cells[near] = f"{cells[near]} {text}".strip()
        placed.append(cells)
    return pipes.table(placed)
