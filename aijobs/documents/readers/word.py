"""Word documents (.docx, .docm, .dotx and Strict Open XML)."""

import sys
from collections.abc import Iterable
from typing import Any

from .blocks import Block, Found, Size, joined, margins
from .content import Content, Limits, Refusal
from .office import (
    DAMAGE,
    Package,
    child,
    children,
    descendants,
    is_on,
    name_of,
    reference,
    value,
)
from .told import missing_of, warnings_of
from .word_notes import Notes
from .word_numbering import Counters, Numbering, read_numbering
from .word_story import File, Story
from .word_styles import Styles

# A parser that allows 256 levels, and a few calls for each.
_CALLS = 6000


def read(data: bytes, limits: Limits) -> Content:
    """Body, headers, footers and notes, with the numbers and marks that Word shows."""
    sys.setrecursionlimit(_CALLS)
    text, found = text_of(data, limits, 0)
    if not text and found.warnings["picture"]:
        raise Refusal(
            "The Word document holds nothing but pictures. Run text recognition (OCR) first."
        )
    return Content(text, missing=missing_of(found), warnings=warnings_of(found))


def text_of(data: bytes, limits: Limits, depth: int) -> tuple[str, Found]:
    """The text of a document, and what is to be told of it."""
    package = Package(data, limits)
    part = package.main("word/document.xml")
    related = package.relations(part)
    named = {relation.kind: relation.target for relation in related.values()}
    found = Found()

    def root(kind: str, told: str = "") -> Any:
        """The root of a part of this kind, or None; tell of one that is there and damaged."""
        if kind not in named:
            return None
        try:
            return package.root(named[kind])
        except DAMAGE:
            if told:
                found.missing[told] += 1
            return None

    body = child(package.root(part), "w:body")
    styles_root, lists = root("styles"), root("numbering", "numbering")
    styles = Styles(() if styles_root is None else styles_root)
    numbering = Numbering() if lists is None else read_numbering(lists, styles.lists)
    settings = root("settings")
    kept = {kind: root(f"{kind}s") for kind in ("footnote", "endnote")}
    notes = Notes(kept, settings, () if body is None else body, found)
    file = File(package, styles, numbering, notes, found, depth, limits)
    comments = root("comments")
    if comments is not None:
        found.warnings["comment"] += len(children(comments, "w:comment"))

    size = Size(limits)
    main = _text(Story(file, part, Counters()), () if body is None else body, size)
    if not main and found.warnings["picture"]:
        found.missing["scan"] = found.warnings["picture"]
    around = _margins(file, part, () if body is None else body, settings, size)
    pieces = [around["header"], main, _noted(file, named, notes, size), around["footer"]]
    if numbering.unknown_formats:
        found.warnings["number format"] += 1
    return "\n\n".join(piece for piece in pieces if piece), found


def _noted(file: File, named: dict[str, str], notes: Notes, size: Size) -> str:
    """All notes under a heading of their own; nothing where there are none."""
    counters = {"footnote": Counters(), "endnote": Counters()}
    lines = []
    for kind, label, note in notes.marked():
        story = Story(file, named.get(f"{kind}s", ""), counters[kind])
        lines.append(f"[note {label}] {_text(story, note, size)}".strip())
    return "\n".join(["# Notes", "", *lines]) if lines else ""


def _text(story: Story, element: Any, size: Size) -> str:
    def blocks() -> Iterable[Block]:
        yield from story.blocks(element)
        yield from story.finish()

    return joined(blocks(), size)


def _margins(file: File, part: str, body: Any, settings: Any, size: Size) -> dict[str, str]:
    """Distinct headers and footers, each once, under a mark."""
    related = file.package.relations(part)
    even = None if settings is None else child(settings, "w:evenAndOddHeaders")
    texts: dict[str, dict[str, None]] = {"header": {}, "footer": {}}
    seen: set[str] = set()
    for section in descendants(body, "w:sectPr") if len(body) else ():
        first = child(section, "w:titlePg")
        shown = {
            "default": True,
            "first": first is not None and is_on(first),
            "even": even is not None and is_on(even),
        }
        for edge in section:
            kind = name_of(edge).removeprefix("w:").removesuffix("Reference")
            relation = related.get(reference(edge))
            if kind not in texts or not shown.get(value(edge, "type") or "default", True):
                continue
            if relation is None:
                file.found.missing[kind] += 1
            elif relation.target not in seen:
                seen.add(relation.target)
                try:
                    root = file.package.root(relation.target)
                except DAMAGE:
                    file.found.missing[kind] += 1
                    continue
                text = _text(Story(file, relation.target, file.margins, is_margin=True), root, size)
                texts[kind].update(dict.fromkeys([text] if text else []))
    return {kind: margins(kind, found) for kind, found in texts.items()}
