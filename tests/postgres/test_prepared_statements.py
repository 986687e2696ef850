"""What runs at every call is parsed and planned once a connection, and nothing else is."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from citizenapp.database import prepared_cursor
from tests.factories import make_tenant

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENT = "SELECT name FROM tenants_tenant WHERE id = %(id)s"


def prepared() -> list[str]:
    """The texts that the server keeps a plan of for our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_statement_that_runs_again_and_again_is_prepared_once() -> None:
    connection.close()
    tenant = make_tenant()
    for _ in range(10):
        with prepared_cursor() as cursor:
            cursor.execute(STATEMENT, {"id": tenant.pk})
            assert cursor.fetchone() == (tenant.name,)
    assert prepared() == ["SELECT name FROM tenants_tenant WHERE id = $1"]


def test_other_cursors_prepare_nothing() -> None:
    connection.close()
    for _ in range(10):
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT, {"id": 1})
    assert prepared() == []


def test_it_goes_on_after_a_rollback_and_after_a_change_of_the_table() -> None:
    tenant = make_tenant()
    for change in (
        "ROLLBACK",
        "ALTER TABLE tenants_tenant ADD COLUMN extra int",
        "ALTER TABLE tenants_tenant DROP COLUMN extra",
    ):
        for _ in range(10):
            with prepared_cursor() as cursor:
                cursor.execute(STATEMENT, {"id": tenant.pk})
                assert cursor.fetchone() == (tenant.name,)
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(change)
            cursor.execute("COMMIT")


def test_errors_and_the_record_of_queries_are_django_s() -> None:
    make_tenant()
    with (
        CaptureQueriesContext(connection) as asked,
        pytest.raises(IntegrityError),
        transaction.atomic(),
        prepared_cursor() as cursor,
    ):
        cursor.execute("UPDATE tenants_tenant SET name = %(name)s", {"name": None})
    assert "SET name = $1" in [one["sql"].partition("tenant ")[2] for one in asked]
