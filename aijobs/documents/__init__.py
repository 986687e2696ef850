"""What people upload, read into text and rows. Nothing in a file is ever executed or fetched."""

from .columns import guess_columns
from .documents import Document, DocumentLimits, UnreadableDocument, read_document
from .tables import Row, Sheet, Table, TableLimits, UnreadableTable, open_table, read_table

__all__ = [
    "Document",
    "DocumentLimits",
    "Row",
    "Sheet",
    "Table",
    "TableLimits",
    "UnreadableDocument",
    "UnreadableTable",
    "guess_columns",
    "open_table",
    "read_document",
    "read_table",
]
