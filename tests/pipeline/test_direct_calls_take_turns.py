"""Urgent jobs start by turns among the tenants: nobody waits for the end of another's queue."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Event

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from aijobs.models import AIJob, Turn
from aijobs.pipeline import accept, expedite
from aijobs.postgres.locks import exclusive
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import assert_books_agree, at, queue

pytestmark = pytest.mark.django_db


def queue_urgent(count: int, tenant: Tenant | None = None, now: datetime = NOW) -> Tenant:
    """So many urgent jobs of one tenant."""
    tenant = tenant or make_tenant()
    rows = enumerate([{"document_text": "Hail is covered."}] * count, 1)
    accept.accept_collection(
        tenant, "c", "summarize", rows, now=now, created_by="ann", needed_within=0
    )
    return tenant


def tenants_of(jobs: list[AIJob]) -> Counter[int]:
    return Counter(job.tenant_id for job in jobs)


def by_turns(jobs: list[AIJob]) -> list[AIJob]:
    """What was claimed at once: one of each tenant after the other."""
    of_tenant: Counter[int] = Counter()
    places = {}
    for job in jobs:
        places[job] = (of_tenant[job.tenant_id], job.tenant_id)
        of_tenant[job.tenant_id] += 1
    return sorted(jobs, key=places.__getitem__)


def starts() -> Iterator[list[AIJob]]:
    """Jobs as they are claimed while calls end one after the other, the oldest first."""
    calls: deque[AIJob] = deque()
    while True:
        claimed = by_turns(expedite.claim(list(calls), NOW))
        calls += claimed
        if not calls:
            return
        yield claimed
        ended = calls.popleft()
        AIJob.objects.filter(pk=ended.pk).update(status="completed", finished_at=NOW)


def test_one_urgent_job_starts_next_though_another_tenant_has_taken_every_slot(
    settings: Settings,
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    queue_urgent(60)
    running = expedite.claim([], NOW)
    assert len(running) == 4
    assert expedite.claim(running, NOW) == []
    [single] = queue(needed_within=0)
    assert expedite.claim(running, NOW) == [single]


def test_a_single_urgent_job_is_answered_long_before_the_queue_of_another_tenant(
    emulator: Emulator, settings: Settings
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 2
    emulator.control("POST", "settings", {"latency_message": 0.1})
    queue_urgent(12)
    moments = (NOW + timedelta(milliseconds=number) for number in count())
    late: list[AIJob] = []

    def clock() -> datetime:
        """The single job comes when the first answer is here."""
        if not late:
            late.extend(queue(needed_within=0))
        return next(moments)

    assert expedite.run(NOW, clock) == 13
    [single] = late
    ended = list(AIJob.objects.order_by("finished_at").values_list("pk", flat=True))
    assert ended.index(single.pk) < 5
    assert_books_agree(emulator)


def test_two_with_long_queues_alternate(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 3
    one, other = queue_urgent(8), queue_urgent(8)
    order = [job.tenant_id for claimed in starts() for job in claimed]
    assert order == [one.pk, other.pk] * 8


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_nobody_starts_more_than_one_job_more_than_another_that_waits(
    settings: Settings, slots: int
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = slots
    queued = {queue_urgent(jobs).pk: jobs for jobs in (3, 9, 5, 9)}
    started: Counter[int] = Counter()
    for claimed in starts():
        started += tenants_of(claimed)
        behind = [tenant for tenant in queued if started[tenant] < queued[tenant]]
        for tenant in behind:
            assert max(started.values()) - started[tenant] <= 1
    assert started == queued


def test_calls_side_by_side_are_shared_by_weight(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 8
    heavy, light = queue_urgent(60, make_tenant(weight=3)), queue_urgent(60)
    running: deque[AIJob] = deque()
    for _ in range(20):
        running += by_turns(expedite.claim(list(running), NOW))
        assert tenants_of(list(running)) == {heavy.pk: 6, light.pk: 2}
        ended = running.popleft()
        AIJob.objects.filter(pk=ended.pk).update(status="completed", finished_at=NOW)


def test_a_heavy_tenant_does_not_keep_a_light_one_from_its_first_call(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 2
    queue_urgent(20, make_tenant(weight=100))
    running = expedite.claim([], NOW)
    assert len(running) == 2
    [single] = queue(needed_within=0)
    assert expedite.claim(running, NOW) == [single]


def test_calls_are_never_more_than_twice_the_setting(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 3
    for _ in range(20):
        queue_urgent(5)
    running = expedite.claim([], NOW)
    assert set(tenants_of(running).values()) == {1}
    assert len(running) == 6
    assert expedite.claim(running, NOW) == []
    # One tenant alone has the shared slots, and no others.
    AIJob.objects.exclude(tenant=running[0].tenant).delete()
    alone = expedite.claim(running[:1], NOW)
    assert len(alone) == 2


def test_eight_tenants_with_long_queues_do_not_starve_a_ninth(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    for _ in range(8):
        queue_urgent(20)
    calls = starts()
    for _ in range(10):
        next(calls)
    # Every slot is taken; the first that gets free is the ninth tenant's.
    [ninth] = queue(needed_within=0)
    assert next(calls) == [ninth]


def test_who_was_served_before_comes_before_those_that_were_served_since(
    settings: Settings,
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 1
    first = queue_urgent(1)
    queue_urgent(20)
    queue_urgent(20)
    calls = starts()
    for _ in range(6):
        next(calls)
    queue_urgent(2, first)
    assert [job.tenant for job in next(calls)] == [first]


def test_jobs_that_went_into_a_batch_cost_no_turn_at_once(settings: Settings) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 1
    first, second = queue_urgent(1), queue_urgent(1)
    Turn.objects.create(tenant=first, route="batch", number=100)
    claimed = expedite.claim([], NOW)
    assert tenants_of(claimed) == {first.pk: 1, second.pk: 1}


def test_whether_anything_is_urgent_is_answered_without_reading_a_document() -> None:
    queue("A secret document.", needed_within=0)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert expedite.due(NOW)
    assert asked
    for query in asked:
        assert "document" not in query["sql"]
        assert "options" not in query["sql"]


def test_a_claim_loads_the_documents_of_what_it_claims(emulator: Emulator) -> None:
    queue(*[f"Policy {number}." for number in range(3)], needed_within=0)
    claimed = expedite.claim([], NOW)
    with CaptureQueriesContext(connection) as asked:
        assert len([expedite.ask(job) for job in claimed]) == 3
    assert not asked.captured_queries


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_claims_another_does_not(emulator: Emulator) -> None:
    queue(needed_within=0)
    is_held, may_end = Event(), Event()

    def claiming() -> None:
        try:
            with exclusive("expedite") as mine:
                assert mine
                is_held.set()
                assert may_end.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        holding = other.submit(claiming)
        assert is_held.wait(20)
        assert expedite.run(NOW, at(NOW)) == 0
        may_end.set()
        holding.result()
    assert expedite.run(NOW, at(NOW)) == 1
    assert AIJob.objects.get().attempts == 1
