"""Cursors for the few statements that every call of the API runs."""

from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper


def prepared_cursor() -> CursorWrapper:
    """As `connection.cursor()`; see DatabaseWrapper.prepared_cursor."""
    here: Any = connection
    cursor: CursorWrapper = here.prepared_cursor()
    return cursor
