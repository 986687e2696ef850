"""The backend that DATABASES names."""

import select

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
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
