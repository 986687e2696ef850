"""What lies behind the pages of a PDF: damaged streams, fonts that can be mended, attached files."""

import io
import re
import zlib
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject

from .content import Refusal

_CHUNK = 1 << 20
_DEEPEST = 8
_LIGATURES = {"ff", "fi", "fl", "ffi", "ffl", "st", "ft", "tt", "ct"}


def damaged_pages(reader: PdfReader, most: int) -> set[int]:
    """The numbers of pages, from 1, of which a stream of content does not unpack to its end.

    Raises Refusal where one unpacks to more than `most` bytes.
    """
    found: set[int] = set()
    known: dict[Any, bool] = {}
    for number, page in enumerate(reader.pages, 1):
        try:
            streams = _streams(page)
        except Refusal:
            raise
        except Exception:
            found.add(number)
            continue
        for key, stream in streams:
            if key not in known:
                known[key] = _is_damaged(stream, most)
            if known[key]:
                found.add(number)
    return found


def _streams(page: Any) -> list[tuple[Any, Any]]:
    """The streams that draw a page, those of its forms included, each with what it is called."""
    found: list[tuple[Any, Any]] = []
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else None
    for index, part in enumerate(contents if isinstance(contents, ArrayObject) else [contents]):
        stream = part.get_object() if part is not None else None
        if stream is None:
            if part is not None:
                raise ValueError("A stream is not there.")
            continue
        found.append((_name(part, stream, (id(page), index)), stream))
    seen: set[Any] = set()
    waiting = [(page.get("/Resources"), 0)]
    while waiting:
        resources, depth = waiting.pop()
        resources = resources.get_object() if resources is not None else None
        if not isinstance(resources, DictionaryObject) or depth > _DEEPEST:
            continue
        objects = resources.get("/XObject")
        objects = objects.get_object() if objects is not None else None
        for part in objects.values() if isinstance(objects, DictionaryObject) else ():
            stream = part.get_object()
            name = _name(part, stream, id(stream))
            if not isinstance(stream, DictionaryObject) or name in seen:
                continue
            seen.add(name)
            if stream.get("/Subtype") == "/Form":
                found.append((name, stream))
                waiting.append((stream.get("/Resources"), depth + 1))
    return found


def _name(part: Any, stream: Any, otherwise: Any) -> Any:
    reference = getattr(stream, "indirect_reference", None) or part
    number = getattr(reference, "idnum", None)
    return otherwise if number is None else (number, getattr(reference, "generation", 0))


def _is_damaged(stream: Any, most: int) -> bool:
    filters = stream.get("/Filter")
    filters = filters.get_object() if filters is not None else None
    first = filters[0] if isinstance(filters, ArrayObject) and filters else filters
    if first in {"/FlateDecode", "/Fl"}:
        return _is_cut(stream._data, most)
    if filters:
        try:
            stream.get_data()
        except Exception:
            return True
    return False


def _is_cut(data: bytes, most: int) -> bool:
    """Whether deflated data ends early or is not what it was; a lost checksum does no harm."""
    size = 0
    data = data.lstrip(b"\r\n")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    checksum = 1
    rest = data[2:]
    try:
        while not unpacker.eof:
            part = unpacker.decompress(rest, _CHUNK)
            rest = unpacker.unconsumed_tail
            size += len(part)
            if size > most:
                raise Refusal("The PDF unpacks to more than is accepted.")
            checksum = zlib.adler32(part, checksum)
            if not part and not rest:
                break
    except zlib.error:
        return True
    if not unpacker.eof:
        return True
    end = unpacker.unused_data[:4]
    return len(end) == 4 and int.from_bytes(end, "big") != checksum


def embedded_files(reader: PdfReader) -> tuple[int, bool]:
    """How many files the PDF's list names, and whether it is a portfolio, a cover for them."""
    root = reader.root_object
    return _named_files(root), "/Collection" in root


def _named_files(root: Any) -> int:
    names = root.get("/Names")
    names = names.get_object() if names is not None else None
    tree = names.get("/EmbeddedFiles") if isinstance(names, DictionaryObject) else None
    count = 0
    waiting = [tree]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        node = node.get_object() if node is not None else None
        if not isinstance(node, DictionaryObject) or id(node) in seen:
            continue
        seen.add(id(node))
        leaves = node.get("/Names")
        leaves = leaves.get_object() if leaves is not None else None
        count += len(leaves) // 2 if isinstance(leaves, ArrayObject) else 0
        kids = node.get("/Kids")
        kids = kids.get_object() if kids is not None else None
        waiting += list(kids) if isinstance(kids, ArrayObject) else []
    return count


def letters_of(glyph: str) -> str:
    """What a ligature's glyph name ("f_i", "ffi", "f_i.alt") says; nothing for other names."""
    name = glyph.lstrip("/").partition(".")[0]
    if name in _LIGATURES:
        return name
    parts = name.split("_")
    if len(parts) > 1 and all(re.fullmatch("[A-Za-z]", part) for part in parts):
        return "".join(parts)
    return ""


def mended(reader: PdfReader) -> bytes | None:
    """The PDF with a map for ligatures that only their glyph names tell; None if it needs none."""
    if not any(_lacking(font) for font in _fonts(reader)):
        return None
    writer = PdfWriter(clone_from=reader)
    for font in _fonts(writer):
        if lacking := _lacking(font):
            stream = DecodedStreamObject()
            stream.set_data(_map(_mapping(font), lacking))
            font[NameObject("/ToUnicode")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _fonts(source: PdfReader | PdfWriter) -> list[Any]:
    fonts: dict[Any, Any] = {}
    seen: set[Any] = set()
    waiting = [(page.get("/Resources"), 0) for page in source.pages]
    while waiting:
        resources, depth = waiting.pop()
        resources = resources.get_object() if resources is not None else None
        if not isinstance(resources, DictionaryObject) or depth > _DEEPEST or id(resources) in seen:
            continue
        seen.add(id(resources))
        for kind in ("/Font", "/XObject"):
            entries = resources.get(kind)
            entries = entries.get_object() if entries is not None else None
            for part in entries.values() if isinstance(entries, DictionaryObject) else ():
                thing = part.get_object()
                if isinstance(thing, DictionaryObject):
                    if kind == "/Font":
                        fonts[id(thing)] = thing
                    elif "/Resources" in thing:
                        waiting.append((thing["/Resources"], depth + 1))
    return list(fonts.values())


def _mapping(font: Any) -> bytes:
    stream = font.get("/ToUnicode")
    stream = stream.get_object() if stream is not None else None
    try:
        return bytes(stream.get_data()) if hasattr(stream, "get_data") else b""
    except Exception:
        return b""


def _lacking(font: Any) -> dict[int, str]:
    """The codes of ligatures that the font's map sends to nothing that can be read."""
    encoding = font.get("/Encoding")
    encoding = encoding.get_object() if encoding is not None else None
    differences = encoding.get("/Differences") if isinstance(encoding, DictionaryObject) else None
    differences = differences.get_object() if differences is not None else None
    if not isinstance(differences, ArrayObject):
        return {}
    ligatures: dict[int, str] = {}
    code = 0
    for entry in differences:
        if isinstance(entry, NameObject):
            if letters := letters_of(entry):
                ligatures[code] = letters
            code += 1
        else:
            code = int(entry)
    if not ligatures:
        return {}
    mapping = _mapping(font)
    lacking = {}
    for code, letters in ligatures.items():
        entry = re.search(rb"<%02x>\s*<([0-9a-f]*)>" % code, mapping, re.I)
        target = entry[1] if entry else b""
        if (mapping and re.fullmatch(b"(0{2,4})+|[ef][0-9a-f]{3}", target, re.I)) or (
            not entry and "_" in _glyph(differences, code)
        ):
            if re.fullmatch(b"fb0[0-6]", target, re.I):
                continue
            lacking[code] = letters
    return lacking


def _glyph(differences: Any, wanted: int) -> str:
    code = 0
    for entry in differences:
        if isinstance(entry, NameObject):
            if code == wanted:
                return str(entry)
            code += 1
        else:
            code = int(entry)
    return ""


def _map(mapping: bytes, ligatures: dict[int, str]) -> bytes:
    """The map with these codes in it."""
    for code in ligatures:
        mapping = re.sub(rb"(?i)<%02x>\s*<[0-9a-f]*>" % code, b"", mapping)
    # Counts before the lists are kept by writers, and not asked for by readers.
    entries = b"".join(
        b"<%02X> <%s>\n" % (code, letters.encode("utf-16-be").hex().encode())
        for code, letters in ligatures.items()
    )
    added = b"%d beginbfchar\n%sendbfchar\n" % (len(ligatures), entries)
    if b"endcmap" in mapping:
        return mapping.replace(b"endcmap", added + b"endcmap", 1)
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /L def\n"
        b"/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange\n"
        + added
        + b"endcmap CMapName currentdict /CMap defineresource pop end end"
    )
