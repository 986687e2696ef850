"""What people upload, read into text and rows. Nothing in a file is ever executed or fetched."""

from .documents import Document, DocumentLimits, UnreadableDocument, read_document
from .mapping import UnmappedTable, read_items
from .tables import TableLimits, UnreadableTable

__all__ = [
    "Document",
    "DocumentLimits",
    "TableLimits",
    "UnmappedTable",
    "UnreadableDocument",
    "UnreadableTable",
    "read_document",
    "read_items",
]
