"""Packages of Office files: their parts, relationships, and elements named without their year."""

import io
import posixpath
import zipfile
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from lxml import etree

from .content import Limits, Refusal, check_unpacked

_SCHEMAS = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_PREFIXES = {
    f"{_SCHEMAS}wordprocessingml/2006/main": "w",
    f"{_STRICT}wordprocessingml/main": "w",
    f"{_SCHEMAS}presentationml/2006/main": "p",
    f"{_STRICT}presentationml/main": "p",
    f"{_SCHEMAS}drawingml/2006/main": "a",
    f"{_STRICT}drawingml/main": "a",
    f"{_SCHEMAS}drawingml/2006/picture": "pic",
    f"{_STRICT}drawingml/picture": "pic",
    f"{_SCHEMAS}drawingml/2006/wordprocessingDrawing": "wp",
    f"{_STRICT}drawingml/wordprocessingDrawing": "wp",
    f"{_SCHEMAS}drawingml/2006/chart": "c",
    f"{_STRICT}drawingml/chart": "c",
    f"{_SCHEMAS}drawingml/2006/diagram": "dgm",
    f"{_STRICT}drawingml/diagram": "dgm",
    f"{_SCHEMAS}officeDocument/2006/math": "m",
    f"{_STRICT}officeDocument/math": "m",
    f"{_SCHEMAS}markup-compatibility/2006": "mc",
    "http://schemas.microsoft.com/office/word/2010/wordml": "w14",
    "http://schemas.microsoft.com/office/drawing/2014/chartex": "cx",
    "urn:schemas-microsoft-com:vml": "v",
    "urn:schemas-microsoft-com:office:office": "o",
}
_OPEN = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES |= {
    f"{_OPEN}{name}:1.0": name
    for name in ("office", "text", "table", "style", "chart", "form", "manifest")
} | {f"{_OPEN}drawing:1.0": "draw", "http://www.w3.org/1998/Math/MathML": "math"}
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}

DAMAGE = (etree.XMLSyntaxError, zipfile.BadZipFile, KeyError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Relation:
    """A part that another one refers to: the last word of its type, and its name."""

    kind: str
    target: str


class Package:
    """The parts of a file by name, whatever the case of their letters."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        check_unpacked(data, limits)
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = {name.lower().lstrip("/"): name for name in self._archive.namelist()}

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def raw(self, part: str) -> bytes:
        """The bytes of a part. Raises KeyError, or BadZipFile."""
        return self._archive.read(self._names[part.lower()])

    def root(self, part: str) -> Any:
        """The first element of a part. Raises one of `DAMAGE`."""
        return parsed(self.raw(part))

    def relations(self, part: str) -> dict[str, Relation]:
        """What a part refers to, by id, without what lies outside of the file."""
        folder, name = posixpath.split(part)
        try:
            root = self.root(posixpath.join(folder, "_rels", f"{name}.rels"))
        except DAMAGE:
            return {}
        found = {}
        for element in root:
            target = unquote(value(element, "Target") or "")
            if not target or value(element, "TargetMode") == "External":
                continue
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = (value(element, "Type") or "").rpartition("/")[2]
            found[value(element, "Id") or ""] = Relation(kind, path)
        return found

    def main(self, usual: str) -> str:
        """The name of the part that the file is about."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and relation.target in self:
                return relation.target
        return usual


def parsed(data: bytes) -> Any:
    """The first element of an XML document, which may declare no entities."""
    root = etree.fromstring(data, etree.XMLParser(**_PARSER))
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refusal("The file declares a document type of its own. Save it anew.")
    return root


@cache
def _named(tag: str) -> str:
    space, _, local = tag[1:].rpartition("}")
    return f"{_PREFIXES.get(space, '?')}:{local}" if space else tag


def name_of(element: Any) -> str:
    """`w:p` for a paragraph of any edition of the format; nothing for a comment."""
    return _named(element.tag) if isinstance(element.tag, str) else ""


def value(element: Any, attribute: str = "val") -> str | None:
    """An attribute by its local name."""
    for key, found in element.attrib.items():
        if key.rpartition("}")[2] == attribute:
            return str(found)
    return None


def reference(element: Any, attribute: str = "id") -> str:
    """The id by which an element refers to a part; it may have another id of its own."""
    for key, found in element.attrib.items():
        if key.endswith(f"/relationships}}{attribute}"):
            return str(found)
    return ""


def whole(element: Any, attribute: str = "val", default: int = 0) -> int:
    """An attribute that is a whole number; the default where it is none."""
    try:
        return int(value(element, attribute) or "")
    except ValueError:
        return default


def is_on(element: Any) -> bool:
    """Whether a switch, such as `<w:strike/>`, is on."""
    return (value(element) or "true").lower() not in {"0", "false", "off", "none"}


def child(element: Any, *path: str) -> Any:
    """The first element along a path of names, or None."""
    for name in path:
        element = next((one for one in element if name_of(one) == name), None)
        if element is None:
            return None
    return element


def children(element: Any, name: str) -> list[Any]:
    """The direct children of this name."""
    return [one for one in element if name_of(one) == name]


def descendants(element: Any, *names: str) -> list[Any]:
    """All elements of these names below this one, in their order."""
    return [one for one in element.iter() if name_of(one) in names]


def chosen(alternatives: Any) -> Any:
    """Of the same content in several forms, the one that a current program shows."""
    choice = child(alternatives, "mc:Choice")
    if choice is None:
        choice = child(alternatives, "mc:Fallback")
    return () if choice is None else choice
