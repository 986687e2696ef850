"""One page of a PDF: its text, and whether that is all that a person reads on it."""

import contextlib
import re
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from .pdf_layout import in_reading_order
from .pdf_words import UNKNOWN, Box, Word, shown, words_of

_GRID = 20
_MOST_OBJECTS = 20_000
# Text that stands for glyphs, not for letters: "(cid:12)", "/g1/g2", "/G21".
_CODES = re.compile(r"\(cid:\d+\)|/[gGcC]\d{1,4}(?=[/\s]|$)|\\u[0-9a-f]{4}")
# A page of text has some 2,000 characters; one with a picture of half a page has 1,000.
_LETTERS_UNDER_A_FULL_IMAGE = 500
_MUCH_OF_THE_PAGE = 0.25
# A frame and some rules have fewer points than a drawing or letters drawn as outlines.
_POINTS_OF_A_FRAME = 60


@dataclass(slots=True)
class Page:
    """What was read of a page. `fault` says why that cannot be used, or is empty."""

    text: str
    fault: str = ""
    recognized: bool = False
    """Its text was laid under a scan by text recognition."""
    hidden: int = 0
    """Words that nobody sees, which are left out."""
    signs: int = 0
    """Single signs, such as bullets, that the fonts do not name."""


@dataclass(slots=True)
class _Drawn:
    """What is on a page besides text."""

    covered: float = 0.0
    """Share of the page under images."""
    points: int = 0
    rules: list[Box] = field(default_factory=list)


def read_page(page: Any, further: list[Word]) -> Page:
    """The page in reading order, with `further` words (values of forms) at their places."""
    text_page = page.get_textpage()
    try:
        found = words_of(page, text_page)
    finally:
        text_page.close()
    drawn = _drawn(page)
    words = found.words
    invisible = [word for word in words if word.invisible]
    scan = drawn.covered > _MUCH_OF_THE_PAGE
    hidden = found.outside
    if invisible and not scan:
        words = [word for word in words if not word.invisible]
        hidden += len(invisible)
    fault = _fault(words, drawn)
    signs = sum(word.text == UNKNOWN for word in words)
    if _is_mostly_lost(words):
        words = []
    return Page(
        in_reading_order([*words, *further], drawn.rules),
        fault,
        scan and bool(invisible),
        hidden,
        signs,
    )


def _is_mostly_lost(words: list[Word]) -> bool:
    """Whether what was read is no use even as a part."""
    lost = sum(word.text.count(UNKNOWN) for word in words)
    return lost > 0.3 * sum(len(word.text) for word in words)


def _fault(words: list[Word], drawn: _Drawn) -> str:
    letters = sum(len(word.text) for word in words)
    if not letters:
        if drawn.covered > 0.01 or drawn.points > _POINTS_OF_A_FRAME:
            return "has no text that can be read (a scan?)"
        return ""
    lost = sum(word.text.count(UNKNOWN) for word in words)
    within = sum(UNKNOWN in word.text for word in words if len(word.text) > 1)
    codes = sum(len(code) for code in _CODES.findall(" ".join(word.text for word in words)))
    if within or lost > 0.05 * letters or codes > 0.05 * letters:
        return "has letters that its fonts do not name"
    if drawn.covered > _MUCH_OF_THE_PAGE and letters < _LETTERS_UNDER_A_FULL_IMAGE * drawn.covered:
        return "has little text beside its images (a scan?)"
    return ""


def _drawn(page: Any) -> _Drawn:
    drawn = _Drawn()
    width, height = page.get_size()
    cells: set[tuple[int, int]] = set()
    for number, thing in enumerate(page.get_objects(max_depth=1)):
        if number > _MOST_OBJECTS:
            drawn.points += number
            break
        if thing.type == pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        with contextlib.suppress(Exception):
            box = shown(page, *thing.get_bounds())
            kind = thing.type
            if kind == pdfium.FPDF_PAGEOBJ_FORM:
                images, points = _within(thing.raw, 8)
                drawn.points += points
                kind = pdfium.FPDF_PAGEOBJ_IMAGE if images else kind
            if kind in {pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING}:
                cells |= _covered(box, width, height)
            elif kind == pdfium.FPDF_PAGEOBJ_PATH:
                drawn.points += max(pdfium.FPDFPath_CountSegments(thing.raw), 0)
                if box[2] - box[0] > 40:
                    drawn.rules.append(box)
    drawn.covered = len(cells) / (_GRID * _GRID)
    return drawn


def _within(form: Any, depth: int) -> tuple[int, int]:
    """How many images and points of paths lie inside a form."""
    images = points = 0
    for index in range(min(pdfium.FPDFFormObj_CountObjects(form), 2_000)):
        thing = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(thing)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            images += 1
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            points += max(pdfium.FPDFPath_CountSegments(thing), 0)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth:
            inner = _within(thing, depth - 1)
            images, points = images + inner[0], points + inner[1]
    return images, points


def _covered(box: Box, width: float, height: float) -> set[tuple[int, int]]:
    """The cells of a grid over the page that the box touches with their middle."""
    if width <= 0 or height <= 0:
        return set()
    left, top, right, bottom = (
        box[0] / width * _GRID,
        box[1] / height * _GRID,
        box[2] / width * _GRID,
        box[3] / height * _GRID,
    )
    return {
        (x, y)
        for x in range(_GRID)
        for y in range(_GRID)
        if left <= x + 0.5 <= right and top <= y + 0.5 <= bottom
    }
