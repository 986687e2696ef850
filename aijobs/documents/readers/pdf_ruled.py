"""Rows of a table that is drawn with lines: what stands between two lines is one row."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from .pdf_words import Box

_SPANNED = 0.7  # of the width of the table
_FEWEST_ROWS = 3
_WITH_A_LINE = 0.5


class _Lines(Protocol):
    """Words that stand beside one another."""

    @property
    def top(self) -> float: ...
    @property
    def bottom(self) -> float: ...
    @property
    def left(self) -> float: ...
    @property
    def right(self) -> float: ...


R = TypeVar("R", bound=_Lines)


def between_lines(rows: Sequence[R], rules: Sequence[Box]) -> list[list[R]]:
    """The rows, those together that no line parts, where most are parted by lines.

    A line under the head only, or one in each ten rows, says nothing of the rows between.
    """
    single = [[row] for row in rows]
    left, right = min(row.left for row in rows), max(row.right for row in rows)
    drawn: dict[int, float] = defaultdict(float)
    for box in rules:
        shared = min(box[2], right) - max(box[0], left)
        for edge in {round(box[1]), round(box[3])}:
            drawn[edge] += max(shared, 0)
    edges = sorted(y for y, length in drawn.items() if length >= _SPANNED * (right - left))
    groups: list[list[R]] = []
    for row in rows:
        middle = (row.top + row.bottom) / 2
        last = groups[-1][-1] if groups else None
        above = 0.0 if last is None else (last.top + last.bottom) / 2
        if last is None or any(above < edge < middle for edge in edges):
            groups.append([row])
        else:
            groups[-1].append(row)
    return groups if len(groups) >= max(_FEWEST_ROWS, _WITH_A_LINE * len(rows)) else single
