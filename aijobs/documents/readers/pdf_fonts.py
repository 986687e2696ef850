"""Fonts of a PDF whose ligatures only their glyph names tell."""

import io
import re
import unicodedata
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    StreamObject,
)

_DEEPEST = 8
_LIGATURES = {"ff", "fi", "fl", "ffi", "ffl", "st", "ft", "tt", "ct"}


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
    try:
        return _mended(reader)
    except Exception:
        # Whatever pypdf stumbled over: the pages are then judged by the letters that they lack.
        return None


def rebuilt(reader: PdfReader) -> bytes:
    """The PDF as pypdf understands it, written anew. Raises what pypdf stumbles over."""
    out = io.BytesIO()
    PdfWriter(clone_from=reader).write(out)
    return out.getvalue()


def _mended(reader: PdfReader) -> bytes | None:
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
    if not isinstance(stream, StreamObject):
        return b""
    try:
        return stream.get_data()
    except Exception:
        # Whatever the parser stumbled over: a map that cannot be read is none.
        return b""


def _lacking(font: Any) -> dict[int, str]:
    """The codes of ligatures that the font's map sends to nothing that can be read."""
    mapping = _mapping(font)
    lacking = {}
    for code, glyph in _glyphs(font).items():
        letters = letters_of(glyph)
        entry = re.search(rb"<%02x>\s*<([0-9a-f]*)>" % code, mapping, re.IGNORECASE)
        # Without an entry PDFium goes by the name of the glyph, but knows no underscores.
        if letters and (_says_nothing(entry[1]) if entry else "_" in glyph):
            lacking[code] = letters
    return lacking


def _glyphs(font: Any) -> dict[int, str]:
    """The names of glyphs that the font's encoding sets by itself."""
    encoding = font.get("/Encoding")
    encoding = encoding.get_object() if encoding is not None else None
    differences = encoding.get("/Differences") if isinstance(encoding, DictionaryObject) else None
    differences = differences.get_object() if differences is not None else None
    glyphs: dict[int, str] = {}
    code = 0
    for entry in differences if isinstance(differences, ArrayObject) else ():
        if isinstance(entry, NameObject):
            glyphs[code] = str(entry)
            code += 1
        else:
            code = int(entry)
    return glyphs


def _says_nothing(target: bytes) -> bool:
    """Whether an entry of a map names NUL, a control character or one for private use."""
    try:
        text = bytes.fromhex(target.decode()).decode("utf-16-be")
    except ValueError:
        return True
    return any(unicodedata.category(letter) in {"Cc", "Co", "Cn"} for letter in text) or not text


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
