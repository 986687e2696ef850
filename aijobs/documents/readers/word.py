"""Word documents (.docx, .docm, .dotx and Strict Open XML)."""

import sys
from collections.abc import Iterable
from typing import Any

from .blocks import Block, Found, Size, joined, margins
from .content import Content, Limits, Refusal
from .number_formats import shown
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
    whole,
)
from .told import missing_of, warnings_of
from .word_numbering import Counters, Numbering, read_numbering
from .word_story import File, Story
from .word_styles import Styles

# A parser that allows 256 levels, and a few calls for each.
_CALLS = 6000
_SEPARATORS = {"separator", "continuationSeparator", "continuationNotice"}


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
    notes = _Notes({kind: root(f"{kind}s") for kind in ("footnote", "endnote")}, found)
    settings = root("settings")
    sections = [] if body is None else descendants(body, "w:sectPr")
    for said in (settings, *sections):
        notes.number_as(said)
    file = File(package, styles, numbering, notes, found, depth, limits)
    comments = root("comments")
    if comments is not None:
        found.warnings["comment"] += len(children(comments, "w:comment"))

    size = Size(limits)
    main = _text(Story(file, part, Counters()), () if body is None else body, size)
    if not main and found.warnings["picture"]:
        found.missing["scan"] = found.warnings["picture"]
    around = _margins(file, part, () if body is None else body, settings, size)
    pieces = [around["header"], main, notes.text(file, named, size), around["footer"]]
    if numbering.unknown_formats:
        found.warnings["number format"] += 1
    return "\n\n".join(piece for piece in pieces if piece), found


class _Notes:
    """Footnotes and endnotes, in the order of their marks in the text."""

    def __init__(self, roots: dict[str, Any], found: Found) -> None:
        self._notes = {
            (kind, value(note, "id") or ""): note
            for kind, root in roots.items()
            if root is not None
            for note in children(root, f"w:{kind}")
            if value(note, "type") not in _SEPARATORS
        }
        self._found = found
        self._counts = {"footnote": 0, "endnote": 0}
        self._formats = {"footnote": "decimal", "endnote": "lowerRoman"}
        self._marked: list[tuple[str, str, str]] = []

    def number_as(self, said: Any) -> None:
        """Take over from the settings or a section how notes are numbered."""
        for kind in () if said is None else self._formats:
            form = child(said, f"w:{kind}Pr", "w:numFmt")
            start = child(said, f"w:{kind}Pr", "w:numStart")
            if form is not None:
                self._formats[kind] = value(form) or "decimal"
            if start is not None:
                self._counts[kind] = max(whole(start, default=1), 1) - 1

    def mark(self, kind: str, note: str, custom: str) -> str:
        """The mark in the text; a note that its writer marked himself is not counted."""
        label = custom
        if not label:
            self._counts[kind] += 1
            label = shown(self._counts[kind], self._formats[kind])
        if (kind, note) in self._notes:
            self._marked.append((kind, note, label))
        else:
            self._found.missing["note"] += 1
        return f"[note {label}]"

    def text(self, file: File, named: dict[str, str], size: Size) -> str:
        """All notes under a heading of their own; nothing where there are none."""
        lines = []
        done = set()
        counters = {"footnote": Counters(), "endnote": Counters()}
        # A note may itself have notes, by mistake even itself.
        for kind, note, label in self._marked:
            if (kind, note) in done:
                continue
            done.add((kind, note))
            story = Story(file, named.get(f"{kind}s", ""), counters[kind])
            lines.append(f"[note {label}] {_text(story, self._notes[kind, note], size)}".strip())
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
