"""Workbooks of Excel 97 to 2003 (.xls), as a spreadsheet shows them."""

import io
import os
from collections.abc import Iterator

import xlrd

from .content import Refusal
from .number_format import BUILT_IN, general, shown_number, shown_text
from .sheets import Record, SheetInfo, Told

_STRUCK = "The workbook is protected by a password. Upload it without one."


class Xls:
    """An open workbook."""

    def __init__(self, data: bytes) -> None:
        try:
            self._book = xlrd.open_workbook(
                file_contents=data,
                formatting_info=True,
                on_demand=True,
                # Its remarks on odd files are for nobody.
                logfile=io.TextIOWrapper(io.FileIO(os.open(os.devnull, os.O_WRONLY), "w")),
            )
        except xlrd.XLRDError as error:
            if "encrypted" in str(error).lower():
                raise Refusal(_STRUCK) from None
            raise
        # Charts and macros are no sheets for it.
        self.sheets = [
            SheetInfo(name, bool(visibility))
            for name, visibility in zip(
                self._book.sheet_names(), self._book._sheet_visibility, strict=False
            )
        ]

    def records(self, index: int, told: Told) -> Iterator[Record]:
        """The rows of a sheet that are shown, each with its number, cells and unreadable cells."""
        sheet = self._book.sheet_by_index(index)
        told.merges = [
            (top + 1, first, bottom, last - 1) for top, bottom, first, last in sheet.merged_cells
        ]
        hidden = {number for number, column in sheet.colinfo_map.items() if column.hidden}
        for number in range(sheet.nrows):
            cells: list[str] = []
            errors: dict[int, str] = {}
            for column, cell in enumerate(sheet.row(number)):
                text, error = self._cell(cell)
                if column in hidden:
                    if text or error:
                        told.hidden_columns.add(column)
                    text, error = "", ""
                cells.append(text)
                if error:
                    errors[column] = error
            row = sheet.rowinfo_map.get(number)
            if row is None or not row.hidden:
                yield number + 1, cells, errors
            elif errors or any(cells):
                told.hidden_rows += 1

    def _cell(self, cell: xlrd.sheet.Cell) -> tuple[str, str]:
        if cell.ctype == xlrd.XL_CELL_TEXT:
            return shown_text(cell.value, self._format(cell)), ""
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if cell.value else "FALSE", ""
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return "", xlrd.error_text_from_code.get(cell.value, "#ERROR")
        if cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
            code = self._format(cell)
            if code == "General":
                return general(cell.value), ""
            return shown_number(cell.value, code, since_1904=bool(self._book.datemode)), ""
        return "", ""

    def _format(self, cell: xlrd.sheet.Cell) -> str:
        if cell.xf_index is None:
            return "General"
        key = self._book.xf_list[cell.xf_index].format_key
        # Those that follow the settings of whoever looks are numbered, whatever text is beside.
        if key in {14, 22} or key not in self._book.format_map:
            return BUILT_IN.get(key, "General")
        return str(self._book.format_map[key].format_str) or "General"
