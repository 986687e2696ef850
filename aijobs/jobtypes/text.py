"""Text on its way in (what a field accepts) and on its way out (what a request may carry)."""

import re
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

CLOSED = "</document>"
# Possessive, so that a tag with a million spaces in it is read once.
_DOCUMENT_TAG = re.compile(r"<(?=\s*+/?+\s*+document\b)", re.IGNORECASE)

# What `_check` refuses, for clients: white space alone, and NUL. Python and JavaScript differ in
# what `\s` matches; here stands what either takes for it.
_REFUSED = r"^[\s\u001c-\u001f\u0085\ufeff]*$|\u0000"


@dataclass(frozen=True, slots=True)
class Text:
    """Marks a string field: not blank, at most `limit` characters, no NUL.

    Pydantic's own string type refuses lone surrogates. Documents have them (Windows file names,
    cut-off emoji) and keep them; with `surrogates=False` they are an error of their own.
    """

    limit: int
    surrogates: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": self.limit,
            "not": {"pattern": _REFUSED},
        }

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise PydanticCustomError("text_type", "Must be text.")
        if not value or value.isspace():
            raise PydanticCustomError("text_blank", "Must not be empty.")
        if len(value) > self.limit:
            raise PydanticCustomError(
                "text_long",
                "Must be at most {limit} characters long; it has {length}.",
                {"limit": f"{self.limit:,}", "length": f"{len(value):,}"},
            )
        nul = value.find("\0")
        if nul >= 0:
            raise PydanticCustomError(
                "text_nul",
                "Must not contain NUL characters; there is one at position {position}.",
                {"position": f"{nul + 1:,}"},
            )
        if not self.surrogates and utf8(value) != value:
            raise PydanticCustomError("text_surrogate", "Must not contain lone surrogates.")
        return value


def cut(text: str, most: int) -> str:
    """At most so many characters, and none of its last word where there is no room for all of it.

    Only a word that would take half of the room is cut itself, such as the name of a file.
    """
    if len(text) <= most:
        return text
    room = text[: most - 1]
    whole, _, rest = room.rpartition(" ")
    is_cut = not text[most - 1].isspace()
    kept = whole if is_cut and 2 * len(rest) < most and whole else room
    return kept.rstrip(" ,;:") + "…"


def utf8(text: str) -> str:
    """The same text, with lone surrogates replaced by U+FFFD and divided pairs joined."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def storable(text: str) -> str:
    """The same text without what PostgreSQL refuses: NUL and lone surrogates."""
    return utf8(text).replace("\0", "")


def enclose(document: str, tag: str = "<document>") -> str:
    """The document between <document> tags that nothing inside it can close."""
    return f"{tag}\n{_DOCUMENT_TAG.sub('&lt;', utf8(document))}\n{CLOSED}"


def numbered_tag(number: int, name: str) -> str:
    """The tag that opens one of several documents. Its name may be anything."""
    # On one line, and with nothing in it that ends the attribute or the tag.
    plain = escape(" ".join(utf8(name).split()), {'"': "&quot;"})
    return f'<document number="{number}" name="{plain}">'
