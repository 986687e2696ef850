"""What lies behind the pages of a PDF: damaged streams and attached files."""

import zlib
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, NullObject, StreamObject

from .content import Refusal

_CHUNK = 1 << 20
_DEEPEST = 8


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
            # Whatever pypdf stumbled over: the page is named.
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
    contents = page.get("/Contents", ArrayObject())
    if isinstance(contents, NullObject):
        contents = ArrayObject()
    whole = contents.get_object()
    for index, part in enumerate(whole if isinstance(whole, ArrayObject) else [contents]):
        stream = part.get_object()
        if not isinstance(stream, StreamObject):
            raise TypeError("A stream is not there.")
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
    if not isinstance(stream, StreamObject):
        return True
    filters = stream.get("/Filter")
    filters = filters.get_object() if filters is not None else None
    first = filters[0] if isinstance(filters, ArrayObject) and filters else filters
    if first in {"/FlateDecode", "/Fl"}:
        return _is_cut(stream._data, most)
    if filters:
        try:
            stream.get_data()
        except Exception:
            # Each filter has errors of its own.
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
