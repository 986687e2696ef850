"""Workbooks (.xlsx)."""

import csv
import io
from typing import TextIO

from python_calamine import load_workbook

from .content import Limits, check_unpacked


def write(data: bytes, limits: Limits, output: TextIO) -> None:
    """Write the rows of the first sheet as CSV."""
    check_unpacked(data, limits)
    sheet = load_workbook(io.BytesIO(data)).get_sheet_by_index(0)
    if sheet.start is not None:
        csv.writer(output).writerows([_cell(value) for value in row] for row in sheet.iter_rows())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
