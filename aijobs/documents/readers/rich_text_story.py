"""The paragraphs and rows of one story of RTF."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import Block, is_page_number
from .rich_text_tables import Row, table
from .rich_text_words import State

# Writers without lists set the bullet as text.
_BULLET = re.compile("^[•▪■◦‣·●○–]\\s*\t\\s*|^[•▪■◦‣●○] +")


@dataclass(slots=True)
class Story:
    """The paragraphs and rows of the body, a header or a note."""

    items: list[Block | Row] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    row: Row = field(default_factory=Row)
    cell: list[str] = field(default_factory=list)
    boxes: list["Story"] = field(default_factory=list)
    has_page_number: bool = False
    is_labelled: bool = False
    """Whether the number of the paragraph stands in its text."""

    def line(self) -> str:
        """What was collected of the line."""
        text = "".join(self.parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.parts = []
        return text.strip(" \n")

    def labelled(self, label: str) -> str:
        """The line behind its number or bullet."""
        text = _BULLET.sub("- ", self.line())
        if label and not self.is_labelled and (text or label != "-"):
            text = f"{label} {text}".rstrip()
        self.is_labelled = False
        return text

    def end_paragraph(self, state: State, label: str) -> None:
        """The paragraph ends; `label` is the number that its list gives it."""
        text = self.labelled(label)
        if self.has_page_number and is_page_number(text):
            text = ""
        self.has_page_number = False
        if state.in_table:
            self.cell.append(text)
        else:
            level = state.outline + 1 if state.outline is not None and text else None
            self.items.append(Block(text, level))
        self.put_boxes()

    def put_boxes(self) -> None:
        """Put the text of boxes behind the paragraph that they hang on."""
        for box in self.boxes:
            blocks = list(box.blocks())
            if self.cell:
                self.cell += [block.text for block in blocks]
            else:
                self.items += blocks
        self.boxes = []

    def end_cell(self, label: str) -> None:
        """The cell ends, and the last of its paragraphs."""
        self.cell.append(self.labelled(label))
        self.put_boxes()
        self.row.cells.append("\n".join(self.cell))
        self.cell = []

    def end_row(self) -> None:
        """The row ends."""
        self.items.append(Row(self.row.left, list(self.row.edges), self.row.cells))
        self.row.cells = []

    def blocks(self) -> Iterator[Block]:
        """Everything in order, rows that follow one another as tables."""
        if self.parts or self.cell:
            self.items.append(Block("\n".join([*self.cell, self.line()]).strip()))
            self.cell = []
        rows: list[Row] = []
        for item in [*self.items, Block("")]:
            if isinstance(item, Row):
                rows.append(item)
                continue
            if rows:
                yield Block(table(rows), is_table=True)
                rows = []
            yield item
