"""What docs/openapi.yaml says, as pages show it: calls by subject, fields in words.

Read once, when somebody opens the documentation for the first time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from django.conf import settings

from aijobs.api import guides

FILE = settings.BASE_DIR / "docs" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 5
MOST_VALUES = 24

# Subjects in the order in which somebody meets them, and what each is about.
SUBJECTS = {
    "jobs": "One document, or several that belong together, and its answer.",
    "collections": "Many jobs under one name, out of a table or a ZIP.",
    "quotes": "What work would cost, before it is queued.",
    "operations": "Many jobs that are retried, canceled or erased at once.",
    "webhooks": "Your own software is told what happens.",
    "usage": "What was spent and saved.",
    "export": "All that a workspace has, as one file.",
}
EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body, an answer or an address: what it is called and what it may be."""

    name: str
    kind: str
    about: str
    is_required: bool = False
    is_old: bool = False
    values: tuple[str, ...] = ()
    limits: str = ""
    fields: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """A body by its media type; `kind` says what it is where it has no fields."""

    media_type: str
    kind: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back."""

    status: str
    about: str
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. `sample` is its example in docs/api.md."""

    anchor: str
    method: str
    path: str
    title: str
    about: str
    parameters: tuple[Field, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Calls about one thing, which share a page."""

    name: str
    title: str
    about: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Manual:
    version: str
    about: str
    subjects: tuple[Subject, ...]

    def subject(self, name: str) -> Subject | None:
        return next((one for one in self.subjects if one.name == name), None)


@cache
def manual() -> Manual:
    """All of it."""
    with FILE.open(encoding="utf-8") as file:
        told = yaml.load(file, Loader=yaml.CSafeLoader)
    reader = _Reader(told)
    subjects = [
        Subject(name, name.capitalize(), about, tuple(reader.calls(name)))
        for name, about in SUBJECTS.items()
    ]
    about = "What an endpoint of yours is sent, by type."
    subjects.append(Subject(EVENTS, "Events", about, tuple(reader.events())))
    return Manual(told["info"]["version"], told["info"]["description"], tuple(subjects))


class _Reader:
    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._samples = guides.samples()

    def calls(self, subject: str) -> Iterator[Call]:
        for path, item in self._told["paths"].items():
            for method in METHODS:
                if method in item and subject in item[method].get("tags", ()):
                    yield self._call(path, method, item[method])

    def events(self) -> Iterator[Call]:
        for name, item in self._told["webhooks"].items():
            call = item["post"]
            yield Call(
                anchor=name.replace(".", "-"),
                method="POST",
                path=name,
                title=call["summary"],
                about=call.get("description", ""),
                parameters=(),
                bodies=self._bodies(call["requestBody"]),
                answers=tuple(self._answers(call)),
            )

    def _call(self, path: str, method: str, call: Mapping[str, Any]) -> Call:
        given = [self._resolved(one) for one in call.get("parameters", ())]
        return Call(
            anchor=call["operationId"].replace("_", "-"),
            method=method.upper(),
            path=path,
            title=call["summary"],
            about=call.get("description", ""),
            parameters=tuple(
                self._field(
                    one["name"],
                    one["schema"] | {"description": one.get("description", "")},
                    is_required=one.get("required", False),
                    kind_of=f"in the {one['in']}",
                )
                for one in given
            ),
            bodies=self._bodies(call.get("requestBody", {})),
            answers=tuple(self._answers(call)),
            sample=self._samples.get((method.upper(), path.removeprefix("/api/ai/")), ""),
        )

    def _answers(self, call: Mapping[str, Any]) -> Iterator[Answer]:
        for status, told in call["responses"].items():
            answer = self._resolved(told)
            # What is refused looks the same everywhere: the guide to errors says how.
            bodies = () if status[0] in "45" else self._bodies(answer)
            yield Answer(str(status), answer.get("description", ""), bodies)

    def _bodies(self, holder: Mapping[str, Any]) -> tuple[Body, ...]:
        return tuple(
            Body(
                media_type, self._kind(told.get("schema", {})), self._fields(told.get("schema", {}))
            )
            for media_type, told in holder.get("content", {}).items()
        )

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self._told
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found | {k: v for k, v in schema.items() if k != "$ref"}
        return schema

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without what says "or nothing"; of several forms the first, which is the whole one."""
        schema = self._resolved(schema)
        for word in ("anyOf", "oneOf", "allOf"):
            forms = [one for one in map(self._resolved, schema.get(word, ())) if _says(one)]
            if forms and "properties" not in schema:
                rest = {key: value for key, value in schema.items() if key != word}
                return {**self._plain(forms[0]), **rest}
        return schema

    def _fields(
        self, schema: Mapping[str, Any], depth: int = 0, within: tuple[str, ...] = ()
    ) -> tuple[Field, ...]:
        schema = self._plain(schema)
        if "items" in schema:
            return self._fields(schema["items"], depth, within)
        title = str(schema.get("title", ""))
        if depth >= DEEPEST or (title and title in within):
            return ()
        required = schema.get("required", ())
        return tuple(
            self._field(name, told, name in required, depth=depth + 1, within=(*within, title))
            for name, told in schema.get("properties", {}).items()
        )

    def _field(
        self,
        name: str,
        told: Mapping[str, Any],
        is_required: bool = False,
        *,
        kind_of: str = "",
        depth: int = 0,
        within: tuple[str, ...] = (),
    ) -> Field:
        schema = self._plain(told)
        kind = ", ".join(filter(None, (self._kind(told), kind_of)))
        items = self._plain(schema.get("items", {}))
        values = schema.get("enum") or items.get("enum") or ()
        return Field(
            name,
            kind,
            told.get("description") or schema.get("description", ""),
            is_required,
            schema.get("deprecated", False),
            tuple(str(one) for one in values[:MOST_VALUES]),
            _limits(schema),
            self._fields(told, depth, within),
        )

    def _kind(self, told: Mapping[str, Any]) -> str:
        schema = self._plain(told)
        kind = schema.get("type", "object" if "properties" in schema else "")
        kinds = [kind] if isinstance(kind, str) else [one for one in kind if one != "null"]
        return " or ".join(self._word(one, schema) for one in kinds if one) or "anything"

    def _word(self, kind: str, schema: Mapping[str, Any]) -> str:
        if kind == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        if kind == "string":
            return _FORMATS.get(schema.get("format", ""), "text")
        return _WORDS.get(kind, kind)


_WORDS = {"boolean": "true or false", "integer": "whole number", "number": "number"}
_FORMATS = {
    "uuid": "UUID",
    "date-time": "moment",
    "date": "day",
    "binary": "file",
    "uri": "address",
}


def _says(schema: Mapping[str, Any]) -> bool:
    """Whether a form is more than "or nothing", or "with this field"."""
    return schema.get("type") != "null" and bool(schema.keys() - {"required", "title"})


def _limits(schema: Mapping[str, Any]) -> str:
    """What it may be, in words."""
    found = []
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        found.append(f"from {least:,} to {most:,}")
    elif least is not None:
        found.append(f"{least:,} or more")
    elif most is not None:
        found.append(f"{most:,} or less")
    if longest := schema.get("maxLength"):
        found.append(f"at most {longest:,} characters")
    if (many := schema.get("maxItems")) is not None:
        found.append(f"at most {many:,} entries")
    default = schema.get("default")
    if default not in (None, "", [], {}):
        said = str(default).lower() if isinstance(default, bool) else default
        found.append(f"default: {said}")
    return "; ".join(found)
