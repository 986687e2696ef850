"""COPY rows into tables and out of them: the quickest way into PostgreSQL and back."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Model
from psycopg.types.json import set_json_dumps

from aijobs.models.fields import encode_json


def copy_rows(
    model: type[Model], columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """COPY rows into a model's table; PostgreSQL stores the first while the next are being made.

    Each row holds one value for each of the columns, of the Python type of its field. Columns
    that are left out get the database's default.
    Raises what making the rows raises, or Django's error with PostgreSQL's code alone: its own
    message quotes the row that it was at, and that may hold a document.
    """
    table = model._meta.db_table
    failure: Exception | None = None

    def until_failure() -> Iterator[tuple[object, ...]]:
        """The rows before the first that cannot be made.

        COPY is then ended as if there were no more. When psycopg breaks a COPY off, it sends the
        text of the error to the server, whose log would keep it.
        """
        nonlocal failure
        try:
            yield from rows
        except Exception as error:
            failure = error

    try:
        with (
            connection.wrap_database_errors,  # Django does not translate what a COPY raises.
            connection.cursor() as cursor,
        ):
            set_json_dumps(encode_json, cursor.cursor)
            names = ", ".join(columns)
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types([_type(model, column) for column in columns])
                for row in until_failure():
                    copy.write_row(row)
    except DatabaseError as error:
        code = getattr(error.__cause__, "sqlstate", None)
        # The class stays: it tells whether the row is at fault, or PostgreSQL is away.
        failure = type(error)(f"COPY into {table} failed with SQLSTATE {code}.")
    if failure is not None:
        raise failure


def read_rows(query: str, parameters: Sequence[object]) -> Generator[tuple[Any, ...]]:
    """The rows of a query, their values as text, while PostgreSQL still reads the next ones.

    The connection takes no other query until they are read, or the generator is closed.
    """
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT", parameters) as copy,
    ):
        yield from copy.rows()


def _type(model: type[Model], column: str) -> str:
    """The name of a column's type in PostgreSQL, without its length or precision."""
    return str(model._meta.get_field(column).db_type(connection)).partition("(")[0]
