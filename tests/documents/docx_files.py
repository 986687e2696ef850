"""Makes Word files for tests, from the XML of their parts."""

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from aijobs.documents import Document
from tests.documents.reading import read_document

CASES = Path(__file__).parent / "cases"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "m": f"{_OFFICE}/math",
    "r": f"{_OFFICE}/relationships",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMES.items())
_ROOTS = {
    "styles": "w:styles",
    "numbering": "w:numbering",
    "settings": "w:settings",
    "footnotes": "w:footnotes",
    "endnotes": "w:endnotes",
    "comments": "w:comments",
    "header": "w:hdr",
    "footer": "w:ftr",
    "chart": "c:chartSpace",
    "diagramData": "dgm:dataModel",
}
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def element(root: str, inner: str) -> str:
    """A root element with all prefixes declared."""
    return f"<{root} {_DECLARED}>{inner}</{root}>"


def word_file(body: str, **parts: str | bytes) -> bytes:
    """A Word file with this body.

    Other parts are given by their kind, "header" or "header_2", which is also the id of their
    relationship: what stands within their root element, or the bytes of a part that is no XML.
    "aFChunk_html" is a chunk with the suffix ".html".
    """
    relations, files = [], {}
    for name, inner in parts.items():
        kind, _, suffix = name.partition("_")
        target = f"{name}.{suffix if kind == 'aFChunk' else 'xml'}"
        relations.append(relation(name, kind, target))
        files[f"word/{target}"] = (
            inner if isinstance(inner, bytes) else element(_ROOTS[kind], inner).encode()
        )
    files["word/document.xml"] = element("w:document", f"<w:body>{body}</w:body>").encode()
    files["word/_rels/document.xml.rels"] = _related(*relations)
    files["_rels/.rels"] = _related(relation("r1", "officeDocument", "word/document.xml"))
    return packed(files)


def relation(identity: str, kind: str, target: str) -> str:
    return (
        f'<Relationship Id="{identity}" Type="{_OFFICE}/relationships/{kind}" Target="{target}"/>'
    )


def _related(*relations: str) -> bytes:
    return f'<Relationships xmlns="{_RELATIONS}">{"".join(relations)}</Relationships>'.encode()


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            # OpenDocument asks that this one is not compressed.
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def run(text: str, properties: str = "") -> str:
    about = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{about}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(text: str = "", properties: str = "", inner: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text) if text else ''}{inner}</w:p>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def read(data: bytes, **options: Any) -> Document:
    return read_document(data, "a.docx", **options)


def text_of(body: str, **parts: str | bytes) -> str:
    return read(word_file(body, **parts)).text
