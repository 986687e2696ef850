"""A result is expected between two moments, and what is late says why."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aijobs.models import (
    FOR_A_PERSON,
    AIJob,
    Batch,
    BlockReason,
    Collection,
    Rescue,
    Seeding,
    Trial,
    new_id,
)
from aijobs.pipeline import _breaker
from aijobs.reading import delays, forecast
from aijobs.reading.forecast import NOTHING, Expected, Forecast
from aijobs.turnaround.choice import CALL, SENDING, calls, ours
from aijobs.turnaround.history import Turnaround
from aijobs.turnaround.model import LEVELS
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WINDOW = 5 * MINUTE
# Half within five minutes, nine of ten within nine.
PROMISED = [600 * level for level in LEVELS]
CountQueries = Callable[[int], Any]


@pytest.fixture(autouse=True)
def _as_customers_have_it(settings: Any) -> None:
    settings.AIJOBS_SUBMIT_EVERY = WINDOW.total_seconds()
    settings.AIJOBS_POLL_EVERY = 30
    settings.AIJOBS_URGENT_AT_ONCE = 8
    settings.AIJOBS_QUEUE_SLOTS = 0


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def expect(job: AIJob, now: datetime = NOW) -> Expected:
    return Forecast(job.tenant, now).of_job(job)


def seconds(level: float, requests: int = 1) -> timedelta:
    return timedelta(seconds=Turnaround.load(NOW).promise(requests, frozenset()).within(level))


def about(moment: datetime | None, wanted: datetime) -> bool:
    return moment is not None and abs(moment - wanted) <= SECOND


def in_batch(tenant: Tenant, status: str = "submitted", **fields: Any) -> AIJob:
    batch = make_batch(status, promised_seconds=PROMISED, foreseen_seconds=PROMISED, **fields)
    return make_job(tenant, status="submitted", batch=batch)


def test_a_waiting_job_waits_for_its_batch_first(tenant: Tenant) -> None:
    found = expect(make_job(tenant))
    assert about(found.soonest, NOW + seconds(0.1))
    assert about(found.latest, NOW + WINDOW + seconds(0.9) + ours(1))
    assert found.late is None


def test_what_should_have_left_an_hour_ago_leaves_now_if_ever(tenant: Tenant) -> None:
    found = expect(make_job(tenant), NOW + HOUR)
    assert found.latest
    assert found.latest < NOW + HOUR + seconds(0.9) + ours(1) + MINUTE


def test_it_takes_as_long_as_a_batch_of_all_that_waits(tenant: Tenant) -> None:
    alone = expect(make_job(tenant)).latest
    for _ in range(19):
        job = make_job(tenant)
    found = expect(job)
    assert about(found.latest, NOW + WINDOW + seconds(0.9, 20) + ours(20))
    assert alone
    assert found.latest
    assert found.latest > alone


def test_history_moves_it(tenant: Tenant) -> None:
    ended(20.0)
    found = expect(make_job(tenant))
    assert found.latest
    assert found.latest - NOW - WINDOW - ours(1) < MINUTE


def test_a_job_of_a_batch_is_expected_when_the_batch_is(tenant: Tenant) -> None:
    found = expect(in_batch(tenant))
    assert about(found.soonest, NOW + MINUTE)
    assert about(found.latest, NOW + 9 * MINUTE + ours(1))
    assert found.late is None


def test_the_longer_it_goes_on_the_later_it_may_end(tenant: Tenant) -> None:
    job = in_batch(tenant)
    before = expect(job)
    later = expect(job, NOW + 5 * MINUTE)
    assert later.soonest
    assert before.soonest
    assert before.latest
    assert later.latest
    assert later.soonest > NOW + 5 * MINUTE > before.soonest
    assert later.latest > before.latest


def test_later_than_usual_is_said_and_how_long_is_usual(tenant: Tenant) -> None:
    found = expect(in_batch(tenant), NOW + 10 * MINUTE)
    assert found.late == (
        "It takes longer than usual: nine of ten batches like its own end within 9 minutes."
    )
    assert found.latest
    assert found.latest > NOW + 10 * MINUTE


def test_a_slow_hour_is_the_reason_of_all_that_is_under_way(tenant: Tenant) -> None:
    ended(400.0, batches=5, now=NOW + timedelta(days=1) - MINUTE, promised=100.0)
    for job in (make_job(tenant), in_batch(tenant)):
        found = expect(job)
        assert found.late == "Batches take about 8 times as long as usual at the moment."
        assert found.latest
        assert found.latest > NOW + HOUR
        assert expect(job, NOW + 2 * HOUR).late != found.late


def test_what_ended_is_stored_in_a_moment(tenant: Tenant) -> None:
    found = expect(in_batch(tenant, "ended"))
    assert found.soonest == NOW
    assert about(found.latest, NOW + ours(1))


@pytest.mark.parametrize("status", AIJob.FINAL)
def test_what_is_over_is_not_expected(tenant: Tenant, status: str) -> None:
    assert expect(make_job(tenant, status=status, finished_at=NOW)) == NOTHING


def test_a_direct_call_takes_seconds_and_its_turn(tenant: Tenant) -> None:
    job = make_job(tenant, route="sync", needed_by=NOW)
    assert expect(job) == Expected(NOW, NOW + SENDING + CALL)
    for _ in range(15):
        make_job(tenant, route="sync", needed_by=NOW)
    assert expect(job) == Expected(NOW, NOW + SENDING + calls(16), delays.CALLS)


def test_a_call_under_way_may_take_longer_than_usual(tenant: Tenant) -> None:
    job = make_job(tenant, route="sync", status="processing", started_at=NOW)
    assert expect(job, NOW + SECOND) == Expected(NOW + SECOND, NOW + CALL)
    assert expect(job, NOW + MINUTE).late == delays.SLOW_CALL


def test_a_deadline_that_no_batch_meets_runs_at_once(tenant: Tenant) -> None:
    job = make_job(tenant, needed_by=NOW + MINUTE)
    assert expect(job).latest == NOW + SENDING + CALL
    Tenant.objects.update(full_price=False)
    found = expect(AIJob.objects.get())
    assert found.latest
    assert found.latest > NOW + WINDOW


def test_a_batch_that_is_too_slow_for_a_deadline_is_rescued_in_time(tenant: Tenant) -> None:
    job = in_batch(tenant)
    job.needed_by = NOW + 8 * MINUTE
    assert expect(job).latest == job.needed_by
    job.tenant.rescue_usd = Decimal(1)
    assert about(expect(job).latest, NOW + 9 * MINUTE + ours(1))


def test_a_deadline_that_has_passed_is_said_until_the_job_has_ended(tenant: Tenant) -> None:
    batch = make_batch("submitted", needed_by=NOW + HOUR, promised_seconds=PROMISED)
    job = make_job(tenant, status="submitted", batch=batch, needed_by=NOW + HOUR)
    late = expect(job, NOW + HOUR).late
    assert late
    assert late.startswith(f"{delays.OVERDUE} ")
    assert delays.OVERDUE not in (expect(job, NOW + HOUR - SECOND).late or "")
    over = make_job(tenant, status="failed", needed_by=NOW + HOUR, finished_at=NOW + HOUR)
    assert expect(over, NOW + 2 * HOUR) == NOTHING


def test_where_rescues_are_used_up_it_stays_with_batches(tenant: Tenant) -> None:
    job = make_job(tenant, needed_by=NOW + MINUTE, attempts=1, reserved_usd=Decimal(1))
    tenant.rescue_usd = Decimal("0.75")
    assert Forecast(tenant, NOW).is_late(job)
    Rescue.objects.create(tenant=tenant, jobs=1, usd=Decimal("0.5"), decided_at=NOW)
    assert not Forecast(tenant, NOW).is_late(job)


def test_a_batch_that_is_canceled_says_that_nothing_is_run_again(tenant: Tenant) -> None:
    job = in_batch(tenant, "canceling", canceling_at=NOW, rescued_at=NOW)
    found = expect(job)
    canceling = Turnaround.load(NOW).model.canceled_within(0.9)
    wanted = timedelta(seconds=canceling) + ours(1) + calls(1)
    assert about(found.latest, NOW + wanted)
    assert found.late == delays.CANCELING
    long = expect(job, NOW + HOUR)
    assert long.latest
    assert long.latest > NOW + HOUR
    Batch.objects.update(rescued_at=None)
    again = expect(AIJob.objects.select_related("batch").get())
    assert again.latest
    assert again.latest > NOW + WINDOW


def test_of_a_batch_in_doubt_nothing_is_known(tenant: Tenant) -> None:
    assert expect(in_batch(tenant, "unconfirmed")) == Expected(late=delays.IN_DOUBT)


def test_while_sending_is_paused_nobody_can_tell(tenant: Tenant) -> None:
    jobs = [make_job(tenant), make_job(tenant, route="sync"), in_batch(tenant, "assembled")]
    running = in_batch(tenant)
    _breaker.trip(BlockReason.LOW_CREDIT, "no credit", sent_at=NOW, now=NOW)
    for job in jobs:
        found = expect(job)
        assert found.latest is None
        assert found.late
        assert found.late.startswith("Sending is paused. The credit of the Anthropic account")
    assert expect(running).latest


def test_who_has_spent_the_month_waits_for_the_next_one(tenant: Tenant, settings: Any) -> None:
    make_charge(make_job(tenant, status="completed", finished_at=NOW), "5")
    tenant.limit_usd = Decimal(5)
    tenant.save()
    found = expect(make_job(tenant))
    assert found.latest is None
    assert found.late
    assert "it waits until 1 December, or until an owner raises the limit" in found.late
    other = make_job(make_tenant())
    assert expect(other).late is None
    settings.AIJOBS_MONTHLY_LIMIT_USD = Decimal(5)
    assert "limit of this installation" in str(expect(other).late)


def test_more_than_there_is_room_for_goes_by_turns(tenant: Tenant, settings: Any) -> None:
    job = make_job(tenant)
    usual = expect(job)
    settings.AIJOBS_QUEUE_SLOTS, settings.AIJOBS_BATCH_REQUESTS = 10, 10
    make_batch("submitted", requests=10)
    found = expect(job)
    assert found.late == delays.TURNS
    assert about(found.latest, NOW + WINDOW + 2 * (seconds(0.9) + ours(1)))
    assert found.soonest == usual.soonest
    for _ in range(15):
        make_job(tenant)
    assert about(expect(job).latest, NOW + WINDOW + 3 * (seconds(0.9, 10) + ours(10)))


def test_nobody_counts_on_past_what_a_page_has_time_for(
    tenant: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "MOST_WAITING", 3)
    for _ in range(4):
        job = make_job(tenant)
    settings.AIJOBS_BATCH_REQUESTS = 50
    assert about(expect(job).latest, NOW + WINDOW + seconds(0.9, 50) + ours(50))
    settings.AIJOBS_QUEUE_SLOTS = 10
    assert expect(job) == Expected(late=delays.TURNS)


def test_what_is_tried_again_says_so(tenant: Tenant) -> None:
    found = expect(make_job(tenant, attempts=1, not_before=NOW + HOUR))
    assert found.late == delays.AGAIN
    assert found.soonest
    assert found.soonest > NOW + HOUR


def collection_of(tenant: Tenant) -> Collection:
    return Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name="Policies",
        job_type="summarize",
        total=3,
        created_by="test",
        created_at=NOW,
    )


def test_what_waits_for_the_first_of_its_collection_says_so(tenant: Tenant) -> None:
    collection = collection_of(tenant)
    job = make_job(tenant, collection=collection, not_before=NOW + HOUR)
    Seeding.objects.create(
        collection=collection,
        job_id=new_id(NOW),
        model="m",
        prefix_sha256=b"",
        prefix_tokens=1,
        prompt_tokens=1,
        rows=2,
        without_usd=1,
        saving_usd=1,
        give_up_at=NOW + HOUR,
    )
    found = expect(job)
    assert found.late == delays.SEED
    assert found.soonest
    assert found.latest
    assert found.soonest < NOW + HOUR < found.latest


@pytest.mark.parametrize(("is_trial", "late"), [(True, delays.TRIAL), (False, delays.SEED_FAILED)])
def test_what_waits_for_a_person_says_for_what(tenant: Tenant, is_trial: bool, late: str) -> None:
    collection = collection_of(tenant)
    if is_trial:
        Trial.objects.create(collection=collection, jobs=1)
    job = make_job(tenant, collection=collection, not_before=FOR_A_PERSON)
    assert expect(job) == Expected(late=late)


def test_who_asks_the_same_waits_for_that_job(tenant: Tenant) -> None:
    first = in_batch(tenant)
    job = make_job(tenant, answered_by=first.pk)
    wanted = expect(first)
    assert expect(job) == Expected(wanted.soonest, wanted.latest, delays.SHARING)


def test_a_collection_is_expected_with_its_last_job_or_not_at_all(tenant: Tenant) -> None:
    collection = collection_of(tenant)

    def expected() -> Expected:
        return Forecast(tenant, NOW).of_collection(collection)

    def add(**fields: Any) -> AIJob:
        return make_job(tenant, collection=collection, **fields)

    assert expected() == NOTHING
    batch = make_batch("submitted", promised_seconds=PROMISED)
    in_a_batch = expect(add(status="submitted", batch=batch))
    add(status="failed", finished_at=NOW)
    assert expected() == in_a_batch
    waiting = expect(add(not_before=NOW + HOUR, attempts=1))
    assert expected() == waiting
    add(route="sync")
    assert expected() == waiting
    add(not_before=FOR_A_PERSON)
    assert expected() == Expected(late=delays.SEED_FAILED)


def test_a_page_reads_the_history_once(
    tenant: Tenant, django_assert_num_queries: CountQueries
) -> None:
    ended(60.0)
    jobs = [in_batch(tenant) for _ in range(5)]
    page = Forecast(tenant, NOW)
    with django_assert_num_queries(1):
        assert all(page.of_job(job).latest for job in jobs)
