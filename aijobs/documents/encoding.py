"""Which encoding a text file has."""

import codecs
from typing import BinaryIO

from charset_normalizer import from_bytes

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 256 * 1024


class UnknownEncoding(ValueError):
    """The bytes are no text in any encoding that can be told."""


def encoding_of(file: BinaryIO) -> str:
    """The codec for `file`, which is read from its start and left there.

    A byte order mark decides; then UTF-8, when every byte agrees; then the likeliest legacy
    encoding of the part that did not. Raises UnknownEncoding.
    """
    file.seek(0)
    start = file.read(4)
    for mark, codec in _MARKS:
        if start.startswith(mark):
            file.seek(0)
            return codec
    suspect = _first_not_utf8(file)
    file.seek(0)
    if not suspect:
        return "utf-8"
    match = None if b"\0" in suspect else from_bytes(suspect).best()
    if match is None:
        raise UnknownEncoding("The file is not text in a known encoding.")
    return match.encoding


def _first_not_utf8(file: BinaryIO) -> bytes:
    """The first stretch of the file that is not UTF-8, or nothing."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(_CHUNK):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return chunk
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        file.seek(-min(_CHUNK, file.tell()), 1)
        return file.read()
    return b""
