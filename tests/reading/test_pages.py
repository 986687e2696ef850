"""Keyset pages, and the ids that moments stand for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.models import AIJob, new_id
from aijobs.reading.pages import NEWEST, Page, Position, first_id_after, first_id_of, page
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant

MILLISECOND = timedelta(milliseconds=1)


def make_jobs(tenant: Tenant, count: int) -> list[AIJob]:
    """From the newest to the oldest."""
    return [make_job(tenant, now=NOW + timedelta(seconds=n)) for n in range(count)][::-1]


def read(at: Position, size: int = 2) -> Page[AIJob]:
    return page(AIJob.objects.all(), at, size)


@pytest.mark.django_db
@pytest.mark.parametrize("count", range(6))
def test_pages_lead_to_every_row_once_and_back(count: int) -> None:
    made = make_jobs(make_tenant(), count)
    there: list[Page[AIJob]] = [read(NEWEST)]
    while there[-1].older:
        there.append(read(Position(before=there[-1].older)))
    assert [job for one in there for job in one.rows] == made
    assert there[0].newer is None
    back = [there[-1]]
    while back[-1].newer:
        back.append(read(Position(after=back[-1].newer)))
    assert {job for one in back for job in one.rows} == set(made)
    assert len(back) == len(there)


@pytest.mark.django_db
def test_beyond_the_ends_there_is_nothing_and_no_way_on() -> None:
    [newest, *_, oldest] = make_jobs(make_tenant(), 3)
    nothing: Page[AIJob] = Page([], None, None)
    assert read(Position(before=oldest.pk)) == nothing
    assert read(Position(after=newest.pk)) == nothing


@given(st.timedeltas(timedelta(days=-20_000), timedelta(days=80_000)))
def test_ids_lie_on_the_side_of_a_moment_that_they_were_made_on(since: timedelta) -> None:
    moment = NOW + since
    assert first_id_of(moment) <= new_id(moment) < first_id_after(moment)
    assert new_id(moment - 2 * MILLISECOND) < first_id_of(moment)
    assert new_id(moment + 2 * MILLISECOND) >= first_id_after(moment)


def test_moments_before_there_were_ids_have_one_all_the_same() -> None:
    assert first_id_of(datetime(1, 1, 2, tzinfo=UTC)) == UUID(int=0)
