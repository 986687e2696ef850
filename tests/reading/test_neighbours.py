"""Walking through a list of jobs by keys, from each to the next."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.models import AIJob, Collection, ReadMark, new_id
from aijobs.reading import desk, jobs, neighbours
from aijobs.reading.jobs import JobFilter
from aijobs.reading.neighbours import Listed
from aijobs.reading.pages import Position
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_output, make_tenant, make_user
from tests.models.rows import columns_of

pytestmark = pytest.mark.django_db

FILTERS = st.sampled_from(
    [
        JobFilter(),
        JobFilter(status="completed"),
        JobFilter(status="failed"),
        JobFilter(job_type="classify"),
        JobFilter(status="completed", job_type="classify"),
    ]
)
# What each job is: its status, its type, and whether it is in the collection.
JOBS = st.lists(
    st.tuples(
        st.sampled_from(["completed", "failed", "queued"]),
        st.sampled_from(["summarize", "classify"]),
        st.booleans(),
    ),
    max_size=12,
)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


def a_collection(tenant: Tenant) -> Collection:
    return Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )


def walked(listed: Listed) -> list[UUID]:
    """From the first on, as long as there is a next one."""
    here, found = neighbours.first(listed), list[UUID]()
    while here is not None:
        found.append(here)
        here = neighbours.of_job(listed, here).next
    return found


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(several=JOBS, only=FILTERS, inside=st.booleans(), by_rows=st.booleans())
def test_walking_on_visits_each_job_of_the_list_once_and_in_order(
    several: list[tuple[str, str, bool]], only: JobFilter, inside: bool, by_rows: bool
) -> None:
    tenant = make_tenant()
    collection = a_collection(tenant)
    for number, (status, kind, is_in) in enumerate(several):
        fields = columns_of(status) | {"collection": collection if is_in else None}
        at = NOW + timedelta(seconds=number)
        make_job(tenant, kind, now=at, status=status, **fields)
        make_job(make_tenant(), kind, now=at, status="completed", finished_at=NOW)
    if inside:
        only = JobFilter(only.status, only.job_type, collection.pk)
    listed = Listed(tenant, only, by_rows)
    page = jobs.page(tenant, only, Position(), size=100)
    expected = [row.job.pk for row in page.rows]
    if by_rows:
        expected.reverse()

    assert walked(listed) == expected
    for number, here in enumerate(expected):
        found = neighbours.of_job(listed, here)
        assert found.previous == (expected[number - 1] if number else None)
        assert (found.number, found.total) == (number + 1, len(expected))


def test_a_place_is_told_only_where_it_is_quickly_counted(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "MOST_COUNTED", 2)
    several = [make_job(tenant, now=NOW + timedelta(seconds=n)) for n in range(6)]
    listed = Listed(tenant, JobFilter())
    found = neighbours.of_job(listed, several[3].pk)
    assert (found.number, found.total) == (None, None)
    assert (found.previous, found.next) == (several[4].pk, several[2].pk)


def test_who_stands_not_in_the_list_itself_has_neighbours_all_the_same(tenant: Tenant) -> None:
    """A job that was retried has left the list of what failed, and one goes on from there."""
    older, here, newer = (
        make_job(tenant, now=NOW + timedelta(seconds=n), status=status, **columns_of(status))
        for n, status in enumerate(["failed", "queued", "failed"])
    )
    found = neighbours.of_job(Listed(tenant, JobFilter(status="failed")), here.pk)
    assert (found.previous, found.next) == (newer.pk, older.pk)


def test_nobody_is_led_to_a_job_of_another_tenant(tenant: Tenant) -> None:
    job = make_job(tenant)
    make_job(make_tenant(), now=NOW + timedelta(seconds=1))
    assert neighbours.of_job(Listed(tenant, JobFilter()), job.pk).previous is None
    assert neighbours.of_job(Listed(make_tenant(), JobFilter()), job.pk).next is None


def test_it_takes_one_query(tenant: Tenant) -> None:
    several = [make_job(tenant, now=NOW + timedelta(seconds=n)) for n in range(3)]
    with CaptureQueriesContext(connection) as captured:
        neighbours.of_job(Listed(tenant, JobFilter()), several[1].pk)
    assert len(captured) == 1


def test_the_desk_leads_through_what_is_done_and_what_one_has_not_read(tenant: Tenant) -> None:
    person, other = make_user("ann", tenant), make_user("ben", tenant)
    done: list[AIJob] = []
    for number, status in enumerate(["completed", "failed", "completed", "queued", "completed"]):
        at = NOW + timedelta(seconds=number)
        job = make_job(tenant, now=at, status=status, **columns_of(status))
        if status == "completed":
            make_output(job)
            done.insert(0, job)
    listed = Listed(tenant, JobFilter())
    whole = desk.results(listed, person, unread=False)
    assert walked(whole) == [job.pk for job in done]

    ReadMark.objects.add(done[1], person, NOW)
    ReadMark.objects.add(done[1], person, NOW)
    assert walked(desk.results(listed, person, unread=True)) == [done[0].pk, done[2].pk]
    assert walked(desk.results(listed, other, unread=True)) == [job.pk for job in done]
    with CaptureQueriesContext(connection) as captured:
        found = desk.on_desk(tenant, person, done[0].pk, whole, whole)
    assert len(captured) == 2
    assert (found.unread, found.beside.next, found.beside.total) == (2, done[1].pk, 3)
    with pytest.raises(AIJob.DoesNotExist):
        desk.on_desk(make_tenant(), other, done[0].pk, whole, whole)

    ReadMark.objects.remove(done[1], person)
    assert walked(desk.results(listed, person, unread=True)) == [job.pk for job in done]
