"""The page that holds a collection against an earlier one."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client

from aijobs.models import Collection
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant, make_user
from tests.reading.test_comparing import classified

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def reader(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant, role="viewer"))
    return client


@pytest.fixture
def both(tenant: Tenant) -> tuple[Collection, Collection]:
    before = classified(tenant, 0, {"A": "hail", "B": "<b>fire</b>", "C": "theft"})
    after = classified(tenant, 1, {"A": "fire", "B": "<b>fire</b>", "C": "hail"})
    return before, after


def test_what_changed_is_counted_listed_and_linked(
    reader: Client, both: tuple[Collection, Collection]
) -> None:
    before, after = both
    assert (
        f"/collections/{after.pk}/compare"
        in reader.get(f"/collections/{after.pk}").content.decode()
    )
    assert "/compare" not in reader.get(f"/collections/{before.pk}").content.decode()
    response = reader.get(f"/collections/{after.pk}/compare")
    page = response.content.decode()
    assert "2 <span>of 3 rows changed</span>" in page
    assert "Rows are matched by reference." in page
    assert "&lt;b&gt;fire&lt;/b&gt;" in page
    for row in response.context["page"].rows:
        assert f"/jobs/{row.job_id}" in page
        assert f"/jobs/{row.earlier_id}" in page
    one = reader.get(f"/collections/{after.pk}/compare", {"was": "hail", "now": "fire"})
    assert [row.label for row in one.context["page"].rows] == ["A"]


def test_an_earlier_one_is_chosen(reader: Client, tenant: Tenant, both: Any) -> None:
    before, after = both
    latest = classified(tenant, 2, {"A": "hail"})
    chosen = reader.get(f"/collections/{latest.pk}/compare", {"with": str(before.pk)})
    assert chosen.context["before"] == before
    assert chosen.context["found"].changed == 0
    assert reader.get(f"/collections/{latest.pk}/compare").context["before"] == after
    other = classified(make_tenant(), 0, {"A": "hail"})
    for path in (f"/collections/{latest.pk}/compare", f"/collections/{latest.pk}/compare.csv"):
        assert reader.get(path, {"with": str(other.pk)}).status_code == 404


def test_without_an_earlier_one_it_says_so(reader: Client, both: Any) -> None:
    page = reader.get(f"/collections/{both[0].pk}/compare").content.decode()
    assert "Nothing to compare with" in page


def test_changes_are_downloaded(reader: Client, both: Any) -> None:
    response: Any = reader.get(f"/collections/{both[1].pk}/compare.csv")
    assert 'filename="claims-changes.csv"' in response["Content-Disposition"]
    assert len(b"".join(response).splitlines()) == 3
    everything: Any = reader.get(f"/collections/{both[1].pk}/compare.csv", {"rows": "all"})
    assert len(b"".join(everything).splitlines()) == 4


def test_half_a_cell_is_refused(reader: Client, both: Any) -> None:
    for query in ({"was": "x"}, {"now": "x"}):
        response = reader.get(f"/collections/{both[1].pk}/compare", query)
        assert response.status_code == 400


def test_a_comparison_takes_ten_queries(
    reader: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    names = [f"P-{number}" for number in range(60)]
    classified(tenant, 0, dict.fromkeys(names, "hail"))
    after = classified(tenant, 1, dict.fromkeys(names, "fire"))
    with django_assert_max_num_queries(10):
        assert len(reader.get(f"/collections/{after.pk}/compare").context["page"].rows) == 25


@pytest.mark.django_db(transaction=True)
async def test_a_table_is_sent_as_it_is_written_and_gathered_nowhere(
    both: tuple[Collection, Collection], tenant: Tenant
) -> None:
    """Under ASGI Django gathers what a plain iterator yields, whatever its size."""
    client = AsyncClient()
    try:
        await client.aforce_login(await sync_to_async(make_user)("anna", tenant))
        response: Any = await client.get(f"/collections/{both[1].pk}/compare.csv")
        assert response.is_async
        pieces = [piece async for piece in response.streaming_content]
    finally:
        await sync_to_async(connections.close_all)()
    assert len(b"".join(pieces).decode().splitlines()) == 3
