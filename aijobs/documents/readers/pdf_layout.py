"""Words on a page, put into the order in which a person reads them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from .pdf_headings import level_of, set_levels
from .pdf_ruled import between_lines
from .pdf_words import RIGHT_TO_LEFT, Box, Word

Gap = tuple[float, float]
"""A stretch without text, from left to right, in points."""

_DEEPEST = 4
_ROWS_OF_COLUMNS = 3
_ROWS_OF_A_TABLE = 2
_MOST_ROWS = 400  # of columns or of a table; a page of text has 50
_EDGE = 1e6
_ESCAPED = "\\|"
# What a list item or a clause begins with: "3.2", "(a)", "iv.", "§ 5", "Art. 7", a bullet.
_MARK = re.compile(
    r"\(?(\d{1,3}(\.\d{1,3}){0,5}|[ivxlc]{1,5}|[A-Za-z])[.)]?\)?|[•▪■◦‣➢·–—*-]"
    r"|(§+|Art\.?|Clause|Section) ?\d{1,4}[a-z]?\.?"
)
# Halves that stand before a hyphen also where no line ends.
# fmt: off
_PREFIXES = frozenset({
    "all", "anti", "co", "cross", "ex", "far", "first", "flat", "full", "half", "high", "inter",
    "life", "long", "low", "mid", "multi", "near", "non", "one", "part", "post", "pre", "pro", "re",
    "second", "self", "semi", "short", "single", "sub", "third", "two", "under", "well", "year",
})
# fmt: on
_AFTER_A_SHARED_HALF = frozenset({"und", "oder", "bzw", "sowie", "and", "or", "et", "ou", "y", "o"})


@dataclass(slots=True)
class Row:
    """Words that stand beside one another, from left to right."""

    words: list[Word]
    top: float
    bottom: float
    gaps: list[Gap] = field(default_factory=list)
    """Where the row has no text that may part columns, the margins included."""

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def left(self) -> float:
        return self.words[0].box[0]

    @property
    def right(self) -> float:
        return self.words[-1].box[2]


def in_reading_order(words: Iterable[Word], rules: list[Box]) -> str:
    """The text: columns one after the other, cells of a table apart, a line for each line.

    `rules` are the horizontal lines that are drawn on the page.
    """
    by_turn: dict[int, list[Word]] = {}
    for word in words:
        by_turn.setdefault(word.turn, []).append(word)
    set_levels(by_turn.get(0, []))
    parts = []
    for turn in sorted(by_turn):
        lines = _region(_rows(by_turn[turn]), rules if turn == 0 else [], _DEEPEST)
        parts.append("\n".join(_unhyphenated(lines)))
    text = "\n\n".join(part.strip("\n") for part in parts)
    return re.sub("\n{3,}", "\n\n", text).strip()


def _rows(words: list[Word]) -> list[Row]:
    rows: list[Row] = []
    for word in sorted(words, key=lambda word: (word.box[1] + word.box[3]) / 2):
        middle = (word.box[1] + word.box[3]) / 2
        row = rows[-1] if rows else None
        if row and row.top < middle < row.bottom and middle - _middle(row) < 0.4 * row.height:
            row.words.append(word)
        else:
            rows.append(Row([word], word.box[1], word.box[3]))
    for row in rows:
        row.words.sort(key=lambda word: word.box[0])
        row.gaps = _gaps(row)
    return rows


def _middle(row: Row) -> float:
    return (row.top + row.bottom) / 2


def _region(rows: list[Row], rules: list[Box], depth: int) -> list[str]:
    """The lines of a part of the page."""
    lines: list[str] = []
    plain: list[Row] = []
    width = max((row.words[-1].box[2] for row in rows), default=0) - min(
        (row.words[0].box[0] for row in rows), default=0
    )
    at = 0
    while at < len(rows):
        columns: list[list[Word]] = []
        if (
            depth
            and not _is_header(rows, at)
            and (_wide(rows[at]) or _length(rows[at]) < 0.75 * width)
        ):
            end, gaps = _band(rows, at)
            end = _without_a_footer(rows, at, end)
            columns = _prose_columns(rows[at:end], gaps, rules)
        if columns:
            lines += [*_tables(plain, rules), ""]
            plain = []
            for column in columns:
                lines += [*_region(_rows(column), rules, depth - 1), ""]
            at = end
        else:
            # What does not begin columns here may still lie above some.
            plain.append(rows[at])
            at += 1
    return lines + _tables(plain, rules)


def _is_header(rows: list[Row], at: int) -> bool:
    """Whether the row at the top stands well above what follows."""
    return at == 0 and len(rows) > 1 and _far(rows[0], rows[1])


def _without_a_footer(rows: list[Row], at: int, end: int) -> int:
    """Where columns end that reach to the bottom: before a row that stands well below them."""
    is_apart = end == len(rows) and end - at > 2 and _far(rows[end - 2], rows[end - 1])
    return end - 1 if is_apart else end


def _length(row: Row) -> float:
    return row.words[-1].box[2] - row.words[0].box[0]


def _band(rows: list[Row], at: int) -> tuple[int, list[Gap]]:
    """How far rows from `at` on leave common gaps, and these."""
    gaps = rows[at].gaps
    end = at + 1
    while end < min(len(rows), at + _MOST_ROWS):
        if rows[end].top - rows[end - 1].bottom > 6 * rows[end].height:
            break
        common = _common(gaps, rows[end].gaps, _narrowest(rows[end]))
        if not any(left > -_EDGE and right < _EDGE for left, right in common) and _between(gaps):
            break
        if len(common) < 1:
            break
        gaps = common
        end += 1
    return end, _between(_supported(rows[at:end], gaps, 1))


def _between(gaps: list[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap[0] > -_EDGE and gap[1] < _EDGE]


def _narrowest(row: Row) -> float:
    """The least width of a gap between columns: well over a space between words."""
    return max(6.0, 0.9 * row.height)


def _gaps(row: Row) -> list[Gap]:
    """Where the row has no text, the margins included."""
    gaps = []
    right = -_EDGE
    least = _narrowest(row)
    for word in row.words:
        if word.box[0] - right >= least:
            gaps.append((right, word.box[0]))
        right = max(right, word.box[2])
    return [*gaps, (right, _EDGE)]


def _common(one: list[Gap], other: list[Gap], least: float) -> list[Gap]:
    found = []
    i = j = 0
    while i < len(one) and j < len(other):
        left, right = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if right - left >= least:
            found.append((left, right))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def _supported(rows: list[Row], gaps: list[Gap], least: int) -> list[Gap]:
    """Those gaps that have text at their left and at their right in so many rows."""
    found = []
    for left, right in gaps:
        before = sum(row.words[0].box[0] < left for row in rows)
        after = sum(row.words[-1].box[2] > right for row in rows)
        if min(before, after) >= least:
            found.append((left, right))
    return found


def _cells(row: Row, gaps: list[Gap]) -> list[list[Word]]:
    """The row's words in the columns that the gaps part."""
    cells: list[list[Word]] = [[] for _ in range(len(gaps) + 1)]
    for word in row.words:
        cells[sum(word.box[0] >= gap[1] - 0.1 for gap in gaps)].append(word)
    return cells


def _prose_columns(rows: list[Row], gaps: list[Gap], rules: list[Box]) -> list[list[Word]]:
    """The words of each column, or nothing where the rows are no running text in columns."""
    gaps = _supported(rows, gaps, _ROWS_OF_COLUMNS)
    if not gaps:
        return []
    top, bottom = rows[0].top, rows[-1].bottom
    crossing = sum(
        any(box[0] < gap[0] and box[2] > gap[1] for gap in gaps)
        for box in rules
        if top < box[1] < bottom
    )
    if crossing >= 2:
        return []
    columns: list[list[Word]] = [[] for _ in range(len(gaps) + 1)]
    lines: list[list[str]] = [[] for _ in columns]
    for row in rows:
        for index, cell in enumerate(_cells(row, gaps)):
            if cell:
                columns[index] += cell
                lines[index].append(" ".join(word.text for word in cell))
    if not all(_is_prose(texts) for texts in lines):
        return []
    return columns


def _is_prose(lines: list[str]) -> bool:
    """Whether these are lines of running text rather than cells."""
    words = [len(re.findall(r"[^\W\d_]{2,}", line)) for line in lines]
    return (
        len(lines) >= _ROWS_OF_COLUMNS
        and sum(number >= 3 for number in words) >= 0.6 * len(lines)
        and median(len(line) for line in lines) >= 16
    )


def _tables(rows: list[Row], rules: list[Box]) -> list[str]:
    """Lines of rows that are not in columns; tables among them with their cells apart."""
    lines: list[str] = []
    at = 0
    before: Row | None = None
    while at < len(rows):
        end, gaps = _table(rows, at)
        if before and _apart(before, rows[at]):
            lines.append("")
        if gaps:
            lines += ["", *_piped(rows[at:end], gaps, rules), ""]
        else:
            end, heading = _heading(rows, at)
            lines += heading or [_line(rows[at].words)]
        before = rows[end - 1]
        at = end
    return lines


def _heading(rows: list[Row], at: int) -> tuple[int, list[str]]:
    """Where the lines of a heading end that begins at `at`, and its line; else no line."""
    level = level_of(rows[at].words)
    if not level:
        return at + 1, []
    end = at + 1
    while end < len(rows) and level_of(rows[end].words) == level:
        if _apart(rows[end - 1], rows[end]) or rows[end].words[0].size != rows[at].words[0].size:
            break
        end += 1
    text = " ".join(_line(row.words) for row in rows[at:end])
    return end, ["", f"{'#' * level} {text}"]


def _table(rows: list[Row], at: int) -> tuple[int, list[Gap]]:
    """How far a table reaches from `at` on, and the gaps between its columns; else no gaps."""
    if not _wide(rows[at]):
        return at + 1, []
    gaps = rows[at].gaps
    best = 0, at + 1
    end = at + 1
    while end < min(len(rows), at + _MOST_ROWS) and not _far(rows[end - 1], rows[end]):
        common = _common(gaps, rows[end].gaps, 4.0)
        kept = len(_supported(rows[at : end + 1], _between(common), _ROWS_OF_A_TABLE))
        if kept < best[0] or not _between(common):
            break
        following = rows[end : end + 3]
        own = following[0].gaps
        for row in following[1:]:
            own = _common(own, row.gaps, 4.0)
        if len(_supported(following, _between(own), _ROWS_OF_A_TABLE)) > max(
            kept, len(_between(common))
        ):
            break
        gaps = common
        end += 1
        if kept:
            best = kept, end
    while end - at > 1 and not _wide(rows[end - 1]):
        end -= 1
    found = _supported(rows[at:end], _between(gaps), _ROWS_OF_A_TABLE)
    if end - at < _ROWS_OF_A_TABLE or not found or _is_list(rows[at:end], found):
        return at + 1, []
    return end, found


def _is_list(rows: list[Row], gaps: list[Gap]) -> bool:
    """Whether the left column holds only the numbers or bullets of what stands at the right."""
    if len(gaps) != 1:
        return False
    cells = [_cells(row, gaps) for row in rows]
    marks = [" ".join(word.text for word in left) for left, _ in cells if left]
    texts = [" ".join(word.text for word in right) for _, right in cells if right]
    return (
        all(_MARK.fullmatch(mark) for mark in marks)
        and median(len(re.findall(r"[^\W\d_]", text)) for text in texts) >= 12
    )


def _wide(row: Row) -> bool:
    return len(_between(row.gaps)) > 0


def _far(one: Row, other: Row) -> bool:
    return other.top - one.bottom > 2.5 * max(one.height, other.height)


def _apart(one: Row, other: Row) -> bool:
    return other.top - one.bottom > 0.8 * min(one.height, other.height)


def _piped(rows: list[Row], gaps: list[Gap], rules: list[Box]) -> list[str]:
    lines = []
    for group in between_lines(rows, rules):
        parts = [[_line(cell) for cell in _cells(row, gaps)] for row in group]
        cells = (" ".join(filter(None, column)) for column in zip(*parts, strict=True))
        lines.append(f"| {' | '.join(cell.replace('|', _ESCAPED) for cell in cells)} |")
    lines.insert(1, "|" + " --- |" * (len(gaps) + 1))
    return lines


def _line(words: list[Word]) -> str:
    """The words with a space between, or with two where the gap is wide."""
    parts: list[str] = []
    right = 0.0
    for word in _as_read(words):
        if parts:
            gap = max(word.box[0] - right, 0)
            parts.append("  " if gap > 1.2 * (word.box[3] - word.box[1]) else " ")
        parts.append(word.text)
        right = word.box[2]
    return "".join(parts)


def _as_read(words: list[Word]) -> list[Word]:
    """From left to right, or from right to left where most of the words are of such a script."""
    turned = [bool(RIGHT_TO_LEFT.search(word.text)) for word in words]
    if sum(turned) * 2 <= len(words):
        return words
    read: list[Word] = []
    run: list[Word] = []
    for word, is_turned in zip(reversed(words), reversed(turned), strict=True):
        if is_turned:
            read += [*reversed(run), word]
            run = []
        else:
            run.append(word)
    return read + run[::-1]


def _unhyphenated(lines: list[str]) -> list[str]:
    """Words that a line end has parted are joined where the parts make no word of their own."""
    text = "\n".join(lines).casefold()
    joined: list[str] = []
    for line in lines:
        match = re.search(r"(\w*[^\W\d_])-$", joined[-1]) if joined else None
        rest = re.match(r"([^\W\d_]+)", line)
        if match and rest and rest[1][0].islower() and _is_one_word(match[1], rest[1], text):
            head, _, tail = line.partition(" ")
            joined[-1] = joined[-1][:-1] + head
            if tail:
                joined.append(tail)
        else:
            joined.append(line)
    return joined


def _is_one_word(first: str, second: str, text: str) -> bool:
    one, other = first.casefold(), second.casefold()
    if other in _AFTER_A_SHARED_HALF or one in _PREFIXES or f"{one}-{other}" in text:
        return False
    both = all(re.search(rf"(?<![\w-]){re.escape(half)}(?![\w-])", text) for half in (one, other))
    return one + other in text or not both
