"""The words of a PDF page, each with its place as a person sees it."""

import ctypes
import math
import re
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from .pdf_raised import Raised, assembled, may_be_raised

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in points; the top of the page is 0."""

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
# PDFium's sign for a hyphen after which the line ends.
_LINE_END = "\x02"
_LIGATURES = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
# Signs of the fonts Symbol and Wingdings, which have no code of their own.
_SIGNS = {
    "\uf0b7": "•",
    "\uf0a7": "▪",
    "\uf06e": "■",
    "\uf06f": "☐",
    "\uf0a8": "☐",
    "\uf071": "☐",
    "\uf0fe": "☑",
    "\uf0fd": "☒",
    "\uf078": "☒",
    "\uf0fc": "✓",
    "\uf0fb": "✗",
    "\uf0d8": "➢",
    "\uf076": "❖",
    "\uf0e0": "→",
    "\uf02d": "-",
}
_MARK = re.compile(r"[\^_][\w*†‡]+[.,;:]?")
_ENDS_IN_MARK = re.compile(r".[\^_][\w*†‡]+$")
UNKNOWN = "\ufffd"
"""Stands for a character that the font does not name."""
_INVISIBLE = 3  # the rendering mode of text that recognition lays under a scan


@dataclass(slots=True)
class Word:
    """Characters without a space between them; the box is upright, whatever the text's turn."""

    text: str
    box: Box
    turn: int = 0
    """Quarters by which the text is turned against the page."""
    invisible: bool = False
    size: float = 0.0
    """Of the type, in points; 0 where it is not known."""
    level: int = 0
    """Of a heading, from 1, where the type is as large as that of one."""
    is_tall: bool = False
    """Whether it is higher than words of the text are."""


@dataclass(slots=True)
class Words:
    """The words of a page, in the order of the file."""

    words: list[Word] = field(default_factory=list)
    outside: int = 0
    """Words beyond the edge of the page, which nobody sees."""


def words_of(page: Any, text_page: Any) -> Words:
    """What is written on the page; `UNKNOWN` stands in words for what the fonts do not name."""
    found = Words()
    width, height = page.get_size()
    place = _Place(page)
    start = 0
    letters: list[str] = []
    raw = text_page.raw
    count = text_page.count_chars()
    raised = Raised(raw, count)
    previous = -1
    for index in range(count + 1):
        letter = _letter(raw, index) if index < count else " "
        if not letter.isspace():
            if not letters:
                start = index
            before = letters[-1][-1:] if letters else ""
            if may_be_raised(letter, before):
                letter = raised.mark(index, letter, before, previous) + letter
            letters.append(letter)
            previous = index
        ends = letter.isspace() or (letter == "-" and _ends_line(raw, index))
        if ends and letters:
            last = index - 1 if letter.isspace() else index
            word = _word(raw, letters, start, last, place)
            letters = []
            x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
            if 0 <= x <= width and 0 <= y <= height:
                found.words.append(word)
            else:
                found.outside += 1
    for word in found.words:
        word.box = upright(word.box, word.turn, width, height)
    found.words = _fused(found.words)
    return found


def _fused(words: list[Word]) -> list[Word]:
    """The words with raised and lowered ones at what they belong to."""
    fused: list[Word] = []
    for word in words:
        before = fused[-1] if fused else None
        if before is not None and before.turn == word.turn and _belongs(before, word):
            before.text += word.text
            before.box = (
                min(before.box[0], word.box[0]), min(before.box[1], word.box[1]),
                max(before.box[2], word.box[2]), max(before.box[3], word.box[3]),
            )  # fmt: skip
        else:
            fused.append(word)
    return fused


def _belongs(before: Word, word: Word) -> bool:
    """Whether a word is a mark that hangs on the one before, or the sign behind such a mark."""
    is_mark = _MARK.fullmatch(word.text) and not _MARK.match(before.text)
    if not is_mark and not (
        _ENDS_IN_MARK.search(before.text) and word.text in {".", ",", ";", ":"}
    ):
        return False
    height = before.box[3] - before.box[1]
    is_level = word.box[1] < before.box[3] and word.box[3] > before.box[1]
    return is_level and -0.2 * height < word.box[0] - before.box[2] < 0.3 * height


def upright(box: Box, turn: int, width: float, height: float) -> Box:
    """The box as it stands when the page is turned back by so many quarters."""
    left, top, right, bottom = box
    if turn == 1:  # read from bottom to top
        return height - bottom, left, height - top, right
    if turn == 2:
        return width - right, height - bottom, width - left, height - top
    if turn == 3:  # read from top to bottom
        return top, width - right, bottom, width - left
    return box


class _Place:
    """From the coordinates of the file to those of the page as it is shown."""

    def __init__(self, page: Any) -> None:
        self.rotation = page.get_rotation() // 90
        self.left, self.bottom, self.right, self.top = page.get_bbox()

    def shown(self, left: float, bottom: float, right: float, top: float) -> Box:
        x0, x1 = left - self.left, right - self.left
        y0, y1 = self.top - top, self.top - bottom
        width, height = self.right - self.left, self.top - self.bottom
        # A page that is turned clockwise by a quarter is read from bottom to top in the file.
        if self.rotation == 1:
            return height - y1, x0, height - y0, x1
        if self.rotation == 2:
            return width - x1, height - y1, width - x0, height - y0
        if self.rotation == 3:
            return y0, width - x1, y1, width - x0
        return x0, y0, x1, y1


def shown(page: Any, left: float, bottom: float, right: float, top: float) -> Box:
    """A rectangle of the file as a box on the page as it is shown."""
    return _Place(page).shown(left, bottom, right, top)


def _letter(raw: Any, index: int) -> str:
    """The character at `index`, a space for what parts words."""
    code = pdfium.FPDFText_GetUnicode(raw, index)
    letter = chr(code)
    if letter in {_LINE_END, "\xad"} and (
        letter == "\xad" or pdfium.FPDFText_IsHyphen(raw, index) == 1
    ):
        return "-"
    if letter in "\t\r\n\f\v":
        return " "
    named = _SIGNS.get(letter) or _LIGATURES.get(letter)
    if named:
        return named
    # Unassigned, private and control characters; the commonest letters are no question.
    lost = not " " <= letter <= "~" and unicodedata.category(letter) in {"Cc", "Co", "Cn"}
    if lost or letter == UNKNOWN or pdfium.FPDFText_HasUnicodeMapError(raw, index) == 1:
        return UNKNOWN
    return letter


def _ends_line(raw: Any, index: int) -> bool:
    return bool(pdfium.FPDFText_GetUnicode(raw, index) == ord(_LINE_END))


_LEFT, _RIGHT, _BOTTOM, _TOP = (ctypes.c_double() for _ in range(4))


def _bounds(raw: Any, index: int) -> tuple[float, float, float, float]:
    rectangle = pdfium.FS_RECTF()
    if pdfium.FPDFText_GetLooseCharBox(raw, index, rectangle):
        box = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
        if box[2] > box[0] and box[3] > box[1]:
            return box
    pdfium.FPDFText_GetCharBox(raw, index, _LEFT, _RIGHT, _BOTTOM, _TOP)
    return _LEFT.value, _BOTTOM.value, _RIGHT.value, _TOP.value


def _word(raw: Any, letters: list[str], first: int, last: int, place: _Place) -> Word:
    text = assembled(letters)
    one, other = _bounds(raw, first), _bounds(raw, last)
    if not text.isascii() and RIGHT_TO_LEFT.search(text):
        # Here the first and the last character need not be the outer ones.
        boxes = [_bounds(raw, index) for index in range(first, last + 1)]
        text = _turned_back(letters, boxes)
        one = other = _around(boxes)
    box = place.shown(
        min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
    )
    angle = pdfium.FPDFText_GetCharAngle(raw, first)
    # PDFium counts clockwise, and says -1 where it does not know.
    turn = -round(angle / (math.pi / 2)) % 4 if angle > 0 else 0
    mode = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(raw, first))
    pairs = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    size = pdfium.FPDFText_GetFontSize(raw, first)
    return Word(pairs, box, (turn - place.rotation) % 4, mode == _INVISIBLE, size)


def _around(boxes: list[Box]) -> Box:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _turned_back(letters: list[str], boxes: list[Box]) -> str:
    """The characters as they are read, where PDFium gives them from left to right.

    In some files it knows that a script runs the other way, in others not, even in one line.
    """
    lefts = [box[0] for letter, box in zip(letters, boxes, strict=True) if _is_turned(letter)]
    steps = [other - one for one, other in pairwise(lefts)]
    if sum(step > 0 for step in steps) <= sum(step < 0 for step in steps):
        return "".join(letters)
    units: list[tuple[float, str]] = []
    for letter, box in zip(letters, boxes, strict=True):
        together = units and letter.isdigit() and units[-1][1][-1:].isdigit()
        if together or (units and unicodedata.category(letter[0]) == "Mn"):
            units[-1] = (units[-1][0], units[-1][1] + letter)
        else:
            units.append((box[0], letter))
    # Letters of one ligature have the same place; then the order from left to right is turned.
    units.reverse()
    return "".join(letter for _, letter in sorted(units, key=lambda unit: -unit[0]))


def _is_turned(letter: str) -> bool:
    return bool(RIGHT_TO_LEFT.match(letter))
