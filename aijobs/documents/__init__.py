"""What people upload, read into text and rows. Nothing in a file is ever executed or fetched."""

from .documents import Document, DocumentLimits, UnreadableDocument, read_document
from .tables import TableLimits, UnreadableTable, read_table

__all__ = [
    "Document",
    "DocumentLimits",
    "TableLimits",
    "UnreadableDocument",
    "UnreadableTable",
    "read_document",
    "read_table",
]
