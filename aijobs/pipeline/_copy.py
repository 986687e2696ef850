"""COPY rows into tables and out of them: the quickest road into PostgreSQL and back."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db import DatabaseError, connection

# What is handed to the connection at a time: calls are dear, and PostgreSQL works meanwhile.
PIECE = 1 << 16

NULL = b"\\N"
# Signature, no flags, no extension.
BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def cell(text: str) -> bytes:
    """Text as a cell of COPY."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return escaped.replace("\r", "\\r").encode()


def binary_cell(value: bytes) -> bytes:
    """A value as a field of COPY's binary format: as it is, after its length."""
    return len(value).to_bytes(4, "big") + value


def copy_rows(
    table: str, columns: Sequence[str], rows: Iterable[bytes], *, binary: bool = False
) -> None:
    """COPY rows into a table while they are made; each is a line of COPY's text format.

    Or, with `binary`, a row of that format, which neither side searches for ends and escapes:
    the number of fields in two bytes, and the fields. It is the quicker one for what is long.
    Raises what making them raises, or Django's error with PostgreSQL's code alone: its own
    message quotes the row that it was at, and that may hold a document.
    """
    form = "BINARY" if binary else "TEXT"
    if binary:
        rows = chain([BINARY_HEAD], rows)
    failure: Exception | None = None
    try:
        with (
            connection.wrap_database_errors,  # Django knows nothing of what a COPY raises.
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT {form})") as copy,
        ):
            pieces = _pieces(rows)
            while True:
                try:
                    piece = next(pieces)
                except StopIteration:
                    break
                except Exception as error:
                    # COPY ends in peace: psycopg would tell the server why it does not.
                    failure = error
                    break
                copy.write(piece)
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


def _pieces(rows: Iterable[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for row in rows:
        piece += row
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
