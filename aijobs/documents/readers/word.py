"""Word documents (.docx)."""

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.oxml import parse_xml

from .content import Content, Limits, check_unpacked

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# The fallback of a text box holds the same text once more; a paragraph's properties hold tab stops.
_SILENT = {
    f"{_W}pPr",
    f"{_W}del",
    f"{_W}moveFrom",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def read(data: bytes, limits: Limits) -> Content:
    """The text of the body, the footnotes and the endnotes."""
    check_unpacked(data, limits)
    document = Document(io.BytesIO(data))
    roots = [document.element.body] + [
        parse_xml(relation.target_part.blob)
        for relation in document.part.rels.values()
        if relation.reltype.endswith(("/footnotes", "/endnotes"))
    ]
    lines = "".join(part for root in roots for part in _word_text(root)).split("\n")
    return Content("\n".join(line.rstrip() for line in lines).strip())


def _word_text(element: Any) -> Iterator[str]:
    """Text in reading order: inserted text with it, deleted text without."""
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _MARKS:
            yield _MARKS[child.tag]
        elif child.tag == f"{_W}tr":
            cells = ("".join(_word_text(cell)).strip() for cell in child.iterchildren(f"{_W}tc"))
            yield "\t".join(cell.replace("\n", " ") for cell in cells) + "\n"
        elif child.tag not in _SILENT:
            yield from _word_text(child)
            if child.tag == f"{_W}p":
                yield "\n"
