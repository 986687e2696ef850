"""No more requests are at Anthropic at once than its queue takes; what waits does so here."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from aijobs import gateway
from aijobs.models import AIJob, Batch, Submission
from aijobs.pipeline import _shares, assemble, dispatch, poll, reconcile, settle
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, at, hold, put_together, queue

pytestmark = pytest.mark.django_db


def queue_many(tenant: Tenant, jobs: int, now: datetime = NOW) -> None:
    queue(*[f"Policy {number} covers hail." for number in range(jobs)], tenant=tenant, now=now)


def at_anthropic() -> int:
    """The requests that Anthropic works on, as it says itself."""
    listed = gateway.batches_since("", NOW.replace(year=2000))
    return sum(remote.requests for remote in listed if not remote.has_ended)


def end_oldest(emulator: Emulator, now: datetime) -> None:
    """Let the batch that was sent first end, and settle it."""
    batch = Batch.objects.filter(status="submitted").earliest("pk")
    assert batch.remote_id
    emulator.end(batch.remote_id)
    poll.run(now)
    assert settle.run(now) == 1


def shares(batch: Batch) -> Counter[int]:
    return Counter(AIJob.objects.filter(batch=batch).values_list("tenant_id", flat=True))


def run_stages(emulator: Emulator, slots: int) -> list[Counter[int]]:
    """Every stage, with one batch ending after the other, to the end: what each batch held."""
    hold(emulator)
    now, seen = DUE, 0
    while True:
        assemble.run(now)
        dispatch.run(now, at(now))
        # Nothing but dispatch adds to Anthropic's queue: it never holds more than now.
        assert at_anthropic() == _shares.slots_in_use() <= slots
        seen = max(seen, at_anthropic())
        if not Batch.objects.filter(status="submitted").exists():
            assert seen == slots
            return [shares(batch) for batch in Batch.objects.order_by("pk")]
        now += MINUTE
        end_oldest(emulator, now)


def test_ten_jobs_are_in_the_next_batch_however_many_another_tenant_has(
    emulator: Emulator, settings: Settings
) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_QUEUE_SLOTS = 30, 60
    hold(emulator)
    giant, small = make_tenant(), make_tenant()
    queue_many(giant, 150)
    assert assemble.run(DUE) == 2
    assert dispatch.run(DUE, at(DUE)) == 2
    queue_many(small, 10, now=DUE)
    later = DUE + 5 * MINUTE
    assert not assemble.due(later)
    assert assemble.run(later) == 0
    assert at_anthropic() == 60
    assert AIJob.objects.filter(status="queued", attempts=0).count() == 100

    end_oldest(emulator, later)
    assert assemble.run(later) == 1
    assert dispatch.run(later, at(later)) == 1
    assert shares(Batch.objects.latest("pk")) == {giant.pk: 20, small.pk: 10}
    assert at_anthropic() == 60


def test_weights_three_and_one_share_three_to_one_and_slots_are_never_exceeded(
    emulator: Emulator, settings: Settings
) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_QUEUE_SLOTS = 12, 24
    heavy, light = make_tenant(weight=3), make_tenant()
    queue_many(heavy, 54)
    queue_many(light, 30)
    history = run_stages(emulator, slots=24)
    assert history[:6] == [{heavy.pk: 9, light.pk: 3}] * 6
    assert sum(history, Counter()) == {heavy.pk: 54, light.pk: 30}
    assert_books_agree(emulator)


@pytest.mark.parametrize(("requests", "slots"), [(5, 13), (9, 9), (20, 7)])
def test_slots_hold_whatever_the_sizes(
    emulator: Emulator, settings: Settings, requests: int, slots: int
) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_QUEUE_SLOTS = requests, slots
    settings.AIJOBS_SUBMIT_WHEN = 1
    queue_many(make_tenant(), 40)
    queue_many(make_tenant(weight=2), 17)
    run_stages(emulator, slots)
    assert_books_agree(emulator)


def test_what_is_in_doubt_takes_its_place_until_it_is_found(
    emulator: Emulator, settings: Settings
) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_QUEUE_SLOTS = 6, 10
    settings.AIJOBS_SUBMIT_WHEN = 1
    hold(emulator)
    queue_many(make_tenant(), 20)
    emulator.control("POST", "faults", {"at": "create", "fault": "drop", "when": "after"})
    assert assemble.run(DUE) == 2
    assert dispatch.run(DUE, at(DUE)) == 1
    assert set(Batch.objects.values_list("status", "requests")) == {
        ("unconfirmed", 6),
        ("submitted", 4),
    }
    later = DUE + 5 * MINUTE
    assert assemble.run(later) == 0
    reconcile.run(later)
    assert assemble.run(later) == 0
    assert at_anthropic() == 10


def test_a_duplicate_takes_its_place_until_it_is_canceled(settings: Settings) -> None:
    settings.AIJOBS_QUEUE_SLOTS = 10
    duplicate = Submission.objects.create(
        batch=make_batch("settled"),
        state="duplicate",
        nonce="d" * 10,
        requests=8,
        sent_at=NOW,
        remote_id="msgbatch_twice",
    )
    assert _shares.room() == 2
    Submission.objects.filter(pk=duplicate.pk).update(ended_at=NOW)
    assert _shares.room() == 10


@pytest.mark.parametrize(
    ("status", "takes"),
    [
        ("assembled", True),
        ("submitting", True),
        ("unconfirmed", True),
        ("submitted", True),
        ("canceling", True),
        ("ended", False),
        ("settled", False),
        ("rejected", False),
    ],
)
def test_room_is_what_no_open_batch_takes(settings: Settings, status: str, takes: bool) -> None:
    settings.AIJOBS_QUEUE_SLOTS = 10
    make_batch(status, requests=7)
    assert _shares.room() == (3 if takes else 10)


def test_without_a_limit_no_batch_waits_for_another(emulator: Emulator, settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_QUEUE_SLOTS = 5, 0
    hold(emulator)
    queue_many(make_tenant(), 23)
    assert assemble.run(DUE) == 5
    assert dispatch.run(DUE, at(DUE)) == 5
    assert at_anthropic() == 23


def test_a_queue_that_is_nearly_full_is_not_filled_with_crumbs(settings: Settings) -> None:
    """Each would end by itself, and leave room for no more than another crumb."""
    settings.AIJOBS_QUEUE_SLOTS, settings.AIJOBS_SUBMIT_WHEN = 100, 20
    make_batch("submitted", requests=95)
    tenant = make_tenant()
    queue_many(tenant, 6)
    assert not assemble.due(DUE)
    assert assemble.run(DUE) == 0
    # All that waits may go, for it leaves nothing behind.
    AIJob.objects.filter(pk=AIJob.objects.earliest("pk").pk).delete()
    assert assemble.run(DUE) == 1


def test_dispatch_sends_nothing_that_does_not_fit_and_lets_none_overtake(
    emulator: Emulator, settings: Settings
) -> None:
    hold(emulator)
    for jobs in (4, 5, 1):
        queue_many(make_tenant(), jobs)
        put_together()
    settings.AIJOBS_QUEUE_SLOTS = 8
    assert dispatch.run(DUE, at(DUE)) == 1
    assert not dispatch.due(DUE)
    assert dispatch.run(DUE, at(DUE)) == 0
    assert at_anthropic() == 4
    end_oldest(emulator, DUE + MINUTE)
    assert dispatch.run(DUE + MINUTE, at(DUE + MINUTE)) == 2
    assert at_anthropic() == 6


def test_a_batch_larger_than_the_whole_queue_is_sent_in_parts(
    emulator: Emulator, settings: Any
) -> None:
    queue_many(make_tenant(), 20)
    put_together()
    settings.AIJOBS_QUEUE_SLOTS = 8
    history = run_stages(emulator, slots=8)
    assert [batch.total() for batch in history] == [8, 8, 4]
    assert_books_agree(emulator)


def test_what_is_in_use_is_read_by_indexes_of_what_is_open(settings: Settings) -> None:
    """Settled batches are kept for ever; they are not walked once a second."""
    settings.AIJOBS_QUEUE_SLOTS = 10
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as asked:
            _shares.room()
        assert len(asked) == 3
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "batch_open" in plan or "submission_open_duplicate" in plan, plan
