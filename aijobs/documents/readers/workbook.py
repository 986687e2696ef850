"""Workbooks: the sheet that is wanted, row by row.

What is written is one JSON list a line, [row number, [cell, …], {column: why it cannot be read}],
then one object about the whole, then in 20 digits where that object starts.
"""

import json
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import islice
from typing import IO, Any, TextIO

from .columns import guess_columns
from .content import Limits, Refusal, check_unpacked
from .ods import Ods
from .sheets import Book, Told, counted
from .xls import Xls
from .xlsx import Xlsx

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LISTED = 20


def write(file: IO[bytes], limits: Limits, wanted: Mapping[str, Any], output: TextIO) -> None:
    """Write the rows of a sheet.

    `wanted` may hold `sheet`, the name of the one to read, `fields`, names of columns that it
    should have, and `rows`, after how many it is enough.
    """
    book = _opened(file, limits)
    index = _chosen(book, wanted.get("sheet"), wanted.get("fields") or ())
    told = Told()
    size = rows = 0
    for number, cells, errors in book.records(index, told):
        if not any(cell and not cell.isspace() for cell in cells) and not errors:
            continue
        line = json.dumps([number, cells, errors], separators=(",", ":")) + "\n"
        output.write(line)
        size += len(line)
        rows += 1
        if rows > wanted.get("rows", rows):
            break
    about = {
        "sheets": [
            [sheet.name, sheet.is_hidden, max(0, rows - 1) if at == index else None]
            for at, sheet in enumerate(book.sheets)
        ],
        "sheet": book.sheets[index].name,
        "merges": told.merges,
        "warnings": _about_sheets(book, index) + told.warnings(),
    }
    output.write(json.dumps(about) + f"\n{size:020d}")


def _opened(file: IO[bytes], limits: Limits) -> Book:
    start = file.read(8)
    file.seek(0)
    if start == _OLE:
        data = file.read()
        if _ENCRYPTED in data:
            raise Refusal("The workbook is protected by a password. Upload it without one.")
        return Xls(data)
    check_unpacked(file, limits)
    archive = zipfile.ZipFile(file)
    names = {name.lower() for name in archive.namelist()}
    if "xl/workbook.bin" in names:
        raise Refusal("Workbooks in the binary format .xlsb cannot be read. Save it as .xlsx.")
    if "mimetype" in names and "content.xml" in names:
        if b"spreadsheet" not in archive.read("mimetype")[:200]:
            raise Refusal("The file is not a workbook.")
        return Ods(archive)
    if "[content_types].xml" not in names:
        raise Refusal("The file is not a workbook.")
    return Xlsx(archive)


def _chosen(book: Book, name: str | None, fields: Collection[str]) -> int:
    """The sheet of that name; else the visible one that fits best to the fields."""
    if name is not None:
        return _named(book, name)
    visible = [index for index, sheet in enumerate(book.sheets) if not sheet.is_hidden]
    if not visible:
        raise Refusal("The workbook has no visible sheet with cells. Name the sheet to read.")
    best, best_fit = visible[0], -1
    for index in visible if len(visible) > 1 else ():
        rows = islice(
            (
                cells
                for _, cells, errors in book.records(index, Told())
                if errors or any(cell.strip() for cell in cells)
            ),
            2,
        )
        header = next(rows, None)
        if header is None or next(rows, None) is None:
            continue
        fit = len(guess_columns([cell.strip() for cell in header if cell.strip()], fields))
        if fit > best_fit:
            best, best_fit = index, fit
    return best


def _named(book: Book, name: str) -> int:
    names = [sheet.name for sheet in book.sheets]
    with suppress(ValueError):
        return names.index(name)
    with suppress(ValueError):
        return [each.strip().casefold() for each in names].index(name.strip().casefold())
    shown = [sheet.name for sheet in book.sheets if not sheet.is_hidden]
    more = f" and {len(shown) - _LISTED:,} more" if len(shown) > _LISTED else ""
    listed = ", ".join(f'"{each}"' for each in shown[:_LISTED])
    raise Refusal(f"The workbook has no sheet of that name. It has {listed or 'none'}{more}.")


def _about_sheets(book: Book, index: int) -> list[str]:
    warnings = []
    if book.sheets[index].is_hidden:
        warnings.append("the sheet that was read is hidden")
    hidden = sum(sheet.is_hidden for at, sheet in enumerate(book.sheets) if at != index)
    others = len(book.sheets) - 1 - hidden
    if others:
        warnings.append(counted(others, "other sheet was", "other sheets were"))
    if hidden:
        warnings.append(counted(hidden, "hidden sheet was", "hidden sheets were"))
    return warnings
