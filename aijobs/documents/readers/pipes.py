"""Tables as lines of text with a pipe between the cells."""

from collections.abc import Iterable, Sequence

# Word knows 63 columns. What asks for more is not filled up, for its rows could grow without bound.
_WIDEST = 256


def cell(text: str) -> str:
    """The text of a cell on one line."""
    lines = (" ".join(line.split("\t")).strip() for line in text.split("\n"))
    return " / ".join(line for line in lines if line).replace("|", r"\|")


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table; nothing where no cell has text."""
    made = [[cell(text) for text in row] for row in rows]
    if not any(map(any, made)):
        return ""
    columns = max(map(len, made))
    fill = columns if columns <= _WIDEST else 0
    lines = [f"| {' | '.join(row + [''] * (fill - len(row)))} |" for row in made]
    lines.insert(1, f"|{' --- |' * max(len(made[0]), fill)}")
    return "\n".join(lines)


def nested(rows: Iterable[Sequence[str]]) -> str:
    """Rows of a table that stands in a cell, one a line."""
    return "\n".join(" | ".join(cell(text) for text in row) for row in rows)
