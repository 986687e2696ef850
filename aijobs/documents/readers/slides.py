"""Presentations (.pptx): slides in their order, with tables, charts and speakers' notes."""

import sys
from collections.abc import Iterator
from typing import Any

from . import pipes
from .blocks import Block, Found, Size, joined, margins
from .content import Content, Limits, Refusal
from .number_formats import shown
from .office import (
    DAMAGE,
    Package,
    Relation,
    child,
    children,
    chosen,
    descendants,
    name_of,
    reference,
    value,
    whole,
)
from .office_drawings import chart_text, diagram_text, drawn_text
from .told import missing_of, warnings_of

_CALLS = 6000
_FORMATS = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
_AROUND = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}"}


def read(data: bytes, limits: Limits) -> Content:
    """The text of the slides that are shown, each behind a mark with its number."""
    sys.setrecursionlimit(_CALLS)
    package = Package(data, limits)
    part = package.main("ppt/presentation.xml")
    related = package.relations(part)
    listed = child(package.root(part), "p:sldIdLst")
    slides = [] if listed is None else children(listed, "p:sldId")
    if len(slides) > limits.pages:
        raise Refusal(
            f"The presentation has {len(slides):,} slides; at most {limits.pages:,} are accepted."
        )
    reader = _Presentation(package, Size(limits))
    pieces = [
        reader.slide(number, related.get(reference(slide)))
        for number, slide in enumerate(slides, 1)
    ]
    if not reader.has_text:
        raise Refusal("The presentation has no text. Run text recognition (OCR) first.")
    pieces = [margins("header", reader.headers), *pieces, margins("footer", reader.footers)]
    return Content(
        "\n\n".join(piece for piece in pieces if piece),
        pages=len(slides),
        missing=[*reader.without_text, *missing_of(reader.found)],
        warnings=[*reader.hidden, *warnings_of(reader.found)],
    )


class _Presentation:
    """What was read so far."""

    def __init__(self, package: Package, size: Size) -> None:
        self.found = Found()
        self.headers: list[str] = []
        self.footers: list[str] = []
        self.hidden: list[str] = []
        self.without_text: list[str] = []
        self.has_text = False
        self._package = package
        self._size = size
        self._seen: set[str] = set()

    def slide(self, number: int, relation: Relation | None) -> str:
        """One slide; nothing where it is hidden."""
        mark = f"[slide {number}]"
        try:
            root = self._package.root("" if relation is None else relation.target)
        except DAMAGE:
            self.without_text.append(f"slide {number} is damaged")
            return mark
        assert relation is not None
        if value(root, "show") in {"0", "false"}:
            self.hidden.append(f"slide {number} is hidden and was left out")
            return ""
        related = self._package.relations(relation.target)
        if value(root, "showMasterSp") not in {"0", "false"}:
            self._behind(related)
        pictures = self.found.warnings["picture"]
        shapes = _Shapes(self._package, related, self.found, self.footers)
        text = joined(shapes.read(_tree(root)), self._size)
        if not text and self.found.warnings["picture"] > pictures:
            self.without_text.append(f"slide {number} has pictures and no text")
        self.has_text |= bool(text)
        notes = self._notes(related)
        self.has_text |= bool(notes)
        return "\n".join(piece for piece in (mark, text, notes) if piece)

    def _notes(self, related: dict[str, Relation]) -> str:
        texts = []
        for relation in related.values():
            if relation.kind == "comments":
                root = self._opened(relation.target)
                self.found.warnings["comment"] += 0 if root is None else len(root)
            elif relation.kind == "notesSlide":
                root = self._opened(relation.target)
                if root is None:
                    self.found.missing["note"] += 1
                    continue
                shapes = [
                    one
                    for one in descendants(root, "p:sp")
                    if _placeholder(one)[1] not in {"sldNum", "sldImg", "hdr", "ftr", "dt"}
                ]
                inner = self._package.relations(relation.target)
                reader = _Shapes(self._package, inner, self.found, self.footers)
                texts.append(joined(reader.read(shapes), self._size))
        noted = "\n".join(text for text in texts if text)
        return f"\n[speaker's notes]\n{noted}" if noted else ""

    def _behind(self, related: dict[str, Relation]) -> None:
        """Read what layouts and masters show on all slides, once."""
        for relation in related.values():
            if relation.kind not in {"slideLayout", "slideMaster"} or relation.target in self._seen:
                continue
            self._seen.add(relation.target)
            root = self._opened(relation.target)
            if root is None:
                continue
            inner = self._package.relations(relation.target)
            own = [one for one in _tree(root) if not _placeholder(one)[0]]
            shapes = _Shapes(self._package, inner, self.found, self.footers)
            self.headers.append(joined(shapes.read(own), self._size))
            if value(root, "showMasterSp") not in {"0", "false"}:
                self._behind(inner)

    def _opened(self, part: str) -> Any:
        try:
            return self._package.root(part)
        except DAMAGE:
            return None


class _Shapes:
    """Reads the shapes of one slide."""

    def __init__(
        self,
        package: Package,
        related: dict[str, Relation],
        found: Found,
        footers: list[str],
    ) -> None:
        self._package = package
        self._related = related
        self._found = found
        self._footers = footers

    def read(self, shapes: Any) -> Iterator[Block]:
        """The text of shapes, in the order in which they are stored."""
        for shape in shapes:
            name = name_of(shape)
            if _is_hidden(shape):
                self._found.warnings["hidden"] += bool(descendants(shape, "a:t"))
            elif name == "p:sp":
                yield from self._shape(shape)
            elif name == "p:grpSp":
                yield from self.read(shape)
            elif name == "mc:AlternateContent":
                yield from self.read(chosen(shape))
            elif name == "p:graphicFrame":
                yield from self._frame(shape)
            elif name == "p:pic":
                self._picture(shape)
            elif name == "p:contentPart":
                self._found.missing["object object"] += 1

    def _picture(self, shape: Any) -> None:
        if descendants(shape, "a:videoFile", "a:audioFile", "a:wavAudioFile"):
            self._found.missing["media"] += 1
            return
        self._found.warnings["picture"] += 1
        frame = child(shape, "p:nvPicPr", "p:cNvPr")
        self._found.warnings["alternative"] += bool(frame is not None and value(frame, "descr"))

    def _shape(self, shape: Any) -> Iterator[Block]:
        body = child(shape, "p:txBody")
        kind = _placeholder(shape)[1]
        if body is None or kind == "sldNum":
            return
        if kind in {"ftr", "dt", "hdr"}:
            lines = (drawn_text(one, self._found.warnings) for one in children(body, "a:p"))
            self._footers.append("\n".join(line for line in lines if line))
        elif kind in {"title", "ctrTitle"}:
            lines = (drawn_text(one, self._found.warnings) for one in children(body, "a:p"))
            text = " ".join(line for line in lines if line.strip())
            yield Block(text, 1 if text.strip() else None)
        else:
            for line in self._paragraphs(body):
                if line:
                    yield Block(line)

    def _paragraphs(self, body: Any) -> Iterator[str]:
        counts: dict[int, tuple[str, int]] = {}
        for paragraph in children(body, "a:p"):
            text = drawn_text(paragraph, self._found.warnings).strip()
            properties = child(paragraph, "a:pPr")
            level = 0 if properties is None else whole(properties, "lvl")
            counts = {depth: count for depth, count in counts.items() if depth <= level}
            numbered = None if properties is None else child(properties, "a:buAutoNum")
            if not text:
                continue
            if numbered is not None:
                form = value(numbered, "type") or "arabicPeriod"
                before, count = counts.get(level, ("", 0))
                count = count + 1 if before == form else whole(numbered, "startAt", 1)
                counts[level] = (form, count)
                text = f"{_label(form, count)} {text}"
            else:
                counts.pop(level, None)
                if properties is not None and child(properties, "a:buChar") is not None:
                    text = f"- {text}"
            yield text

    def _frame(self, frame: Any) -> Iterator[Block]:
        for one in frame.iter():
            name = name_of(one)
            if name == "a:tbl":
                yield Block(pipes.table(self._rows(one)), is_table=True)
            elif name == "c:chart":
                yield self._part(reference(one), "chart")
            elif name == "dgm:relIds":
                yield self._part(reference(one, "dm"), "diagram")
            elif name == "cx:chart":
                self._found.missing["chart"] += 1
        if descendants(frame, "p:oleObj"):
            self._found.missing["object object"] += 1

    def _part(self, reference_: str, kind: str) -> Block:
        relation = self._related.get(reference_)
        read_ = chart_text if kind == "chart" else diagram_text
        text = "" if relation is None else read_(self._package, relation.target)
        if not text:
            self._found.missing[kind] += 1
        return Block(text or "", is_table=kind == "chart")

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in children(table, "a:tr"):
            cells = []
            for one in children(row, "a:tc"):
                body = child(one, "a:txBody")
                # A cell that another one is spread over is stored, and not shown.
                covered = {value(one, "hMerge"), value(one, "vMerge")} & {"1", "true"}
                text = "" if covered or body is None else "\n".join(self._paragraphs(body))
                cells.append(text)
            yield cells


def _label(form: str, count: int) -> str:
    for start, numbers in _FORMATS.items():
        if form.startswith(start):
            return _AROUND.get(form[len(start) :], "{}.").format(shown(count, numbers))
    return f"{count}."


def _tree(root: Any) -> Any:
    tree = child(root, "p:cSld", "p:spTree")
    return () if tree is None else tree


def _placeholder(shape: Any) -> tuple[bool, str]:
    """Whether a shape is a placeholder, and of what kind."""
    for one in shape:
        place = child(one, "p:nvPr", "p:ph")
        if place is not None:
            return True, value(place, "type") or "obj"
    return False, ""


def _is_hidden(shape: Any) -> bool:
    return any(
        name_of(inner) == "p:cNvPr" and value(inner, "hidden") in {"1", "true"}
        for one in shape
        if name_of(one).endswith("Pr")
        for inner in one
    )
