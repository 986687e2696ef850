"""Stories of a Word document: the paragraphs, tables and lists of its body, a header or a note."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import pipes
from .blocks import Block, Found, is_page_number
from .office import (
    Package,
    Relation,
    child,
    children,
    chosen,
    descendants,
    is_on,
    name_of,
    reference,
    value,
    whole,
)
from .office_drawings import chart_text, diagram_text, drawn_text
from .word_fields import EMPTY, TICKED
from .word_imports import imported
from .word_math import linear
from .word_numbering import Counters, Numbering
from .word_runs import Line, Runs
from .word_styles import Styles, list_of
from .word_tables import look_of

_DELETED = {"w:del", "w:moveFrom"}
# Word's tables have at most 63 columns; a span beyond that is a mistake.
_WIDEST = 63
_FRAMES = {"wp:inline", "wp:anchor"}
_PARTS = {"c:chart": ("id", "chart"), "dgm:relIds": ("dm", "diagram")}
_UNREAD = {"cx:chart": "chart", "w:control": "control"}
_OBJECTS = {"excel": "spreadsheet", "word": "document", "powerpoint": "presentation"}


@dataclass(slots=True)
class File:
    """What all stories of one document share."""

    package: Package
    styles: Styles
    numbering: Numbering
    notes: Any
    found: Found = field(default_factory=Found)
    depth: int = 0
    """How many documents this one is imported into."""
    limits: Any = None
    boxes: Counters = field(default_factory=Counters)
    """Lists count on from one text box to the next, and from headers to footers."""
    margins: Counters = field(default_factory=Counters)


class Story:
    """Reads one story; the marks of fields pair within it."""

    def __init__(
        self, file: File, part: str, counters: Counters, *, is_margin: bool = False
    ) -> None:
        self._file = file
        self._part = part
        self._counters = counters
        self._is_margin = is_margin
        self._related: dict[str, Relation] = file.package.relations(part)
        self._runs = Runs(file.styles, file.found, file.notes, is_margin=is_margin)
        self._carried = ""

    def blocks(self, element: Any) -> Iterator[Block]:
        """What stands below an element, in order, through whatever is wrapped around it."""
        for one in element:
            name = name_of(one)
            if name == "w:p":
                yield from self._paragraph(one)
            elif name == "w:tbl":
                yield from self._table(one)
            elif name == "w:sdt":
                yield from self._control(one)
            elif name == "mc:AlternateContent":
                yield from self.blocks(chosen(one))
            elif name in _DELETED:
                self._file.found.warnings["deleted"] += 1
            elif name in {"m:oMathPara", "m:oMath"}:
                yield Block(linear(one))
            elif name == "w:altChunk":
                yield from self._chunk(one)
            elif name == "w:r":
                # Some writers leave the paragraph around it out.
                yield from self._loose(one)
            elif _may_hold_text(name):
                yield from self.blocks(one)

    def finish(self) -> Iterator[Block]:
        """What is left at the end of the story."""
        if self._carried:
            yield Block(self._carried)
        self._runs.close()

    def _control(self, control: Any) -> Iterator[Block]:
        state = child(control, "w:sdtPr", "w14:checkbox", "w14:checked")
        content = child(control, "w:sdtContent")
        if content is not None:
            if state is not None and not descendants(content, "w:tbl"):
                yield Block(TICKED if value(state) in {"1", "true", "on"} else EMPTY)
            else:
                yield from self.blocks(content)

    def _loose(self, run: Any) -> Iterator[Block]:
        line = Line()
        self._runs.read((run,), self._file.styles.usual, line)
        yield Block(line.text().strip())
        yield from self._beside(line.floating)

    def _paragraph(self, paragraph: Any) -> Iterator[Block]:
        properties = child(paragraph, "w:pPr")
        named = None if properties is None else child(properties, "w:pStyle")
        style = self._file.styles.usual if named is None else value(named) or ""
        line = Line()
        self._runs.read(paragraph, style, line)
        text = line.text().strip("\n")
        mark = None if properties is None else child(properties, "w:rPr")
        beside = list(self._beside(line.floating))
        if properties is not None and child(properties, "w:sectPr") is not None:
            self._file.notes.end_section()
        if _goes_on(properties, mark):
            self._carried += text
            yield from beside
            return
        text, self._carried = (self._carried + text).strip(), ""
        if line.has_page_number and is_page_number(text):
            text = ""
        hidden = mark is not None and child(mark, "w:vanish") is not None and not text
        label = None if hidden else self._label(properties, style)
        if label and (text or label != "-"):
            text = f"{label} {text}".rstrip()
        yield Block(text, self._heading(properties, style) if text else None)
        yield from beside

    def _heading(self, properties: Any, style: str) -> int | None:
        outline = None if properties is None else child(properties, "w:outlineLvl")
        if outline is not None:
            level = whole(outline, default=9)
            return level + 1 if 0 <= level < 9 else None
        return self._file.styles.heading(style)

    def _label(self, properties: Any, style: str) -> str | None:
        list_id, level = list_of(properties)
        by_style, level_of_style, styles = self._file.styles.numbering(style)
        numbering = self._file.numbering
        if list_id is None:
            list_id = by_style
        if list_id is None or list_id == "0":
            return None
        if level is None and list_id == by_style:
            # A list says for itself which styles stand on which of its levels.
            levels = (numbering.level_of_style(list_id, one) for one in styles)
            level = next((one for one in levels if one is not None), level_of_style)
        return numbering.label(list_id, level or 0, self._counters)

    def _table(self, table: Any) -> Iterator[Block]:
        cells = [
            (row, cell)
            for row in self._through(table, "w:tr")
            for cell in self._through(row, "w:tc")
        ]
        if len(cells) != 1 or self._left_out(child(cells[0][0], "w:trPr")):
            yield Block(pipes.table(self._rows(table)), is_table=True)
            return
        # A table of one cell is a frame: what stands in it has headings and tables of its own.
        yield Block("")
        yield from self.blocks(cells[0][1])
        yield Block("")

    def _left_out(self, properties: Any) -> str:
        """Why a row is not shown, from its properties; nothing where it is."""
        for name, why in (("w:del", "deleted"), ("w:hidden", "hidden")):
            found = None if properties is None else child(properties, name)
            if found is not None and (why == "deleted" or is_on(found)):
                return why
        return ""

    def _rows(self, table: Any) -> list[list[str]]:
        rows = []
        look = look_of(table, self._file.styles)
        found = list(self._through(table, "w:tr"))
        outer = self._runs.around
        for number, row in enumerate(found):
            properties = child(row, "w:trPr")
            why = self._left_out(properties)
            if why:
                self._file.found.warnings[why] += 1
                continue
            cells = [""] * _span(properties, "w:gridBefore", 0)
            for one in self._through(row, "w:tc"):
                self._runs.around = outer | look.at(number, len(found), len(cells))
                cells += self._cell(one)
            rows.append(cells + [""] * _span(properties, "w:gridAfter", 0))
        self._runs.around = outer
        return rows

    def _cell(self, one: Any) -> list[str]:
        properties = child(one, "w:tcPr")
        width = max(_span(properties, "w:gridSpan", 1), 1)
        for merge in ("w:vMerge", "w:hMerge"):
            found = None if properties is None else child(properties, merge)
            if found is not None and value(found) != "restart":
                # What stands in a cell that was merged away is not shown.
                texts = descendants(one, "w:t")
                self._file.found.warnings["hidden"] += any(text.text for text in texts)
                return [""] * width
        if properties is not None and child(properties, "w:cellDel") is not None:
            self._file.found.warnings["deleted"] += 1
            return [""] * width
        return [self._within_cell(one), *[""] * (width - 1)]

    def _within_cell(self, one: Any) -> str:
        lines = []
        for inner in self._through(one, "w:p", "w:tbl", "w:altChunk", "m:oMathPara"):
            if name_of(inner) == "w:tbl":
                lines.append(pipes.nested(self._rows(inner)))
            else:
                lines += [block.text for block in self.blocks((inner,))]
        return "\n".join(lines)

    def _through(self, element: Any, *names: str) -> Iterator[Any]:
        """The children of these names, through whatever is wrapped around them."""
        for one in element:
            name = name_of(one)
            if name in names or (
                "w:p" in names
                and name == "w:sdt"
                and child(one, "w:sdtPr", "w14:checkbox") is not None
            ):
                yield one
            elif name == "mc:AlternateContent":
                yield from self._through(chosen(one), *names)
            elif name in _DELETED:
                self._file.found.warnings["deleted"] += 1
            elif _may_hold_text(name):
                yield from self._through(one, *names)

    def _beside(self, drawings: list[Any]) -> Iterator[Block]:
        """The text of boxes, charts and diagrams; pictures and embedded objects are counted."""
        for drawing in drawings:
            yield from self._drawing(drawing)

    def _drawing(self, element: Any) -> Iterator[Block]:
        found = self._file.found
        for one in element:
            name = name_of(one)
            if name == "w:txbxContent":
                box = Story(self._file, self._part, self._file.boxes, is_margin=self._is_margin)
                yield from box.blocks(one)
                yield from box.finish()
            elif name == "mc:AlternateContent":
                yield from self._drawing(chosen(one))
            elif name == "a:p":
                yield Block(drawn_text(one, found.warnings))
            elif name == "v:textpath":
                yield Block(value(one, "string") or "")
            elif name in _PARTS:
                yield self._from_part(one, *_PARTS[name])
            elif name in _UNREAD:
                found.missing[_UNREAD[name]] += 1
            elif name == "o:OLEObject":
                found.missing[f"object {_kind_of_object(value(one, 'ProgID') or '')}"] += 1
            elif name in {"pic:pic", "v:imagedata"}:
                if name_of(element) != "v:shape" or _object_of(element) is None:
                    self._picture(one, element)
            else:
                yield from self._drawing(one)

    def _picture(self, picture: Any, around: Any) -> None:
        warnings = self._file.found.warnings
        warnings["picture"] += 1
        # A description stands beside the picture, or at the frame that holds it.
        frame = next((one for one in around.iterancestors() if name_of(one) in _FRAMES), around)
        beside = (around, *descendants(picture, "pic:cNvPr"), *children(frame, "wp:docPr"))
        warnings["alternative"] += any(value(one, "descr") or value(one, "alt") for one in beside)

    def _from_part(self, element: Any, attribute: str, kind: str) -> Block:
        relation = self._related.get(reference(element, attribute) or "")
        read = chart_text if kind == "chart" else diagram_text
        text = "" if relation is None else read(self._file.package, relation.target)
        if not text:
            self._file.found.missing[kind] += 1
        return Block(text or "", is_table=kind == "chart")

    def _chunk(self, chunk: Any) -> Iterator[Block]:
        relation = self._related.get(reference(chunk) or "")
        text = None if relation is None else imported(self._file, relation.target)
        if text is None:
            self._file.found.missing["chunk"] += 1
        else:
            yield Block(text)


def _may_hold_text(name: str) -> bool:
    """Whether an element may wrap paragraphs or cells; ours need not know its kind."""
    return name.startswith(("w:", "?:")) and not name.endswith(("Pr", "PrEx", "Grid"))


def _goes_on(properties: Any, mark: Any) -> bool:
    """Whether a paragraph runs into the next: its end was deleted, or its letter is a drop cap."""
    if mark is not None and any(child(mark, name) is not None for name in _DELETED):
        return True
    frame = None if properties is None else child(properties, "w:framePr")
    return frame is not None and value(frame, "dropCap") in {"drop", "margin"}


def _object_of(shape: Any) -> Any:
    """The embedded object that a picture is the preview of, or None."""
    around = shape.getparent()
    return None if around is None else child(around, "o:OLEObject")


def _kind_of_object(program: str) -> str:
    first = program.partition(".")[0].lower()
    return _OBJECTS.get(first, "equation" if first == "equation" else "object")


def _span(properties: Any, name: str, usual: int) -> int:
    found = None if properties is None else child(properties, name)
    return usual if found is None else min(max(whole(found, default=usual), 0), _WIDEST)
