"""Text out of one HTML, PDF or DOCX file, or CSV out of an XLSX: a program, to be confined.

    python extract.py html|pdf|docx|xlsx SECONDS UNPACKED_BYTES PAGES <file >text

Ends with 0 and the text, with 3 and a message for the person who sent the file, or with
anything else when the file is damaged.
"""

import contextlib
import csv
import io
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from typing_extensions import override

_MEMORY = 1 << 30
_REFUSED = 3
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
# The fallback of a text box holds the same text once more; a paragraph's properties hold tab stops.
_SILENT = {
    f"{_W}pPr",
    f"{_W}del",
    f"{_W}moveFrom",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


class Refusal(Exception):
    """The file is sound, but has no text that we can or may read."""


class _PageText(HTMLParser):
    """Collects what a browser would show, one line for each block."""

    hidden = frozenset({"script", "style", "template", "noscript", "svg", "math"})
    # fmt: off
    inline = frozenset({
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
        "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    })
    # fmt: on

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.within: list[str] = []
        self.preformatted = 0

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.hidden:
            self.within.append(tag)
        elif tag not in self.inline:
            self.parts.append("\n")
        self.preformatted += tag == "pre"

    @override
    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in self.inline:
            self.parts.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            del self.within[self.within.index(tag) :]
        elif tag not in self.inline:
            self.parts.append("\n")
        self.preformatted -= tag == "pre" and self.preformatted > 0

    @override
    def handle_data(self, data: str) -> None:
        if not self.within:
            self.parts.append(data if self.preformatted else re.sub("[ \t\n\f\r]+", " ", data))


def html(data: bytes) -> str:
    parser = _PageText()
    parser.feed(data.decode())
    parser.close()
    lines = (line.strip() for line in "".join(parser.parts).replace("\0", "").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def pdf(data: bytes, max_pages: int, max_bytes: int) -> str:
    from pypdf import PdfReader  # noqa: PLC0415 - only when needed: each upload starts Python
    from pypdf.errors import DependencyError  # noqa: PLC0415

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        readable = False
        with contextlib.suppress(DependencyError):
            # Many PDFs forbid printing only, and open with an empty password.
            readable = bool(reader.decrypt(""))
        if not readable:
            raise Refusal("The PDF is protected by a password. Upload it without one.")
    if len(reader.pages) > max_pages:
        raise Refusal(
            f"The PDF has {len(reader.pages):,} pages; at most {max_pages:,} are accepted."
        )
    pages: list[str] = []
    size = 0
    for page in reader.pages:
        pages.append(page.extract_text().replace("\0", "").strip())
        size += len(pages[-1])
        if size > max_bytes:
            raise Refusal("The PDF holds too much text.")
    text = "\n\n".join(page for page in pages if page)
    if not text:
        raise Refusal(
            "The PDF has no text: it was probably scanned. Run text recognition (OCR) first."
        )
    return text


def docx(data: bytes, max_bytes: int) -> str:
    from docx import Document  # noqa: PLC0415 - as above
    from docx.oxml import parse_xml  # noqa: PLC0415

    _check_unpacked(data, max_bytes)
    document = Document(io.BytesIO(data))
    roots = [document.element.body] + [
        parse_xml(relation.target_part.blob)
        for relation in document.part.rels.values()
        if relation.reltype.endswith(("/footnotes", "/endnotes"))
    ]
    lines = "".join(part for root in roots for part in _word_text(root)).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


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


def xlsx(data: bytes, max_bytes: int) -> str:
    from python_calamine import load_workbook  # noqa: PLC0415 - as above

    _check_unpacked(data, max_bytes)
    sheet = load_workbook(io.BytesIO(data)).get_sheet_by_index(0)
    table = io.StringIO()
    if sheet.start is not None:
        csv.writer(table).writerows([_cell(value) for value in row] for row in sheet.iter_rows())
    return table.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _check_unpacked(data: bytes, max_bytes: int) -> None:
    # A member that unpacks to more than it declares fails its checksum.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > max_bytes:
            raise Refusal("The file unpacks to more than is accepted.")


def _confine(seconds: int, written: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, written),
    ):
        # macOS has no limit on memory to set.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main() -> int:
    kind, seconds, max_bytes, max_pages = sys.argv[1], *map(int, sys.argv[2:])
    _confine(seconds, max_bytes)
    data = sys.stdin.buffer.read()
    code = 0
    try:
        match kind:
            case "html":
                text = html(data)
            case "pdf":
                text = pdf(data, max_pages, max_bytes)
            case "docx":
                text = docx(data, max_bytes)
            case "xlsx":
                text = xlsx(data, max_bytes)
            case _:
                return 2
    except Refusal as refusal:
        text, code = str(refusal), _REFUSED
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    return code


if __name__ == "__main__":
    sys.exit(main())
