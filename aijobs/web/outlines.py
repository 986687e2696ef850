"""A result as a text to hand out: headings, paragraphs and quotes, for Markdown and for Word."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aijobs import jobtypes
from aijobs.jobtypes.raw import text_of
from aijobs.jobtypes.text import utf8
from aijobs.models import JobOutput
from aijobs.reading.reviews import Corrected
from aijobs.templatetags.results import by_severity
from aijobs.templatetags.show import field_label, job_title
from citizenapp.tenants import reader

# What Markdown would take for its own.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
_STARTS = re.compile(r"^(\s*)([-+=]|\d+[.)])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """`markdown` is text that Claude wrote as Markdown; all else is plain."""

    kind: Literal["heading", "text", "quote", "note", "markdown"]
    text: str
    level: int = 0


def outline(
    label: str, output: JobOutput, corrected: Corrected | None, documents: Sequence[str] = ()
) -> Iterator[Block]:
    """What counts first; then, where a person has corrected it, who, when, and the original."""
    kind = output.job.job_type
    yield Block("heading", label, 1)
    yield Block("note", job_title(kind))
    if corrected is None:
        yield from _result(kind, output.result, documents)
        return
    yield Block("note", said_by(corrected))
    yield from _result(kind, corrected.result, documents)
    yield Block("heading", "Original result", 1)
    yield from _result(kind, output.result, documents)


def said_by(corrected: Corrected) -> str:
    return f"Corrected by {corrected.by} on {reader.moment(corrected.at)}."


def markdown(blocks: Iterator[Block]) -> str:
    """The blocks as Markdown; plain texts stay what they are."""
    return "\n\n".join(_written(block) for block in blocks if block.text.strip()) + "\n"


def _result(kind: str, result: Mapping[str, Any], documents: Sequence[str]) -> Iterator[Block]:
    match kind:
        case "summarize":
            yield Block("markdown", str(result.get("summary", "")))
        case "analyze":
            yield from _analysis(result, documents)
        case "raw":
            yield Block("text", text_of(result))
        case _:
            for name, value in result.items():
                yield Block("text", f"{field_label(name)}: {value}")


def _analysis(result: Mapping[str, Any], documents: Sequence[str]) -> Iterator[Block]:
    if answers := result.get("answers"):
        yield Block("heading", "Answers", 2)
        for one in answers:
            yield Block("heading", str(one.get("question", "")), 3)
            yield Block("markdown", str(one.get("answer") or ""))
    yield Block("heading", "Risks", 2)
    for risk in by_severity(result.get("risks", ())):
        yield Block(
            "heading", f"{field_label(str(risk.get('severity', '')))}: {risk.get('title', '')}", 3
        )
        yield Block("text", str(risk.get("detail", "")))
    yield Block("heading", "Obligations", 2)
    for one in result.get("obligations", ()):
        yield Block("heading", str(one.get("who", "")), 3)
        yield Block("text", str(one.get("what", "")))
        yield Block("note", str(one.get("when", "")))
    yield Block("heading", "Findings", 2)
    for one in result.get("findings", ()):
        yield Block("heading", str(one.get("title", "")), 3)
        yield Block("text", str(one.get("detail", "")))
        yield Block("quote", str(one.get("quote") or ""))
        yield Block("note", _place(one, documents))


def _place(finding: Mapping[str, Any], documents: Sequence[str]) -> str:
    number, page = finding.get("document"), finding.get("page")
    name = documents[number - 1] if number and number <= len(documents) else ""
    return ", ".join(filter(None, [name, f"page {page}" if page else ""]))


def _written(block: Block) -> str:
    text = utf8(block.text)
    if block.kind == "markdown":
        return text
    plain = _STARTS.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text))
    if block.kind == "heading":
        return f"{'#' * block.level} {' '.join(plain.split())}"
    if block.kind == "quote":
        return "\n".join(f"> {line}" for line in plain.splitlines())
    return plain


def kinds_with_text() -> list[str]:
    """Those whose result is one text, which is handed out alone."""
    return [kind.name for kind in jobtypes.all_types() if kind.writes_text]
