"""What is laid over a PDF page: values of forms, text notes, stamps."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from .pdf_words import Word, shown

_HIDDEN = 1 << 1 | 1 << 5  # "hidden" and "no view"
_TICKS = {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}
_VALUES = {pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX}
# Notes that open when they are clicked, marks over text, and links show no text of their own.
_DRAWN = {pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_INK}
_COMMENTS = {
    pdfium.FPDF_ANNOT_TEXT,
    pdfium.FPDF_ANNOT_HIGHLIGHT,
    pdfium.FPDF_ANNOT_UNDERLINE,
    pdfium.FPDF_ANNOT_SQUIGGLY,
    pdfium.FPDF_ANNOT_STRIKEOUT,
}
_LONGEST = 1_000_000
_MOST = 10_000


@dataclass(slots=True)
class Overlay:
    """What lies over a page."""

    words: list[Word] = field(default_factory=list)
    """Values and notes, each line at the place where it is shown."""
    drawn: int = 0
    """Stamps and drawings, whose text cannot be read."""
    comments: int = 0
    struck: int = 0
    """Stretches of text that are struck out by hand."""
    files: int = 0
    """Attached files that a click opens."""


def overlay_of(page: Any, form: Any) -> Overlay:
    """What lies over the page; `form` is PDFium's handle for the form, or None."""
    found = Overlay()
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST)):
        with _annotation(page, index) as annotation:
            if not annotation or pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                continue
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium.FPDF_ANNOT_WIDGET and form:
                found.words += _at_its_place(page, annotation, _value(form, annotation))
            elif kind == pdfium.FPDF_ANNOT_FREETEXT:
                found.words += _at_its_place(page, annotation, _string(annotation, b"Contents"))
            elif kind in _DRAWN:
                found.drawn += 1
            elif kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                found.files += 1
            elif kind in _COMMENTS:
                found.comments += bool(_string(annotation, b"Contents"))
                found.struck += kind == pdfium.FPDF_ANNOT_STRIKEOUT
    return found


@contextmanager
def _annotation(page: Any, index: int) -> Iterator[Any]:
    annotation = pdfium.FPDFPage_GetAnnot(page.raw, index)
    try:
        yield annotation
    finally:
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _value(form: Any, annotation: Any) -> str:
    """The value as it is shown: a tick as ☒, what is chosen of a list in lines."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _TICKS:
        return "☒" if pdfium.FPDFAnnot_IsChecked(form, annotation) else "☐"
    if kind == pdfium.FPDF_FORMFIELD_LISTBOX:
        options = range(max(pdfium.FPDFAnnot_GetOptionCount(form, annotation), 0))
        return "\n".join(
            _filled(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, index)
            for index in options
            if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, index)
        )
    if kind in _VALUES:
        return _filled(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    return ""


def _string(annotation: Any, key: bytes) -> str:
    return _filled(pdfium.FPDFAnnot_GetStringValue, annotation, key)


def _filled(function: Any, *arguments: Any) -> str:
    """What a function of PDFium writes into a buffer of the length that it asks for."""
    length = min(function(*arguments, None, 0), _LONGEST)
    if length <= 2:
        return ""
    buffer = ctypes.create_string_buffer(length)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")


def _at_its_place(page: Any, annotation: Any, value: str) -> list[Word]:
    rectangle = pdfium.FS_RECTF()
    lines = [line.strip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if not value.strip() or not pdfium.FPDFAnnot_GetRect(annotation, rectangle):
        return []
    left, top, right, bottom = shown(
        page, rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
    )
    # One line stands in the middle of its field, so beside its label; further ones below.
    height = min((bottom - top) / len(lines), 14.0)
    first = (top + bottom - height) / 2 if len(lines) == 1 else top
    return [
        Word(line, (left, first + number * height, right, first + (number + 1) * height))
        for number, line in enumerate(lines)
        if line
    ]
