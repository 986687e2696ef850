"""Raised and lowered signs on a page of a PDF: marks of notes, exponents, indices."""

import ctypes
from collections.abc import Sequence
from typing import Any

import pypdfium2.raw as pdfium

_SIGNS = frozenset("*†‡")
_BEFORE_A_LETTER = frozenset(".,;:)”’")
_SMALLER = 0.9
_RAISED = 0.2
_LOWERED = 0.08
# A raised glyph of the font itself has the size and the line of its neighbors.
_INK_ABOVE = 0.22
_INK_HEIGHT = 0.5
_REACH = 3  # characters to look for a neighbor, spaces among them


class Raised:
    """Tells the characters of one page that are raised or lowered against their neighbors.

    Hardly any is, and each question to PDFium takes a microsecond: sizes are asked for first.
    """

    def __init__(self, raw: Any, count: int) -> None:
        self._raw = raw
        self._count = count
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._edges = tuple(ctypes.c_double() for _ in range(4))
        self._known = (-1, 0.0)
        self._marked = (-1, 0.0, "")

    def mark(self, index: int, letter: str, before: str, previous: int) -> str:
        """`^` for a raised character, `_` for a lowered one, else nothing.

        `before` is the character before it in its word, `previous` the place of the last one
        that is no space, or -1.
        """
        is_figure = letter.isdigit()
        size = self._size(index)
        if is_figure and self._ink_is_above(index, size):
            return "^" if self._is_upright(index) else ""
        mark = self._as_before(index, size, previous) or self._against(index, size, previous)
        if not mark and not before:
            mark = self._against(index, size, self._following(index))
        if mark and not self._is_upright(index):
            mark = ""
        self._marked = index, size, mark
        return mark

    def _as_before(self, index: int, size: float, previous: int) -> str:
        """The mark of the character before, where this one is set like it."""
        at, its_size, mark = self._marked
        if not mark or at != previous or size != its_size:
            return ""
        return mark if abs(self._origin(index)[1] - self._origin(at)[1]) < 0.1 * size else ""

    def _against(self, index: int, size: float, other: int) -> str:
        if other < 0:
            return ""
        larger = self._size(other)
        if size > _SMALLER * larger:
            return ""
        (x, y), (other_x, other_y) = self._origin(index), self._origin(other)
        away = x - other_x if other < index else other_x - x
        if not 0 < away < 2 * larger:
            return ""
        up = (y - other_y) / larger
        return "^" if _RAISED <= up < 1 else "_" if -1 < up <= -_LOWERED else ""

    def _following(self, index: int) -> int:
        """The place of the next character that is no figure and no space, or -1."""
        for at in range(index + 1, min(index + 1 + _REACH, self._count)):
            code = pdfium.FPDFText_GetUnicode(self._raw, at)
            if code > ord(" ") and not chr(code).isdigit():
                return at
        return -1

    def _size(self, index: int) -> float:
        if self._known[0] == index:
            return self._known[1]
        size = pdfium.FPDFText_GetFontSize(self._raw, index)
        # The size may be 1 and the page enlarged by a matrix; the box is as it is seen.
        box = pdfium.FS_RECTF()
        if size <= 2 and pdfium.FPDFText_GetLooseCharBox(self._raw, index, box):
            size = box.top - box.bottom
        self._known = index, size
        return float(size)

    def _origin(self, index: int) -> tuple[float, float]:
        pdfium.FPDFText_GetCharOrigin(self._raw, index, self._x, self._y)
        return self._x.value, self._y.value

    def _ink_is_above(self, index: int, size: float) -> bool:
        left, right, bottom, top = self._edges
        pdfium.FPDFText_GetCharBox(self._raw, index, left, right, bottom, top)
        low, high = bottom.value, top.value
        if not 0 < high - low < _INK_HEIGHT * size:
            return False
        return bool(low - self._origin(index)[1] >= _INK_ABOVE * size)

    def _is_upright(self, index: int) -> bool:
        return pdfium.FPDFText_GetCharAngle(self._raw, index) in {0, -1}


def may_be_raised(letter: str, before: str) -> bool:
    """Whether its place changes what is read: figures, and letters behind a sign."""
    return letter.isdigit() or before in _BEFORE_A_LETTER or letter in _SIGNS


def assembled(letters: Sequence[str]) -> str:
    """A word of characters, some of them behind a mark: "10^6", "^1 Goods", "x^(2)y"."""
    plain = "".join(letters)
    if "^" not in plain and "_" not in plain:
        return plain
    parts: list[str] = []
    run = ""
    for letter in [*letters, ""]:
        mark = letter[0] if len(letter) > 1 and letter[0] in "^_" else ""
        if run and mark == run[0]:
            run += letter[1:]
            continue
        if run:
            is_open = letter.isalnum()
            parts.append(f"{run[0]}({run[1:]})" if is_open and parts else run)
            parts += [" "] * (is_open and len(parts) == 1)
            run = ""
        if mark:
            run = letter
        else:
            parts.append(letter)
    return "".join(parts)
