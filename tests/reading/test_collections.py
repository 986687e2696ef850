"""Collections, and how far each has come."""

from datetime import timedelta

import pytest

from aijobs.models import AIJob, Collection, new_id
from aijobs.reading import collections
from aijobs.reading.collections import Progress
from aijobs.reading.pages import Position
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant
from tests.reading.rows import make_collection


def test_progress_counts_what_ended_and_guesses_nothing() -> None:
    progress = Progress({"completed": 5, "failed": 1, "queued": 4, "processing": 10})
    assert (progress.ended, progress.total) == (6, 20)
    assert [(one.status, one.start, one.width) for one in progress.segments] == [
        ("completed", 0, 25),
        ("failed", 25, 5),
        ("processing", 30, 50),
        ("queued", 80, 20),
    ]


@pytest.mark.django_db
def test_progress_is_by_the_status_that_people_see() -> None:
    tenant = make_tenant()
    full, empty = make_collection(tenant), make_collection(tenant)
    make_job(tenant, collection=full)
    make_job(tenant, collection=full, status="submitted", batch=make_batch("submitted"))
    found = collections.progress(tenant, [full, empty])
    nothing = dict.fromkeys(AIJob.Status.values, 0)
    assert found[full.pk].counts == nothing | {"queued": 1, "processing": 1}
    assert found[empty.pk].counts == nothing


@pytest.mark.django_db
def test_a_collection_has_its_own_counts_and_cost() -> None:
    tenant = make_tenant()
    mine, other = make_collection(tenant), make_collection(tenant)
    make_charge(make_job(tenant, collection=mine, status="completed", finished_at=NOW), "1", "2")
    make_charge(make_job(tenant, collection=other), "4", "8")
    found = collections.detail(tenant, mine.pk, now=NOW)
    assert (int(found.money.cost), found.progress.ended, found.progress.total) == (1, 1, 1)


@pytest.mark.django_db
def test_a_collection_of_somebody_else_is_not_there() -> None:
    theirs = make_collection(make_tenant())
    with pytest.raises(Collection.DoesNotExist):
        collections.detail(make_tenant(), theirs.pk, now=NOW)
    with pytest.raises(Collection.DoesNotExist):
        collections.collection_of(make_tenant(), theirs.pk)


@pytest.mark.django_db
def test_pages_of_collections_lead_on_and_back() -> None:
    tenant = make_tenant()
    ids = [new_id(NOW + timedelta(seconds=number)) for number in range(3)]
    made = [make_collection(tenant, id=one) for one in reversed(ids)]
    make_collection(make_tenant())
    first = collections.page_with_progress(tenant, size=2, now=NOW)
    second = collections.page_with_progress(tenant, Position(before=first.older), size=2, now=NOW)
    back = collections.page(tenant, Position(after=second.newer), size=2)
    assert [row.collection for row in first.rows] == made[:2]
    assert [row.collection for row in second.rows] == made[2:]
    assert (back.rows, back.newer, second.older) == (made[:2], None, None)
