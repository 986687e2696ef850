"""A forecast is what was usual lately, and silence where nothing is known."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Collection, new_id
from aijobs.reading.forecast import BATCHES, Forecast, expected_end
from tests.factories import NOW, make_batch, make_job, make_tenant

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def make_history(*minutes: float) -> None:
    for one in minutes:
        make_batch("settled", submitted_at=NOW, settled_at=NOW + one * MINUTE)


@pytest.fixture(autouse=True)
def _submit_every_five_minutes(settings: object) -> None:
    settings.AIJOBS_SUBMIT_EVERY = 300  # type: ignore[attr-defined]


def test_without_history_there_is_no_forecast() -> None:
    assert expected_end(make_job(make_tenant()), now=NOW) is None


def test_nine_of_ten_batches_were_quicker() -> None:
    make_history(*range(1, 12))
    assert Forecast.from_history().duration == 10 * MINUTE


def test_only_recent_batches_count() -> None:
    make_history(*[500] * 10, *[2] * BATCHES)
    assert Forecast.from_history().duration == 2 * MINUTE


def test_a_waiting_job_waits_for_its_batch_first() -> None:
    make_history(4)
    job = make_job(make_tenant())
    assert expected_end(job, now=NOW) == NOW + 9 * MINUTE
    # What should have been sent an hour ago is sent now, if ever.
    assert expected_end(job, now=NOW + 60 * MINUTE) == NOW + 64 * MINUTE


def test_a_job_of_a_batch_is_expected_when_the_batch_is() -> None:
    make_history(4)
    job = make_job(make_tenant(), status="submitted", batch=make_batch("submitted"))
    assert expected_end(job, now=NOW + MINUTE) == NOW + 4 * MINUTE
    assert expected_end(job, now=NOW + 5 * MINUTE) is None


@pytest.mark.parametrize("status", AIJob.FINAL)
def test_what_has_ended_is_not_expected(status: str) -> None:
    make_history(4)
    assert expected_end(make_job(make_tenant(), status=status, finished_at=NOW), now=NOW) is None


def test_a_direct_call_has_no_forecast() -> None:
    make_history(4)
    assert expected_end(make_job(make_tenant(), route="sync"), now=NOW) is None


def test_a_collection_is_expected_with_its_last_job_or_not_at_all() -> None:
    make_history(4)
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=make_tenant(),
        name="Policies",
        job_type="summarize",
        total=3,
        created_by="test",
        created_at=NOW,
    )

    def expected() -> datetime | None:
        return Forecast.from_history().of_collection(collection.tenant, collection, now=NOW)

    def add(**fields: Any) -> None:
        make_job(collection.tenant, collection=collection, **fields)

    assert expected() is None
    add(status="submitted", batch=make_batch("submitted"))
    add(status="failed", finished_at=NOW)
    assert expected() == NOW + 4 * MINUTE
    add()
    assert expected() == NOW + 9 * MINUTE
    add(route="sync")
    assert expected() is None
