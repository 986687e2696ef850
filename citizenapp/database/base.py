"""The backend that DATABASES names."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

PREPARED = "prepared"
# How often a connection has run a statement before the server keeps its plan; psycopg's default.
PREPARE_AFTER = 5


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        # Django turns this off; of our cursors, only those below know of it.
        return super().get_connection_params() | {"prepare_threshold": PREPARE_AFTER}

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor for statements that run all the time: they are parsed and planned only once.

        Their plan must not depend on what the parameters are.
        """
        cursor: CursorWrapper = self._cursor(PREPARED)  # type: ignore[attr-defined]  # no stub
        return cursor

    def create_cursor(self, name: str | None = None) -> Any:
        if name == PREPARED:
            return base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]  # wrong stub
        return super().create_cursor(name)

    def is_usable(self) -> bool:
        """Whether the connection has not ended, without a question to the server.

        PostgreSQL says nothing on an idle connection but that it ends, or a notice. Django's own
        way asks for 1, which takes as long as a statement that does something.
        """
        if self.connection is None or self.connection.closed:
            return False
        pgconn = self.connection.pgconn
        try:
            poll = select.poll()
            poll.register(pgconn.socket, select.POLLIN)
            while poll.poll(0):
                pgconn.consume_input()  # Raises where nothing but the end is left to read.
        except (psycopg.Error, OSError):
            return False
        return True
