"""No list of a tenant is without an index, whatever it is filtered by, and none of staff's."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from citizenapp.tenants.models import Membership, User
from tests.benchmarks.large_tables import fill, pages

pytestmark = pytest.mark.django_db

# Their size grows with the jobs; other tables may be read as PostgreSQL likes.
LARGE = {"aijobs_aijob", "aijobs_jobinput", "aijobs_joboutput", "aijobs_ledgerentry"}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(statement: str, without: Sequence[str]) -> Iterator[dict[str, Any]]:
    """How a query reads the large tables, `without` these ways of PostgreSQL."""
    with connection.cursor() as cursor:
        # Few rows are quicker read as a whole: only without that the plan tells
        # which indexes there are.
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement.replace("%", "%%"), ())
        found = cursor.fetchone()[0]
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = on")
    [explained] = json.loads(found) if isinstance(found, str) else found
    yield from (n for n in nodes(explained["Plan"]) if n.get("Relation Name") in LARGE)


def has_condition(scan: dict[str, Any]) -> bool:
    """Whether an index says which rows are read, be it two indexes with one condition each.

    That of the direct calls that run is short enough to be read as a whole.
    """
    indexes = [node for node in nodes(scan) if "Index Name" in node]
    return bool(indexes) and all(
        "Index Cond" in node or node["Index Name"] == "job_running" for node in indexes
    )


def sign_in_to(number: int) -> None:
    """The member belongs to this tenant of many: 1 has half of all jobs, the others have few."""
    Membership.objects.update(tenant=number)


def ask(
    client: Client, username: str, address: str, without: Sequence[str] = ("seqscan",)
) -> list[dict[str, Any]]:
    """How the large tables are read for a page."""
    client.force_login(
        User.objects.get(username=username), "django.contrib.auth.backends.ModelBackend"
    )
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    asked = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    assert asked
    return [scan for statement in asked for scan in scans(statement, without)]


@pytest.fixture
def rows(db: None) -> None:
    fill(2_000)
    with connection.cursor() as cursor:
        # What other tests rolled back has left holes, in which rows of one index lie far apart.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in sorted(LARGE):
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")
        cursor.execute("ANALYZE")


@pytest.mark.usefixtures("rows")
def test_every_list_finds_its_rows_by_an_index(client: Client) -> None:
    for name, address in pages().items():
        of_staff, of_collection = address.startswith("/admin/"), "collection" in name
        sign_in_to(1 if of_collection else 50)
        for scan in ask(client, "staff" if of_staff else "member", address):
            assert scan["Node Type"] != "Seq Scan", (name, scan)
            # Staff's lists walk the primary key from its end, and so may those of who has most.
            assert of_staff or of_collection or has_condition(scan), (name, scan)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("dashboard", "job_single"),
        ("jobs (API)", "input_of_tenant"),
        ("dashboard, rare kind", "input_of_kind"),
        ("dashboard, failed", "job_of_tenant_by_status"),
        ("dashboard, failed of a kind", "job_of_type_by_status"),
        ("jobs (API), rare kind", "input_of_kind"),
        ("jobs (admin), rare route", "job_sync"),
        ("charges (admin), rare route", "charge_sync"),
    ],
)
def test_what_is_rare_has_an_index_of_its_own(client: Client, name: str, index: str) -> None:
    sign_in_to(50)
    address = pages()[name]
    reader = "staff" if address.startswith("/admin/") else "member"
    read = ask(client, reader, address, without=("seqscan", "bitmapscan"))
    assert index in {scan.get("Index Name") for scan in read}
