"""What people upload, read into text and rows. Nothing in a file is ever executed or fetched."""

from .documents import READ_AS, Document, DocumentLimits, UnreadableDocument, of_text, read_document
from .mapping import UnmappedTable, read_items
from .tables import TableLimits, UnreadableTable

__all__ = [
    "READ_AS",
    "Document",
    "DocumentLimits",
    "TableLimits",
    "UnmappedTable",
    "UnreadableDocument",
    "UnreadableTable",
    "of_text",
    "read_document",
    "read_items",
]
