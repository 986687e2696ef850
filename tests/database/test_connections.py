"""A connection that has ended is not used again, and nobody has to be asked for that."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_that_lives_is_usable_without_a_question() -> None:
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as asked:
        assert connection.is_usable()
    assert not asked.captured_queries


def test_a_notice_on_an_idle_connection_is_not_its_end() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor, connection.cursor() as mine:
            mine.execute("LISTEN nothing")
            cursor.execute("NOTIFY nothing")
            time.sleep(0.05)
        assert connection.is_usable()
    finally:
        other.close()
        connection.close()


def test_a_connection_that_the_server_ended_is_not_usable() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        deadline = time.monotonic() + 5
        while other.is_usable():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        other.close()


def test_a_connection_that_was_never_made_or_is_closed_is_not_usable() -> None:
    other = connection.copy()
    assert not other.is_usable()
    other.ensure_connection()
    assert other.connection
    other.connection.close()
    assert not other.is_usable()
