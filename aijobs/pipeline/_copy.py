"""COPY rows into tables: the quickest road into PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DatabaseError, connection


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table.

    Raises DatabaseError with PostgreSQL's code alone: its own message quotes the row that it
    refuses, and that may hold a document.
    """
    try:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
    except DatabaseError as error:
        code = getattr(error.__cause__, "sqlstate", None)
        if code is None or code.startswith(("08", "57")):
            raise  # The connection, not the row.
        failure = DatabaseError(f"COPY into {table} failed with SQLSTATE {code}.")
    else:
        return
    raise failure
