"""What tables of all kinds have in common."""

from dataclasses import dataclass

# Row number, cells, and by index of the cell why it cannot be read.
Record = tuple[int, list[str], dict[int, str]]


class UnreadableTable(ValueError):
    """A file that no rows can be read from. The message is for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet of a workbook."""

    name: str
    is_hidden: bool
    rows: int | None
    """How many rows with something in them stand under the header; None where it is not known."""


@dataclass(frozen=True, slots=True)
class TableLimits:
    """What one table may ask for."""

    size: int = 300_000_000  # bytes
    rows: int = 100_000
    columns: int = 50
    cell: int = 1_000_000  # characters
    unpacked: int = 300_000_000  # bytes of a workbook
    seconds: int = 60  # for a workbook


DEFAULT_LIMITS = TableLimits()
UNKNOWN_ENCODING = "The file is not text in a known encoding. Save it as UTF-8."
