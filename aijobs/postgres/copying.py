"""COPY rows into tables and out of them: the quickest road into PostgreSQL and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connection
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format


class EncodedJSON(Dumper):
    """JSON that is encoded already, as models.fields.encode_json makes it: bytes as they are."""

    format = Format.BINARY
    oid = types["json"].oid

    def dump(self, obj: bytes) -> bytes:
        return obj


def copy_rows(table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table while they are made.

    `columns`: name of each and its PostgreSQL type, in the order of the values; `json` takes bytes.
    Raises what making a row raises, or Django's error with PostgreSQL's code alone: its own
    message quotes the row that it was at, and that may hold a document.
    """
    failure: Exception | None = None
    try:
        with (
            connection.wrap_database_errors,  # Django knows nothing of what a COPY raises.
            connection.cursor() as cursor,
        ):
            cursor.adapters.register_dumper(None, EncodedJSON)
            names = ", ".join(columns)
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(list(columns.values()))
                remaining = iter(rows)
                while True:
                    try:
                        row = next(remaining)
                    except StopIteration:
                        break
                    except Exception as error:
                        # COPY ends in peace: psycopg would tell the server why it does not.
                        failure = error
                        break
                    copy.write_row(row)
    except DatabaseError as error:
        code = getattr(error.__cause__, "sqlstate", None)
        # Of its own class: that tells whether the row is at fault, or PostgreSQL is away.
        failure = type(error)(f"COPY into {table} failed with SQLSTATE {code}.")
    if failure is not None:
        raise failure


def read_rows(query: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, their values as text, while PostgreSQL still reads the next ones.

    Nothing else can be asked of the connection until they are read.
    """
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT", parameters) as copy,
    ):
        yield from copy.rows()
