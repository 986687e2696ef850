"""Workbooks: the results of a collection, with a sheet for each list in them, and spending."""

from collections.abc import Iterator, Sequence
from tempfile import NamedTemporaryFile
from typing import Any

import xlsxwriter

from aijobs.api import result_tables, shapes, translate
from aijobs.api.result_tables import COSTS, ResultTable
from aijobs.models import Collection
from aijobs.reading import jobs
from aijobs.reading.rows import EVERY_ROW, RowFilter
from aijobs.reading.tables import Table, spending_cells, spending_header, table_cells
from aijobs.reading.usage import Usage
from citizenapp.tenants.models import Tenant

PIECE = 1 << 18
# https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
MOST_ROWS = 1_048_576
MOST_CHARS = 32_767
CUT = " … [cut: a cell holds no more; all of it is in CSV and NDJSON]"


# Rows go to a file one by one. A text is a text, whatever it begins with, and never a link.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def chunks(tenant: Tenant, collection: Collection, only: RowFilter = EVERY_ROW) -> Iterator[bytes]:
    """The bytes of the workbook. It is written to a file first: a workbook ends with its index."""
    with NamedTemporaryFile(suffix=".xlsx") as file:
        _write(tenant, collection, only, file.name)
        while piece := file.read(PIECE):
            yield piece


def spending_chunks(
    found: Usage, names: Sequence[str], more: Sequence[Table] = ()
) -> Iterator[bytes]:
    """A workbook of what was spent: a row for each group of these names; `more` on own sheets."""
    with NamedTemporaryFile(suffix=".xlsx") as file:
        with xlsxwriter.Workbook(file.name, OPTIONS) as workbook:
            workbook.set_properties({"created": found.period.since, "title": "Usage"})
            sheet = _Sheets(workbook, "Usage", spending_header(names))
            for group, money in found.groups(*names):
                sheet.add([*spending_cells(group, money)])
            for table in more:
                sheet = _Sheets(workbook, table.name.title(), [*table.header])
                for row in table.rows:
                    sheet.add([*table_cells(row)])
        while piece := file.read(PIECE):
            yield piece


def _write(tenant: Tenant, collection: Collection, only: RowFilter, path: str) -> None:
    table = result_tables.of(tenant, collection)
    with xlsxwriter.Workbook(path, OPTIONS) as workbook:
        workbook.set_properties({"created": collection.created_at, "title": collection.name})
        results = _Sheets(workbook, "Results", table.header)
        lists = {
            name: _Sheets(workbook, name.title(), [*result_tables.FIRST, *fields])
            for name, fields in table.lists.items()
        }
        for found in jobs.results(tenant, collection, only):
            for row in map(translate.result_row, found):
                results.add(_cells(table, row))
                for name, sheet in lists.items():
                    for entry in table.entries(row, name):
                        sheet.add([row.row, row.reference, *entry])


def _cells(table: ResultTable, row: shapes.ResultRow) -> list[object]:
    """The cells of a row; its number and the costs are numbers."""
    cells: list[object] = [*table.cells(row)]
    cells[0] = row.row
    cells[-len(COSTS) :] = [float(getattr(row, name)) for name in COSTS]
    return cells


class _Sheets:
    """Rows under a header, on as many sheets as they take."""

    def __init__(self, workbook: Any, name: str, header: list[str]) -> None:
        self._workbook, self._name, self._header = workbook, name, header
        self._bold = workbook.add_format({"bold": True})
        self._money = workbook.add_format({"num_format": "0.0000000000"})
        self._count = 0
        self._begin()

    def add(self, cells: list[object]) -> None:
        if self._row == MOST_ROWS:
            self._begin()
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(self._row, column, _fitting(cell))
            elif isinstance(cell, float):
                self._sheet.write_number(self._row, column, cell, self._money)
            else:
                self._sheet.write_number(self._row, column, cell)
        self._row += 1

    def _begin(self) -> None:
        self._count += 1
        name = self._name if self._count == 1 else f"{self._name} {self._count}"
        self._sheet = self._workbook.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(self._header):
            self._sheet.write_string(0, column, _fitting(title), self._bold)
        self._row = 1


def _fitting(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - len(CUT)] + CUT
