"""Reads files with one library, in a process of its own: `candidate_readers.py LIBRARY FILE…`.

It writes JSON: the text of each file, seconds, the most memory, and what is known of the library.
No other module needs these libraries. Where one is missing, `missing` says so.
"""

# ruff: noqa: PLC0415 - each library is imported where it is asked for

import importlib
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any


def _library(name: str) -> Any:
    """A library, of whose types nothing is known here."""
    return importlib.import_module(name)


def _ours(path: str) -> str:
    from aijobs.documents import HowToRead, read_documents

    how = HowToRead(accept_partial=True)
    documents = read_documents(Path(path).read_bytes(), Path(path).name, how=how)
    # The name of what is attached to a mail is not in its text.
    return "\n\n".join(
        f"{one.name if number else ''}\n{one.text}" for number, one in enumerate(documents)
    )


def _pypdfium2(path: str) -> str:
    pages = _library("pypdfium2").PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_bounded() for page in pages)


def _pdfplumber(path: str) -> str:
    with _library("pdfplumber").open(path) as pdf:
        return "\n".join(page.extract_text() or "" for page in pdf.pages)


def _docling_parse(path: str) -> str:
    line = _library("docling_core.types.doc.page").TextCellUnit.LINE
    document = _library("docling_parse.pdf_parser").DoclingPdfParser().load(path)
    return "\n".join(
        cell.text for _, page in document.iterate_pages() for cell in page.iterate_cells(line)
    )


def _pypdf(path: str) -> str:
    return "\n".join(page.extract_text() for page in _library("pypdf").PdfReader(path).pages)


def _pdfminer(path: str) -> str:
    return str(_library("pdfminer.high_level").extract_text(path))


def _docx2python(path: str) -> str:
    with _library("docx2python").docx2python(path) as document:
        return str(document.text)


def _mammoth(path: str) -> str:
    with Path(path).open("rb") as file:
        return str(_library("mammoth").convert_to_markdown(file).value)


def _kreuzberg(path: str) -> str:
    return str(_library("kreuzberg").extract_file_sync(path).content)


def _markitdown(path: str) -> str:
    return str(_library("markitdown").MarkItDown().convert(path).text_content)


def _python_docx(path: str) -> str:
    texts = []
    for block in _library("docx").Document(path).iter_inner_content():
        if hasattr(block, "rows"):
            texts += ["\t".join(cell.text for cell in row.cells) for row in block.rows]
        else:
            texts.append(block.text)
    return "\n".join(texts)


def _python_pptx(path: str) -> str:
    texts = []
    for slide in _library("pptx").Presentation(path).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                texts.append(shape.text_frame.text)
            if shape.has_table:
                texts += ["\t".join(cell.text for cell in row.cells) for row in shape.table.rows]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            texts.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(texts)


def _odfpy(path: str) -> str:
    body = _library("odf.opendocument").load(path).body
    extract = _library("odf.teletype").extractText
    # Headings and paragraphs, those in tables and notes among them.
    kinds = {"h", "p"}

    def texts(node: Any) -> list[str]:
        if node.nodeType == 1 and node.qname[1] in kinds:
            return [extract(node)]
        return [text for child in node.childNodes for text in texts(child)]

    return "\n".join(texts(body))


def _striprtf(path: str) -> str:
    source = Path(path).read_text(encoding="latin-1")
    return str(_library("striprtf.striprtf").rtf_to_text(source, errors="replace"))


def _extract_msg(path: str) -> str:
    with _library("extract_msg").openMsg(path) as message:
        names = "\n".join(str(one.getFilename()) for one in message.attachments)
        return f"{message.sender}\n{message.subject}\n{message.body}\n{names}"


def _email(path: str) -> str:
    from email import message_from_bytes, policy

    message = message_from_bytes(Path(path).read_bytes(), policy=policy.default)
    body = message.get_body(("plain", "html"))
    return f"Subject: {message['Subject']}\n{body.get_content() if body else ''}"


READERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "ours": ("pdf docx odt rtf pptx html eml msg", _ours),
    "pypdfium2": ("pdf", _pypdfium2),
    "pdfplumber": ("pdf", _pdfplumber),
    "docling-parse": ("pdf", _docling_parse),
    "pypdf": ("pdf", _pypdf),
    "pdfminer.six": ("pdf", _pdfminer),
    "kreuzberg": ("pdf docx odt rtf pptx html eml msg", _kreuzberg),
    "markitdown": ("pdf docx pptx html msg", _markitdown),
    "docx2python": ("docx", _docx2python),
    "mammoth": ("docx", _mammoth),
    "python-docx": ("docx", _python_docx),
    "python-pptx": ("pptx", _python_pptx),
    "odfpy": ("odt", _odfpy),
    "striprtf": ("rtf", _striprtf),
    "extract-msg": ("msg", _extract_msg),
    "email": ("eml", _email),
}


def _size(name: str, seen: set[str]) -> int:
    """Bytes of a package and of all that it needs."""
    plain = re.sub(r"[-_.]+", "-", name).lower()
    if plain in seen:
        return 0
    seen.add(plain)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return 0
    needed = [one for one in found.requires or [] if "extra ==" not in one]
    names = [match[0] for one in needed if (match := re.match(r"[\w.-]+", one))]
    own = sum(file.size or 0 for file in found.files or [])
    return own + sum(_size(one, seen) for one in names)


def _about(name: str) -> dict[str, Any]:
    if name in {"ours", "email"}:
        return {"version": "", "licence": "", "install": 0}
    about: Any = metadata.metadata(name)
    classes = [
        one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if "OSI" in one
    ]
    licence = about.get("License-Expression") or about.get("License") or ", ".join(classes)
    return {
        "version": about["Version"],
        "licence": licence.split("\n")[0][:60],
        "install": _size(name, set()),
    }


def main() -> None:
    name, *paths = sys.argv[1:]
    out = sys.stdout
    # Some libraries write to the output.
    sys.stdout = sys.stderr
    try:
        about = _about(name)
    except metadata.PackageNotFoundError:
        out.write(json.dumps({"missing": True}))
        return
    read = READERS[name][1]
    texts: dict[str, str | None] = {}
    seconds = 0.0
    for number, path in enumerate([paths[0], *paths]):
        began = time.perf_counter()
        try:
            texts[path] = read(path)
        except Exception:
            texts[path] = None
        # The first file is read twice: imports are no part of reading.
        seconds += time.perf_counter() - began if number else 0
    used = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    out.write(json.dumps({"texts": texts, "seconds": seconds, "memory": used * 1024} | about))


if __name__ == "__main__":
    main()
