"""Which encoding a text file has, and its text."""

import codecs
import io
import re
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

from . import latin

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 256 * 1024
BAD_BYTES = re.compile("[\udc80-\udcff]")
"""What bytes that are not of the encoding become under the error handler "surrogateescape"."""
_HIGH = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(rb"[\x80-\xff]{3,}")
# "ß" and a closing quotation mark of windows-1252 look like one letter of these scripts in UTF-8.
_GLUED = re.compile("[A-Za-z][\u0530-\u07ff](?![^\\W\\d_])")
# Of a text in another script most bytes beyond ASCII stand side by side; in a western one few do.
_FOREIGN_SHARE = 0.5
_FOREIGN_LENGTH = 12
_FOREIGN = [
    "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "euc_jp",
    "gb18030", "big5", "cp949",
]  # fmt: skip
_NOT_HEBREW = re.compile(rb"[\xc0-\xdf\xfb-\xff]")
_HEBREW_LENGTH = 40
_OLD = ("cp850", "mac_roman")
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáçñíîïóôòúûùãõåøæÅØÆÉÈÀÇÑœ€£§°«»–—“”„‘’…½²³•©®\xa0")
# Names that browsers read as something wider, as they came to be used.
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252", "iso8859-9": "cp1254",
    "iso8859-11": "cp874", "tis-620": "cp874", "shift_jis": "cp932", "euc_kr": "cp949",
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
}  # fmt: skip
_KNOWN = re.compile(
    r"utf-8(-sig)?|utf-(16|32)(-[lb]e)?|cp(125\d|437|720|737|775|85\d|86\d|874|932|949|950)"
    r"|iso8859-\d+|koi8-[rtu]|mac-\w+|shift_?jis\w*|euc_\w+|gb18030|big5(hkscs)?|iso2022_\w+|johab"
)
_META = re.compile(rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9_:.-]+)""")
_COMMENT = re.compile(rb"<!--.*?(-->|\Z)", re.DOTALL)


class UnknownEncoding(ValueError):
    """The bytes are no text in any encoding that can be told."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, and how many bytes of the file are not of it."""

    codec: str
    bad_bytes: int = 0

    def says_bad(self) -> str:
        """A sentence part about the bytes that could not be read."""
        one = self.bad_bytes == 1
        name = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}.get(self.codec, self.codec)
        count = "1 byte is" if one else f"{self.bad_bytes:,} bytes are"
        return f"{count} not text in {name} and marked with \ufffd"


def decoded(data: bytes, declared: str | None = None) -> tuple[str, Encoding]:
    """The text, with U+FFFD for each byte that is not of its encoding. Raises UnknownEncoding."""
    encoding = encoding_of(io.BytesIO(data), declared)
    return marked(data.decode(encoding.codec, "surrogateescape")), encoding


def marked(text: str) -> str:
    """The text with U+FFFD for the bytes that "surrogateescape" let through."""
    return BAD_BYTES.sub("\ufffd", text)


def charset_of(content_type: str | None) -> str | None:
    """The charset parameter of a media type: "text/csv; charset=windows-1252"."""
    found = re.search(r"""\bcharset\s*=\s*["']?([^\s"';]+)""", content_type or "", re.IGNORECASE)
    return found[1] if found else None


def declared_in_page(data: bytes) -> str | None:
    """The name of the encoding that a page or an XML file gives at its start."""
    start = data[:1024]
    if found := _XML.match(start.removeprefix(codecs.BOM_UTF8)):
        return found[1].decode("ascii")
    if found := _META.search(_COMMENT.sub(b"", start)):
        name = found[1].decode("ascii")
        # Written in ASCII, it cannot be true.
        return "utf-8" if name.lower().startswith(("utf-16", "utf16", "utf-32")) else name
    return None


def encoding_of(file: BinaryIO, declared: str | None = None) -> Encoding:
    """The codec for `file`, which is read from its start and left there.

    A byte order mark decides; then what was declared, when it is known and fits; then UTF-8, when
    nearly every byte agrees; then windows-1252, unless another is clearly better. UTF-16 without
    a mark is told by its zeros. Raises UnknownEncoding.
    """
    file.seek(0)
    start = file.read(_CHUNK)
    file.seek(0)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return _exact(file, codec)
    utf_16 = _utf_16(start)
    if utf_16:
        return _exact(file, utf_16)
    if b"\0" in start:
        raise UnknownEncoding("The file is not text in a known encoding.")
    tally = _Tally(file)
    named = _codec(declared)
    if named == "utf-8" and tally.is_utf_8():
        return Encoding("utf-8", tally.bad)
    if named and named != "utf-8" and (bad := _bad_bytes(file, named)) * 100 <= tally.high:
        return Encoding(named, bad)
    if tally.is_utf_8():
        return Encoding("utf-8", tally.bad)
    return _legacy(file, tally.suspect)


def _codec(name: str | None) -> str | None:
    """Python's name for a declared encoding; None for an unknown one."""
    try:
        codec = codecs.lookup((name or "").strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    codec = _WIDER.get(codec, codec)
    return codec if _KNOWN.fullmatch(codec) else None


class _Tally:
    """How much of a file is UTF-8; `suspect` is the first stretch of it that is not."""

    def __init__(self, file: BinaryIO) -> None:
        self.bad = self.good = self.glued = 0
        self.suspect = b""
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        file.seek(0)
        final = False
        before = b""
        while not final:
            chunk = file.read(_CHUNK)
            final = not chunk
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk, final)
            bad = len(BAD_BYTES.findall(text))
            self.bad += bad
            self.good += len(text) - len(text.encode("ascii", "ignore")) - bad
            self.glued += len(_GLUED.findall(text))
            if bad and not self.suspect:
                # At the end of the file a letter may be cut off; then it is in the last chunk.
                self.suspect = chunk or before
            before = chunk or before
        if self.glued and not self.suspect:
            self.suspect = before
        file.seek(0)

    @property
    def high(self) -> int:
        """About how many bytes are not ASCII."""
        return self.bad + 2 * self.good

    def is_utf_8(self) -> bool:
        if self.bad:
            # In another encoding hardly any two bytes happen to be a letter of UTF-8.
            return self.good >= 2 * self.bad
        return self.good == 0 or self.glued < self.good


def _utf_16(start: bytes) -> str | None:
    """UTF-16 without a mark: of Latin text every second byte is zero."""
    pairs = len(start) // 2
    if b"\0" not in start or pairs < 2:
        return None
    first, second = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    for codec, zeros, others in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if zeros >= 0.4 * pairs and not others:
            return codec
    return None


def _exact(file: BinaryIO, codec: str) -> Encoding:
    """A codec that was told by a mark: UTF-8 may have bad bytes, the others may not."""
    bad = _bad_bytes(file, codec)
    if bad and codec != "utf-8-sig":
        raise UnknownEncoding("The file is not text in a known encoding.")
    return Encoding(codec, bad)


def _bad_bytes(file: BinaryIO, codec: str) -> int:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)("surrogateescape")
    bad = 0
    final = False
    try:
        while not final:
            chunk = file.read(_CHUNK)
            final = not chunk
            bad += len(BAD_BYTES.findall(decoder.decode(chunk, final)))
    except (UnicodeDecodeError, UnicodeError):
        # Some codecs cannot go on behind a fault.
        bad = 1 << 60
    file.seek(0)
    return bad


def _legacy(file: BinaryIO, suspect: bytes) -> Encoding:
    """An encoding older than Unicode: windows-1252 unless another is clearly better."""
    if b"\0" in suspect:
        raise UnknownEncoding("The file is not text in a known encoding.")
    high = len(_HIGH.findall(suspect))
    western = _bad_bytes(file, "cp1252")
    side_by_side = sum(map(len, _RUN.findall(suspect)))
    better: str | None
    if high >= _FOREIGN_LENGTH and side_by_side >= _FOREIGN_SHARE * high:
        # Hebrew has no capitals; Cyrillic has letters above it.
        is_hebrew = high > _HEBREW_LENGTH and not _NOT_HEBREW.search(suspect)
        match = None if is_hebrew else from_bytes(suspect, cp_isolation=_FOREIGN).best()
        better = "cp1255" if is_hebrew else match.encoding if match else None
    else:
        better = latin.codec_of(suspect) or (_older(suspect) if western else None)
    if better and (bad := _bad_bytes(file, better)) <= western:
        return Encoding(better, bad)
    if western * 20 > high:
        raise UnknownEncoding("The file is not text in a known encoding.")
    return Encoding("cp1252", western)


def _older(data: bytes) -> str | None:
    """The encoding of DOS or of old Macs, when all that is beyond ASCII is western in it."""
    beyond = bytes(byte for byte in data if byte > 127)
    return next((codec for codec in _OLD if set(beyond.decode(codec)) <= _WESTERN), None)
