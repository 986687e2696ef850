"""What was paid for is stored, though PostgreSQL goes away in the middle of it."""

from collections.abc import Iterator
from itertools import product

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from aijobs.models import AIJob, JobInput, LedgerEntry
from aijobs.pipeline import expedite, settle
from aijobs.postgres.copying import copy_rows, read_rows
from tests.factories import NOW
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    keep_going,
    queue,
    send,
)

pytestmark = pytest.mark.django_db(transaction=True)

# A restart, and the middle of a failover.
AWAY = {
    "ends the connection": "PERFORM pg_terminate_backend(pg_backend_pid(), 5000);",
    "may only be read": "RAISE 'cannot execute COPY' USING ERRCODE = '25006';",
}
TABLES = ["aijobs_joboutput", "aijobs_ledgerentry"]


@pytest.fixture
def away_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL goes away once, while rows are copied into a table."""
    table, way = request.param
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE SEQUENCE copies;
            CREATE FUNCTION go_away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                -- No rollback takes back what a sequence has given.
                IF nextval('copies') = 1 THEN {AWAY[way]} END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER away AFTER INSERT ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION go_away();
            """
        )
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION go_away CASCADE; DROP SEQUENCE copies")


@pytest.mark.usefixtures("away_once")
@pytest.mark.parametrize("away_once", list(product(TABLES, AWAY)), indirect=True)
def test_a_direct_answer_is_stored_as_soon_as_postgresql_is_back(emulator: Emulator) -> None:
    queue("a", "b", "c", needed_within=0)
    assert expedite.run(NOW, at(NOW)) == 3
    assert set(AIJob.objects.values_list("status", flat=True)) == {"completed"}
    assert LedgerEntry.objects.count() == 3
    assert_books_agree(emulator)


@pytest.mark.usefixtures("away_once")
@pytest.mark.parametrize(
    "away_once", [(table, "ends the connection") for table in TABLES], indirect=True
)
def test_settling_begins_anew_and_blames_no_batch(emulator: Emulator) -> None:
    queue("a", "b", "c")
    batch = await_end(send(), emulator)
    with pytest.raises(OperationalError):
        settle.run(DUE + MINUTE)
    connection.close()
    batch.refresh_from_db()
    assert (batch.status, batch.attempts, batch.note) == ("ended", 0, "")
    keep_going(DUE + MINUTE)
    assert_books_agree(emulator)


def test_what_was_being_copied_is_not_told() -> None:
    # PostgreSQL quotes the row that lacks a key.
    with pytest.raises(IntegrityError, match="SQLSTATE 23502") as failed, transaction.atomic():
        copy_rows(JobInput, ["created_by", "tenant_id"], [("a secret document", 1)])
    assert failed.value.__cause__ is None
    assert "secret" not in str(failed.value)


def test_a_connection_that_ends_while_rows_are_read_is_no_fault_of_theirs() -> None:
    with pytest.raises(OperationalError):
        list(read_rows("SELECT pg_terminate_backend(pg_backend_pid(), 5000)", []))
    connection.close()
