"""Spreadsheets of OpenDocument (.ods), which keep beside each value the text that is shown."""

import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from .content import Refusal
from .number_format import general
from .sheets import NO_VALUE, Record, SheetInfo, Told

# LibreOffice fills sheets up with one row or cell that is repeated to their end.
_MOST_COLUMNS = 16_384
_ERROR = re.compile(r"#[A-Z/0]+[!?]?$|Err:\d+$|#N/A$")
_HIDDEN = {"collapse", "filter"}
_TOO_DEEP = 100


class Ods:
    """An open spreadsheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        manifest = archive.read("META-INF/manifest.xml") if _is_in(archive) else b""
        if b"encryption-data" in manifest:
            raise Refusal("The workbook is protected by a password. Upload it without one.")
        hidden: set[str] = set()
        self.sheets: list[SheetInfo] = []
        for event, node in self._events("style", "table"):
            if event == "end" and _local(node) == "style":
                if any(child.get(_name(child, "display")) == "false" for child in node):
                    hidden.add(_get(node, "name"))
            elif event == "start" and _local(node) == "table" and _is_sheet(node):
                is_hidden = _get(node, "style-name") in hidden
                self.sheets.append(SheetInfo(_get(node, "name"), is_hidden))

    def records(self, index: int, told: Told) -> Iterator[Record]:
        """The rows of a sheet that are shown, each with its number, cells and unreadable cells."""
        number = 1
        position = -1
        hidden: list[tuple[int, int]] = []
        column = 0
        for event, node in self._events("table", "table-row", "table-column"):
            name = _local(node)
            if name == "table" and _is_sheet(node):
                position += event == "start"
                if event == "end" and position == index:
                    return
            elif event == "end" and position == index and name == "table-column":
                count = _count(node, "number-columns-repeated")
                if _get(node, "visibility") in _HIDDEN:
                    hidden.append((column, column + count))
                column += count
            elif event == "end" and position == index and name == "table-row":
                cells, errors = _row(node, hidden, told)
                count = _count(node, "number-rows-repeated")
                is_hidden = _get(node, "visibility") in _HIDDEN
                if errors or any(cells):
                    told.hidden_rows += count * is_hidden
                    for repeated in range(0 if is_hidden else count):
                        yield number + repeated, cells, errors
                number += count
                node.clear()

    def _events(self, *names: str) -> Iterator[tuple[str, Any]]:
        tags = [f"{{*}}{name}" for name in names]
        with self._archive.open("content.xml") as stream:
            first = True
            for event, node in etree.iterparse(
                stream,
                ("start", "end"),
                tag=tags,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
            ):
                if first and node.getroottree().docinfo.doctype:
                    raise Refusal("The workbook defines entities of its own, which are not read.")
                first = False
                yield event, node
                if event == "end" and _local(node) == "table-row":
                    node.clear()
                    while node.getprevious() is not None:
                        node.getparent().remove(node.getprevious())


def _row(row: Any, hidden: list[tuple[int, int]], told: Told) -> tuple[list[str], dict[int, str]]:
    cells: list[str] = []
    errors: dict[int, str] = {}
    column = 0
    for node in row:
        name = _local(node)
        if name not in {"table-cell", "covered-table-cell"}:
            continue
        count = _count(node, "number-columns-repeated")
        # What a merged cell covers is not shown.
        text, error = _cell(node) if name == "table-cell" else ("", "")
        if text or error:
            if column + count > _MOST_COLUMNS:
                raise Refusal("The workbook has a cell beyond the last column of a sheet.")
            cells.extend([""] * (column - len(cells)))
            for at in range(column, column + count):
                if any(first <= at < last for first, last in hidden):
                    told.hidden_columns.add(at)
                    cells.append("")
                    continue
                cells.append(text)
                if error:
                    errors[at] = error
        column += count
    return cells, errors


def _cell(node: Any) -> tuple[str, str]:
    lines = [_text(child, 0) for child in node if _local(child) == "p"]
    shown = "\n".join(lines)
    kind = _get(node, "value-type")
    is_formula = bool(_get(node, "formula"))
    if _get(node, "value-type", "calcext") == "error" or (is_formula and _ERROR.match(shown)):
        return "", shown or "#ERROR"
    if is_formula and not kind and not shown:
        return "", NO_VALUE
    if not shown and kind:
        return _value(node, kind), ""
    return shown, ""


def _value(node: Any, kind: str) -> str:
    """What a cell holds when its writer left out what it shows."""
    if kind in {"float", "percentage", "currency"}:
        value = _get(node, "value")
        return general(float(value)) if value else ""
    if kind == "boolean":
        return _get(node, "boolean-value").upper()
    return _get(node, f"{kind}-value")


def _text(node: Any, depth: int) -> str:
    """A paragraph's text; comments, which are paragraphs too, stand outside of it."""
    if depth > _TOO_DEEP:
        raise Refusal("The workbook is nested too deeply.")
    shown = node.text or ""
    for child in node:
        name = _local(child)
        if name == "s":
            shown += " " * min(_count(child, "c"), 10_000)
        elif name == "tab":
            shown += "\t"
        elif name == "line-break":
            shown += "\n"
        elif name not in {"annotation", "ruby-text", "note"}:
            shown += _text(child, depth + 1)
        shown += child.tail or ""
    return shown


def _is_sheet(node: Any) -> bool:
    """Tables also stand in charts and change lists."""
    return _local(node.getparent()) == "spreadsheet"


def _is_in(archive: zipfile.ZipFile) -> bool:
    return "META-INF/manifest.xml" in archive.namelist()


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _name(node: Any, name: str) -> str:
    return next((key for key in node.attrib if key.rpartition("}")[2] == name), name)


def _get(node: Any, name: str, space: str = "") -> str:
    for key, value in node.attrib.items():
        if key.rpartition("}")[2] == name and (("calcext" in key) == bool(space)):
            return str(value)
    return ""


def _count(node: Any, name: str) -> int:
    count = _get(node, name)
    return max(1, int(count)) if count.isdigit() else 1
