"""Workbooks of Open XML (.xlsx, .xlsm), row by row, as a spreadsheet shows them."""

import math
import posixpath
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, Any

from lxml import etree

from .content import Refusal
from .number_format import BUILT_IN, general, shown_number, shown_text
from .sheets import NO_VALUE, Record, SheetInfo, Told

_RELATION = re.compile(r"\{http[^}]*/relationships\}id$")
# How Excel writes characters that XML cannot hold.
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_TRUE = {"1", "true"}


class Xlsx:
    """An open workbook."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {name.lower(): name for name in archive.namelist()}
        self._book = self._workbook_part()
        self._relations = self._relations_of(self._book)
        book = self._tree(self._book)
        if _local(book) != "workbook":
            raise Refusal("The file is not a workbook.")
        self._since_1904 = any(node.get("date1904") in _TRUE for node in _found(book, "workbookPr"))
        # Who wrote the file computed no formula: a zero stands for "not yet".
        self._uncomputed = any(
            node.get("fullCalcOnLoad") in _TRUE for node in _found(book, "calcPr")
        )
        self.sheets: list[SheetInfo] = []
        self._parts: list[str] = []
        for node in _found(book, "sheet"):
            kind, part = self._relations.get(_relation(node), ("", ""))
            if kind == "worksheet" and part:
                state = node.get("state", "visible")
                self.sheets.append(SheetInfo(node.get("name", ""), state != "visible"))
                self._parts.append(part)
        self._formats = self._read_formats()
        self._strings: list[str] | None = None

    def records(self, index: int, told: Told) -> Iterator[Record]:
        """The rows of a sheet that are shown, each with its number, cells and unreadable cells."""
        if self._strings is None:
            self._strings = list(self._read_strings())
        hidden_columns: set[int] = set()
        number = 0
        with self._open(self._parts[index]) as stream:
            for node in _events(stream, "row", "col", "mergeCell"):
                name = _local(node)
                if name == "col" and node.get("hidden") in _TRUE:
                    first, last = int(node.get("min", 1)), int(node.get("max", 1))
                    hidden_columns.update(range(first - 1, min(last, 16_384)))
                elif name == "mergeCell":
                    told.merged(node.get("ref", ""))
                elif name == "row":
                    number = int(node.get("r") or number + 1)
                    cells, errors = self._row(node, hidden_columns, told)
                    if node.get("hidden") not in _TRUE:
                        yield number, cells, errors
                    elif errors or any(cells):
                        told.hidden_rows += 1
                node.clear()
                while (before := node.getprevious()) is not None:
                    before.getparent().remove(before)

    def _row(self, row: Any, hidden: set[int], told: Told) -> tuple[list[str], dict[int, str]]:
        cells: list[str] = []
        errors: dict[int, str] = {}
        column = -1
        for node in row:
            if not isinstance(node.tag, str):
                continue
            column = _column(node.get("r"), column)
            text, error = self._cell(node)
            if not text and not error:
                continue
            if column in hidden:
                told.hidden_columns.add(column)
                continue
            if column >= len(cells):
                cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = text
            if error:
                errors[column] = error
        return cells, errors

    def _cell(self, node: Any) -> tuple[str, str]:
        """What a cell shows, and why it cannot be read."""
        kind = node.get("t", "n")
        value: str | None = None
        has_formula = has_value = False
        for child in node:
            name = _local(child)
            if name == "v":
                value, has_value = child.text or "", True
            elif name == "is":
                value, has_value = _rich_text(child), True
            elif name == "f":
                has_formula = True
        if has_formula and (
            not has_value
            or (not value and kind != "str")
            or (self._uncomputed and value == "0" and kind == "n")
        ):
            return "", NO_VALUE
        if not has_value or value is None:
            return "", ""
        if kind == "e":
            return "", value or "#ERROR"
        if kind in {"s", "str", "inlineStr"}:
            return shown_text(self._text(kind, value), self._format(node)), ""
        return self._plain(kind, value, self._format(node))

    def _text(self, kind: str, value: str) -> str:
        if kind == "s":
            assert self._strings is not None
            return self._strings[int(value)]
        return _unescaped(value) if kind == "str" else value

    def _plain(self, kind: str, value: str, code: str) -> tuple[str, str]:
        if kind == "b":
            return "TRUE" if value in _TRUE else "FALSE", ""
        if kind == "d" or not value:
            return value, ""
        number = float(value)
        if not math.isfinite(number):
            return "", "a number that cannot be read"
        if code == "General":
            return general(number), ""
        return shown_number(number, code, since_1904=self._since_1904), ""

    def _format(self, node: Any) -> str:
        style = int(node.get("s", 0))
        return self._formats[style] if style < len(self._formats) else "General"

    def _read_formats(self) -> list[str]:
        """The number format of each style."""
        part = self._part("styles")
        if not part:
            return []
        tree = self._tree(part)
        own = {
            int(node.get("numFmtId", -1)): node.get("formatCode", "")
            for node in _found(tree, "numFmt")
        }
        formats = []
        for styles in _found(tree, "cellXfs"):
            for style in _found(styles, "xf"):
                number = int(style.get("numFmtId", 0))
                formats.append(own.get(number) or BUILT_IN.get(number, "General"))
        return formats

    def _read_strings(self) -> Iterator[str]:
        if part := self._part("sharedStrings"):
            with self._open(part) as stream:
                for node in _events(stream, "si"):
                    yield _rich_text(node)
                    node.clear()
                    while node.getprevious() is not None:
                        del node.getparent()[0]

    def _part(self, kind: str) -> str:
        return next((part for found, part in self._relations.values() if found == kind), "")

    def _workbook_part(self) -> str:
        for kind, part in self._relations_of("").values():
            if kind == "officeDocument":
                return part
        raise Refusal("The file is not a workbook.")

    def _relations_of(self, part: str) -> dict[str, tuple[str, str]]:
        """Kind and part of each relation, by its id."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if relations.lower() not in self._members:
            return {}
        found = {}
        for node in _found(self._tree(relations), "Relationship"):
            target = node.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            full = posixpath.normpath(full)
            if node.get("TargetMode") != "External" and full.lower() in self._members:
                kind = node.get("Type", "").rpartition("/")[2]
                found[node.get("Id", "")] = kind, full
        return found

    def _open(self, part: str) -> IO[bytes]:
        return self._archive.open(self._members[part.lower()])

    def _tree(self, part: str) -> Any:
        with self._open(part) as stream:
            tree = etree.parse(stream, _parser()).getroot()
        _refuse_entities(tree)
        return tree


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _events(stream: IO[bytes], *names: str) -> Iterator[Any]:
    """The elements of these names, each when it is whole. A document type is refused."""
    tags = [f"{{*}}{name}" for name in names]
    events = etree.iterparse(
        stream, tag=tags, resolve_entities=False, no_network=True, load_dtd=False
    )
    first = True
    for _, node in events:
        if first:
            _refuse_entities(node)
            first = False
        yield node


def _refuse_entities(node: Any) -> None:
    if node.getroottree().docinfo.doctype:
        raise Refusal("The workbook defines entities of its own, which are not read.")


def _found(tree: Any, name: str) -> Iterator[Any]:
    yield from tree.iter(f"{{*}}{name}")


def _local(node: Any) -> str:
    return _name(node.tag)


@lru_cache(maxsize=1024)
def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _relation(node: Any) -> str:
    return next((value for name, value in node.attrib.items() if _RELATION.match(name)), "")


def _column(reference: str | None, before: int) -> int:
    """The index of a cell's column; without a reference it is the one behind the last."""
    letters = (reference or "").rstrip("0123456789")
    return _index(letters) if letters else before + 1


@lru_cache(maxsize=20_000)
def _index(letters: str) -> int:
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    if column > 16_384:
        raise Refusal("The workbook has a cell beyond the last column of a sheet.")
    return column - 1


def _rich_text(node: Any) -> str:
    """The text of a string, without its phonetic readings; a superscript stays apart."""
    shown = ""
    for child in node:
        name = _local(child)
        if name == "t":
            shown += child.text or ""
        elif name == "r":
            text = "".join(part.text or "" for part in child if _local(part) == "t")
            raised = any(mark.get("val") == "superscript" for mark in _found(child, "vertAlign"))
            shown += f"^{text}" if raised and shown and text.strip() else text
    return _unescaped(shown)


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
