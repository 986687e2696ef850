"""The rows of a collection: in order, by page and row, filtered, counted."""

import pytest

from aijobs.models import AIJob, Collection, ids_from, new_id
from aijobs.reading import rows
from aijobs.reading.pages import NEWEST, Position
from aijobs.reading.rows import RowFilter
from citizenapp.tenants.models import Tenant
from tests.api.rows import fail
from tests.factories import NOW, make_job, make_output, make_tenant

pytestmark = pytest.mark.django_db

# As in a table whose third row was left out.
NUMBERS = [2, 4, 5, 7, 8, 9, 12]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def collection(tenant: Tenant) -> Collection:
    made = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="C", job_type="classify",
        total=len(NUMBERS), created_by="max", created_at=NOW,
    )  # fmt: skip
    for number, key in zip(NUMBERS, ids_from(NOW), strict=False):
        job = make_job(
            tenant,
            "classify",
            f"Letter “{number}” of May",
            collection=made,
            reference=f"P-{number}",
            id=key,
        )
        type(job.input).objects.filter(pk=job.pk).update(row_number=number)
    return made


def numbers(
    tenant: Tenant, collection: Collection, only: RowFilter, at: Position = NEWEST, size: int = 3
) -> list[int | None]:
    return [row.number for row in rows.page(tenant, collection, only, at, size=size).rows]


def from_start(tenant: Tenant, collection: Collection, start: rows.Before) -> list[int | None]:
    found = rows.page(tenant, collection, RowFilter(), size=3, start=start)
    return [row.number for row in found.rows]


def complete(collection: Collection, *categories: str) -> None:
    for job, category in zip(AIJob.objects.order_by("pk"), categories, strict=False):
        AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
        make_output(job, {"category": category})


def test_rows_come_in_their_order_page_after_page(tenant: Tenant, collection: Collection) -> None:
    first = rows.page(tenant, collection, RowFilter(), size=3)
    assert [row.number for row in first.rows] == [2, 4, 5]
    assert first.newer is None
    second = rows.page(tenant, collection, RowFilter(), Position(after=first.older), size=3)
    assert [row.number for row in second.rows] == [7, 8, 9]
    back = rows.page(tenant, collection, RowFilter(), Position(before=second.newer), size=3)
    assert [row.number for row in back.rows] == [2, 4, 5]


def test_a_page_is_found_by_its_number(tenant: Tenant, collection: Collection) -> None:
    pages = [
        from_start(tenant, collection, rows.before_page(tenant, collection, n, size=3))
        for n in (1, 2, 3)
    ]
    assert pages == [[2, 4, 5], [7, 8, 9], [12]]


@pytest.mark.parametrize("row", range(1, 13))
def test_a_row_is_found_by_its_number(tenant: Tenant, collection: Collection, row: int) -> None:
    found = from_start(tenant, collection, rows.before_row(tenant, collection, row))
    assert found[0] == next(number for number in NUMBERS if number >= row)


@pytest.mark.parametrize("rejected", [0, 5])
@pytest.mark.parametrize("erased", [2, 5, 12])
def test_what_is_being_erased_takes_no_place(
    tenant: Tenant, collection: Collection, erased: int, rejected: int
) -> None:
    collection.rejected = rejected
    AIJob.objects.filter(input__row_number=erased).update(erasing_since=NOW)
    left = [number for number in NUMBERS if number != erased]
    second = rows.before_page(tenant, collection, 2, size=3)
    assert from_start(tenant, collection, second) == left[3:6]
    for row in range(1, left[-1] + 1):
        found = from_start(tenant, collection, rows.before_row(tenant, collection, row))
        assert found[0] == next(number for number in left if number >= row)


@pytest.mark.parametrize(
    ("search", "found"), [("P-7", [7]), ("p-1", [12]), ("“8” OF", [8]), ("100%", []), ("_", [])]
)
def test_a_search_looks_into_references_and_texts(
    tenant: Tenant, collection: Collection, search: str, found: list[int]
) -> None:
    assert numbers(tenant, collection, RowFilter(search=search)) == found


def test_categories_are_counted_and_filter(tenant: Tenant, collection: Collection) -> None:
    complete(collection, "motor", "home 🏠", "motor")
    bars = rows.categories(tenant, collection)
    assert [(bar.name, bar.rows, bar.share) for bar in bars] == [
        ("motor", 2, 100),
        ("home 🏠", 1, 50),
    ]
    assert numbers(tenant, collection, RowFilter(category="motor")) == [2, 5]
    assert numbers(tenant, collection, RowFilter(category="home 🏠")) == [4]


def test_failed_rows_are_grouped_by_their_last_error(
    tenant: Tenant, collection: Collection
) -> None:
    job = AIJob.objects.order_by("pk")[1]
    AIJob.objects.filter(pk=job.pk).update(status="failed", finished_at=NOW, attempts=1)
    job.refresh_from_db()
    fail(job, 1)
    [bar] = rows.reasons(tenant, collection)
    assert bar.rows == 1
    assert numbers(tenant, collection, RowFilter(reason=bar.name)) == [4]
    assert numbers(tenant, collection, RowFilter(reason="other")) == []


def test_what_is_somebody_elses_is_not_there(collection: Collection) -> None:
    other = make_tenant("other")
    assert numbers(other, collection, RowFilter()) == []
    assert rows.categories(other, collection) == rows.reasons(other, collection) == []
    for start in (
        rows.before_page(other, collection, 2, size=3),
        rows.before_row(other, collection, 9),
    ):
        assert from_start(other, collection, start) == []
