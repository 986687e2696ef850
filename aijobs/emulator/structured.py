"""Fill a JSON schema from a document, so that the answer is valid and makes sense to a reader."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .documents import Document, distinct, matching, stems_of

NOTE = "[Emulated answer: no model was called.]"

Schema = dict[str, Any]

_MAX_ITEMS = 5
_MAX_TITLE_WORDS = 8

_THEMES = (
    (
        re.compile(r"obligation|duty|duties|requirement|responsibilit|commitment"),
        re.compile(r"\b(?:must|shall|required?|obliged|responsible|agrees? to|may not)\b", re.I),
    ),
    (
        re.compile(r"risk|danger|threat|issue|concern|warning|weakness"),
        re.compile(
            r"\b(?:liab\w*|warrant\w*|damages?|terminat\w*|penalt\w*|indemnif\w*|breach\w*|"
            r"loss\w*|infring\w*|fines?)\b",
            re.I,
        ),
    ),
)
_SEVERITY = re.compile(
    r"terminat|indemnif|penalt|infring|consequential|lose|forfeit|unlimited|all damages", re.I
)
_WARNING = re.compile(r"liab|warrant|damage|breach|as is|fine", re.I)
_MODAL = re.compile(r"\b(?:must|shall|may|will|is|are|agrees?|has|have)\b", re.I)
_MOMENTS = re.compile(
    r"\b(?:(?:within|after|before|at least|no later than|prior to|every|for)\s[^,.;]*?"
    r"\b(?:hours?|days?|weeks?|months?|quarters?|years?|notice|termination|date)\b"
    r"|annually|monthly|quarterly|yearly|immediately|upon request|at any time"
    r"|\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December)(?: \d{4})?|\d{4}-\d\d-\d\d)",
    re.I,
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


class Composer:
    """Walks a schema of the kind that structured outputs accept (no numeric or length limits)."""

    def __init__(
        self, schema: Schema, document: Document, asked: Mapping[str, str] | None = None
    ) -> None:
        """`asked`: what the prompt says of properties that have no description."""
        self._asked = asked or {}
        self._schema = schema
        self._document = document
        self._noted = False

    def compose(self) -> object:
        """A JSON value that is valid for the schema.

        The first free text in it says that the answer is emulated.
        """
        return self._value(self._schema, "", self._document)

    def _value(self, schema: Schema, name: str, focus: Document) -> object:
        schema = self._resolved(schema)
        options = [schema["const"]] if "const" in schema else schema.get("enum")
        if options:
            return self._option(options, focus)
        kind = _kind(schema)
        if kind == "object":
            return {
                key: self._value(value, key, focus)
                for key, value in schema.get("properties", {}).items()
            }
        if kind == "array":
            return self._array(schema, name, focus)
        if kind == "string":
            return self._text(schema, name, focus)
        return self._scalar(kind, name, focus)

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" in schema:
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            return self._resolved(referenced(self._schema, schema["$ref"]) | siblings)
        for group in ("anyOf", "oneOf"):
            if group in schema:
                return next(
                    (it for it in map(self._resolved, schema[group]) if it.get("type") != "null"),
                    {"type": "null"},
                )
        if "allOf" in schema:
            merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
            for part in map(self._resolved, schema["allOf"]):
                properties = {**merged.get("properties", {}), **part.get("properties", {})}
                merged = {**part, **merged}
                if properties:
                    merged["properties"] = properties
            return merged
        return schema

    def _option(self, options: list[Any], focus: Document) -> object:
        labels = [option for option in options if isinstance(option, str)]
        if len(labels) != len(options) or not labels:
            return options[0]
        ordered = {label.lower(): label for label in labels}
        if "low" in ordered and "high" in ordered:
            if _SEVERITY.search(focus.text):
                return ordered["high"]
            middle = ordered.get("medium", ordered.get("moderate", ordered["low"]))
            return middle if _WARNING.search(focus.text) else ordered["low"]
        return focus.choose(labels)

    def _array(self, schema: Schema, name: str, focus: Document) -> list[object]:
        items = self._resolved(schema.get("items", {}))
        least = int(schema.get("minItems", 0))
        if "enum" in items:
            return [self._option(items["enum"], focus)]
        sentences = self._theme(name) or [focus.gist] * least
        return [self._value(items, name, Document(sentence)) for sentence in sentences]

    def _theme(self, name: str) -> list[str]:
        for names, pattern in _THEMES:
            if names.search(name.lower()):
                return distinct(matching(self._document, pattern, _MAX_ITEMS))
        best = sorted(self._document.ranked[:_MAX_ITEMS])
        return distinct(self._document.sentences[position] for position in best)

    def _text(self, schema: Schema, name: str, focus: Document) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            return _patterned(re.compile(schema["pattern"]), focus.gist)
        key = name.lower()
        phrase = _phrase(key)
        if phrase:
            return phrase(focus.gist)
        text = focus.gist
        description = str(schema.get("description") or self._asked.get(name, ""))
        if description.endswith("?") or key.startswith(("question", "answer")):
            text = self._document.closest(description) or "The document does not say."
        if self._noted:
            return text
        self._noted = True
        return f"{text} {NOTE}".lstrip()

    def _scalar(self, kind: str, name: str, focus: Document) -> object:
        if kind == "boolean":
            return not set(stems_of(name.replace("_", " "))).isdisjoint(stems_of(focus.gist))
        if kind in {"integer", "number"}:
            number = _NUMBER.search(focus.gist)
            value = float(number.group()) if number else 0.0
            return int(value) if kind == "integer" else value
        return None


def referenced(root: Schema, reference: str) -> Schema:
    """The part of a schema that a local reference such as `#/$defs/Risk` names, or KeyError."""
    part: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        part = part[step.replace("~1", "/").replace("~0", "~")]
    return dict(part)


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(option) for option in kind if option != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _patterned(pattern: re.Pattern[str], sentence: str) -> str:
    candidates = (sentence, _title(sentence), *sentence.split(), *_FORMATS.values(), "1", "A", "")
    return next((text for text in candidates if pattern.search(text)), sentence)


def _title(sentence: str) -> str:
    words = sentence.split()
    short = " ".join(words[:_MAX_TITLE_WORDS]).rstrip(".,;:!?")
    return f"{short}…" if len(words) > _MAX_TITLE_WORDS else short


def _actor(sentence: str) -> str:
    modal = _MODAL.search(sentence)
    subject = sentence[: modal.start()].strip(" ,;:") if modal else ""
    return (
        subject
        if 0 < len(subject.split()) <= _MAX_TITLE_WORDS
        else "Whoever is bound by the document"
    )


def _moment(sentence: str) -> str:
    moment = _MOMENTS.search(sentence)
    return moment.group() if moment else ""


# What properties of these names take from their sentence; others take it whole.
_PHRASES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"title|heading|headline|subject|topic|^name$|label"), _title),
    (re.compile(r"^who|part(?:y|ies)|actor|owner|responsible|obligor"), _actor),
    (re.compile(r"when|deadline|due|date|timing|frequency|period"), _moment),
    (re.compile(r"quot|excerpt|evidence|citation|source|clause"), str),
)


@lru_cache(maxsize=1_000)
def _phrase(key: str) -> Callable[[str], str] | None:
    return next((phrase for names, phrase in _PHRASES if names.search(key)), None)
