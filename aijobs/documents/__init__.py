"""What people upload, read into text and rows. Nothing in a file is ever executed or fetched."""

from .columns import guess_columns
from .documents import (
    AUTO,
    READ_AS,
    Document,
    DocumentLimits,
    HowToRead,
    UnreadableDocument,
    of_text,
    read_documents,
)
from .mapping import Items, UnmappedTable, read_items
from .tables import Row, Sheet, Table, TableLimits, UnreadableTable, open_table

__all__ = [
    "AUTO",
    "READ_AS",
    "Document",
    "DocumentLimits",
    "HowToRead",
    "Items",
    "Row",
    "Sheet",
    "Table",
    "TableLimits",
    "UnmappedTable",
    "UnreadableDocument",
    "UnreadableTable",
    "guess_columns",
    "of_text",
    "open_table",
    "read_documents",
    "read_items",
]
