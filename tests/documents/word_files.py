"""Word documents for tests, made of python-docx's own with other parts in them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docx

from aijobs.documents import Document
from tests.documents.reading import read_document

CASES = Path(__file__).parent / "cases"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELS = "word/_rels/document.xml.rels"
NAMESPACES = (
    f'xmlns:w="{WORD}" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    ' xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram"'
)


def saved(document: Any) -> bytes:
    """The bytes of a document or presentation."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def replaced(data: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """The same package with these parts in it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def with_body(xml: str, prolog: str = "", parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A document of python-docx with another body, and other parts."""
    body = f"{prolog}<w:document {NAMESPACES}><w:body>{xml}</w:body></w:document>"
    return replaced(saved(docx.Document()), {"word/document.xml": body} | dict(parts or {}))


def rels_with(relationships: str) -> str:
    """The relationships of a document to styles and lists, and these."""
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="s1" Type="a/styles" Target="styles.xml"/>'
        '<Relationship Id="s2" Type="a/numbering" Target="numbering.xml"/>'
        f"{relationships}</Relationships>"
    )


def relationship(reference: str, kind: str, target: str) -> str:
    """One relationship of a part."""
    return f'<Relationship Id="{reference}" Type="a/{kind}" Target="{target}"/>'


def part(name: str, content: str) -> str:
    """A part whose first element has this name, such as `w:styles`."""
    return f"<{name} {NAMESPACES}>{content}</{name}>"


def run(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, properties: str = "") -> str:
    """A paragraph of runs, or of a text."""
    inner = content if content.startswith("<") or not content else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def read(file: Path | bytes, *, accept_partial: bool = False) -> Document:
    """What is read of a file of the cases, or of a Word document."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    name = "a.docx" if isinstance(file, bytes) else file.name
    return read_document(data, name, accept_partial=accept_partial)


def text_of(xml: str, parts: Mapping[str, str | bytes] | None = None) -> str:
    """The text of a document with this body."""
    return read(with_body(xml, parts=parts)).text
