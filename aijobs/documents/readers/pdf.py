"""PDF: each page judged by itself."""

import contextlib
import io

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader
from pypdf.errors import DependencyError

from .content import Content, Limits, Refusal
from .pdf_fonts import mended, rebuilt
from .pdf_forms import Overlay, overlay_of
from .pdf_pages import Page, read_page
from .pdf_structure import damaged_pages, embedded_files

_DAMAGED = "is damaged in the file"


def read(data: bytes, limits: Limits) -> Content:
    """The text of all pages, a line `[page N]` before each; pages without any are named."""
    reader = PdfReader(io.BytesIO(data))
    _opened(reader)
    count = len(reader.pages)
    if count > limits.pages:
        raise Refusal(f"The PDF has {count:,} pages; at most {limits.pages:,} are accepted.")
    damaged = damaged_pages(reader, limits.unpacked)
    files, is_portfolio = embedded_files(reader)
    document, is_rebuilt = _document(reader, data, count)
    form = _form(document)
    content = Content("", pages=count, is_encrypted=reader.is_encrypted)
    faults: dict[int, str] = dict.fromkeys(damaged, _DAMAGED)
    notes = _Notes()
    texts: list[str] = []
    size = 0
    for number in range(1, count + 1):
        try:
            overlay, read = _page(document, number - 1, form)
        except pypdfium2.PdfiumError:
            overlay, read = Overlay(), Page("", _DAMAGED)
        files += overlay.files
        if read.fault:
            faults.setdefault(number, read.fault)
        elif overlay.drawn:
            faults.setdefault(number, "has stamps or drawings laid over it that cannot be read")
        notes.add(number, read.recognized, read.hidden, read.signs)
        notes.comments += overlay.comments
        notes.struck += overlay.struck
        texts.append(f"[page {number}]\n{read.text}".strip())
        size += len(read.text)
        if size > limits.unpacked:
            raise Refusal("The PDF holds too much text.")
        if number == 1 and document.get_formtype() == pdfium.FORMTYPE_XFA_FOREGROUND:
            _check_placeholder(read.text)
    content.unreadable_pages = sorted(faults)
    content.missing = _named(faults)
    content.warnings = notes.warnings()
    if is_portfolio:
        content.missing.append(f"the files of the portfolio ({files})")
    elif files:
        # The pages are the document: an invoice may carry itself once more as XML.
        content.warnings.append(f"files embedded in the PDF were not read ({files})")
    if is_rebuilt:
        content.warnings.append("the structure of the PDF is damaged and was rebuilt")
    if any(text.partition("\n")[2] for text in texts):
        content.text = "\n\n".join(texts)
    return content


def _document(reader: PdfReader, data: bytes, count: int) -> tuple[pypdfium2.PdfDocument, bool]:
    """The PDF in PDFium, and whether its list of objects had to be written anew for that."""
    with contextlib.suppress(pypdfium2.PdfiumError):
        document = pypdfium2.PdfDocument(mended(reader) or data, password="")
        if len(document) == count:
            return document, False
    document = pypdfium2.PdfDocument(rebuilt(reader))
    if len(document) != count:
        raise ValueError("The libraries count different pages.")
    return document, True


def _page(document: pypdfium2.PdfDocument, index: int, form: object | None) -> tuple[Overlay, Page]:
    page = document[index]
    try:
        overlay = overlay_of(page, form)
        return overlay, read_page(page, overlay.words)
    finally:
        page.close()


def _opened(reader: PdfReader) -> None:
    if reader.is_encrypted:
        readable = False
        with contextlib.suppress(DependencyError):
            # Many PDFs forbid printing only, and open with an empty password.
            readable = bool(reader.decrypt(""))
        if not readable:
            raise Refusal("The PDF is protected by a password. Upload it without one.")


def _form(document: pypdfium2.PdfDocument) -> object | None:
    """PDFium's handle for the form, if there is one. No script in it is run: this has no engine."""
    kind = document.get_formtype()
    if kind == pdfium.FORMTYPE_XFA_FULL:
        raise Refusal(_XFA)
    if kind == pdfium.FORMTYPE_NONE:
        return None
    document.init_forms()
    return document.formenv.raw if document.formenv else None


_XFA = (
    "The PDF is a dynamic form (XFA), which only Adobe's programs show."
    " Print it to a new PDF there, and upload that."
)


def _check_placeholder(text: str) -> None:
    start = text[:200].casefold()
    if "please wait" in start or "bitte warten" in start:
        raise Refusal(_XFA)


def _named(faults: dict[int, str]) -> list[str]:
    """The pages with the same fault, one after the other, as "pages 2–4 have …"."""
    runs: list[tuple[int, int, str]] = []
    for number in sorted(faults):
        if runs and runs[-1][1] == number - 1 and runs[-1][2] == faults[number]:
            runs[-1] = (runs[-1][0], number, faults[number])
        else:
            runs.append((number, number, faults[number]))
    named = []
    for first, last, fault in runs:
        if first == last:
            named.append(f"page {first} {fault}")
        else:
            plural = fault.replace("has ", "have ", 1).replace("is damaged", "are damaged", 1)
            plural = plural.replace(" its ", " their ").replace(" it ", " them ")
            named.append(f"pages {first}–{last} {plural}")
    return named


class _Notes:
    """What is worth knowing, counted over the pages."""

    def __init__(self) -> None:
        self.recognized: list[int] = []
        self.hidden = self.signs = self.comments = self.struck = 0

    def add(self, number: int, recognized: bool, hidden: int, signs: int) -> None:
        if recognized:
            self.recognized.append(number)
        self.hidden += hidden
        self.signs += signs

    def warnings(self) -> list[str]:
        said = []
        if self.recognized:
            pages = _named(dict.fromkeys(self.recognized, "has text from text recognition (OCR)"))
            said.append("; ".join(pages))
        if self.hidden:
            said.append(f"hidden words were left out ({self.hidden})")
        if self.signs:
            said.append(f"signs that the fonts do not name stand as \ufffd ({self.signs})")
        if self.comments:
            said.append(f"comments were left out ({self.comments})")
        if self.struck:
            said.append(f"text that is struck out by hand is in ({self.struck})")
        return said
