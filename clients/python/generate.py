"""Writes what the client has by machine: `make schema` runs it, and a test compares.

- models.py and problems.py come from the OpenAPI schema, so that they cannot drift from it.
- _sync/ is _async/ without async and await, so that nothing is written twice.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "src" / "citizenapp_client"
SCHEMA = HERE.parent.parent / "docs" / "openapi.yaml"
GENERATED = "# Written by generate.py: `make schema` does it anew.\n"
WIDTH = 100

# What a model can be asked beside its fields is written by hand in these.
BASES = {
    "Collection": "CollectionState",
    "Job": "JobState",
    "JobSummary": "JobState",
    "Operation": "OperationState",
    "OperationSummary": "OperationState",
}
# `Problem` is the exception.
NAMES = {"Problem": "ProblemDocument"}
# Without await: the words of asyncio, and those of the HTTP library.
WORDS = {
    "AsyncGenerator": "Generator",
    "AsyncIterator": "Iterator",
    "AsyncExitStack": "ExitStack",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "aread": "read",
    "asynccontextmanager": "contextmanager",
    "asyncio": "time",
    "_async": "_sync",
}


def main() -> None:
    for path, text in files(schema()).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def schema() -> dict[str, Any]:
    """The committed one."""
    known: dict[str, Any] = yaml.load(SCHEMA.read_text(), Loader=yaml.CSafeLoader)
    return known


def files(schema: Mapping[str, Any]) -> dict[Path, str]:
    """Everything that is generated, by where it is kept."""
    found = {
        PACKAGE / "models.py": models(schema),
        PACKAGE / "problems.py": problems(schema),
    }
    for path in sorted((PACKAGE / "_async").glob("*.py")):
        found[PACKAGE / "_sync" / path.name] = without_async(path.read_text())
    return {path: _formatted(text, path) for path, text in found.items()}


def models(schema: Mapping[str, Any]) -> str:
    """A class for each object that the API answers with."""
    writer = Models(schema["components"]["schemas"])
    header = schema["components"].get("headers", {}).get("CitizenApp-Version")
    version = max(header["schema"]["enum"]) if header else ""
    head = f'"""What the API answers."""\n\n{GENERATED}{IMPORTS}\nAPI_VERSION = "{version}"\n\n\n'
    return head + "\n\n".join(writer.written())


IMPORTS = """
from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from citizenapp_client._states import Amount, CollectionState, JobState, OperationState, Shape
"""


class Models:
    """The classes of all components, and of the objects that are described within them."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = components
        self._classes: dict[str, str] = {}

    def written(self) -> Iterator[str]:
        for name, component in self._components.items():
            if component.get("type") == "object":
                self._write(name, component)
        yield from (self._classes[name] for name in sorted(self._classes))

    def _write(self, name: str, component: Mapping[str, Any]) -> str:
        """The name of the class. Of the same name twice, the first counts: they are the same."""
        own = NAMES.get(name, name)
        if own not in self._classes:
            self._classes[own] = ""  # An object may contain its like.
            lines = [f"class {own}({BASES.get(name, 'Shape')}):"]
            fields = component.get("properties", {})
            if about := component.get("description"):
                lines += [*_docstring(about), *([""] if fields else [])]
            required = component.get("required", [])
            for field, described in fields.items():
                lines += self._field(field, described, is_required=field in required)
            if not fields and not about:
                lines.append("    pass")
            self._classes[own] = "\n".join(lines) + "\n"
        return own

    def _field(self, name: str, schema: Mapping[str, Any], *, is_required: bool) -> list[str]:
        kind = self.type_of(schema)
        is_nullable = "None" in kind.split(" | ")
        if not is_required and not is_nullable and "default" not in schema:
            kind, is_nullable = f"{kind} | None", True
        attribute = f"{name}_" if iskeyword(name) else name
        default = None
        if "default" in schema and schema["default"] is not None:
            default = _default(kind, schema["default"])
        elif is_nullable:
            default = "None"
        if attribute != name:
            alias = f'alias="{name}"'
            default = f"Field({alias})" if default is None else f"Field({default}, {alias})"
        lines = [f"    {attribute}: {kind}" + (f" = {default}" if default is not None else "")]
        if about := schema.get("description"):
            lines += _docstring(about)
        return lines

    def type_of(self, schema: Mapping[str, Any]) -> str:  # noqa: PLR0911
        """The type of a field, as it is written in Python."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            target = self._components[name]
            return self.type_of(target) if target.get("type") != "object" else NAMES.get(name, name)
        if "allOf" in schema:
            (only,) = schema["allOf"]
            return self.type_of(only)
        if several := schema.get("anyOf", schema.get("oneOf")):
            return self._union(several)
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            # What comes later is taken as well: a new status breaks no program.
            return f"Literal[{', '.join(map(_quoted, values))}] | str"
        kinds = schema.get("type", "any")
        if isinstance(kinds, list):
            return self._union([{**schema, "type": kind} for kind in kinds])
        match kinds:
            case "object" if "properties" in schema and "title" in schema:
                return self._write(schema["title"], schema)
            case "object":
                more = schema.get("additionalProperties", True)
                inner = self.type_of(more) if isinstance(more, dict) else "Any"
                return f"dict[str, {inner}]"
            case "array":
                return f"list[{self.type_of(schema.get('items', {}))}]"
            case "string":
                return _text(schema)
        return {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}.get(
            kinds, "Any"
        )

    def _union(self, several: list[Mapping[str, Any]]) -> str:
        kinds = list(dict.fromkeys(" | ".join(map(self.type_of, several)).split(" | ")))
        has_none = "None" in kinds
        kinds = [kind for kind in kinds if kind != "None"]
        if len(kinds) > 1 and all(kind in self._classes for kind in kinds):
            # Results of all job types, and those of types that come later.
            kinds = [
                f"Annotated[{' | '.join([*kinds, 'dict[str, Any]'])}, "
                'Field(union_mode="left_to_right")]'
            ]
        return " | ".join([*kinds, *(["None"] if has_none else [])])


def _text(schema: Mapping[str, Any]) -> str:
    if "\\.\\d{" in schema.get("pattern", ""):
        return "Amount"
    formats = {"date-time": "AwareDatetime", "date": "date", "uuid": "UUID"}
    return formats.get(schema.get("format", ""), "str")


def _default(kind: str, value: object) -> str:
    if kind == "Amount":
        return f'Decimal("{value}")'
    if value in ([], {}):
        return f"Field(default_factory={type(value).__name__})"
    return _quoted(value)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _docstring(text: str) -> list[str]:
    whole = f'    """{text}"""'
    if len(whole) <= WIDTH and "\n" not in text:
        return [whole]
    lines = [line for part in text.splitlines() for line in (wrap(part, WIDTH - 8) or [""])]
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def problems(schema: Mapping[str, Any]) -> str:
    """A class for each type of problem, by the address that names it."""
    described = schema["components"]["schemas"]["Problem"]["properties"]["type"]
    (reference,) = described["allOf"]
    kinds = schema["components"]["schemas"][reference["$ref"].rpartition("/")[2]]["enum"]
    names = {kind: "".join(map(str.title, kind.rpartition("/")[2].split("-"))) for kind in kinds}
    classes = "\n\n".join(
        f'class {name}(Problem):\n    """`{kind}`"""\n' for kind, name in sorted(names.items())
    )
    pairs = "\n".join(f'    "{kind}": {name},' for kind, name in sorted(names.items()))
    return (
        '"""A class for each type of problem: catch the one that you can do something about."""\n\n'
        f"{GENERATED}\nfrom citizenapp_client.errors import Problem\n\n\n{classes}\n\n"
        f"BY_TYPE: dict[str, type[Problem]] = {{\n{pairs}\n}}\n"
    )


def without_async(source: str) -> str:
    """The same module for programs that wait for each answer."""
    source = re.sub(r"\b(async|await) ", "", source)
    source = re.sub(r"\bAwaitable\[(\w+)\]", r"\1", source)
    source = re.sub(r"\bAsync(?=[A-Z])(\w+)", lambda m: WORDS.get(m[0], m[1]), source)
    source = re.sub(r"\b\w+\b", lambda m: WORDS.get(m[0], m[0]), source)
    head, rest = source.split("\n", 1)
    return f"{head}\n\n{GENERATED}{rest}"


def _formatted(text: str, path: Path) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(path)]
    for command in (["check", "--fix", "--quiet", "--select", "I,UP,F"], ["format"]):
        done = subprocess.run(  # noqa: S603 - our own linter
            [*ruff, *command, *name, "-"], input=text, capture_output=True, text=True, check=False
        )
        if not done.stdout:
            sys.exit(f"{path}: {done.stderr}")
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
