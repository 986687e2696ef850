"""How the job that goes first ends decides what becomes of those that wait for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from aijobs.models import FOR_A_PERSON, AIJob, Batch, LedgerEntry, Seeding
from aijobs.pipeline import accept, assemble, dispatch, seed, withdraw
from aijobs.reading import collections
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.seeded import QUESTIONS, ROWS, cached, go, policies, state_of, waits
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, at, keep_going, queue

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def any_saving_is_worth_it(settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0


@pytest.mark.parametrize("order", ["refusal", "invalid_json", "errored:invalid_request_error"])
def test_what_the_first_one_fails_for_holds_the_others(emulator: Emulator, order: str) -> None:
    collection = policies(f"A line. [[emulate:{order}]]")
    for minute in range(10):
        go(NOW + minute * MINUTE)
        seed.run(NOW + minute * MINUTE)
    assert state_of(collection) == "refused"
    assert waits(collection) == {FOR_A_PERSON}
    day = NOW + timedelta(days=1)
    go(day)
    assert collection.counts()["queued"] == ROWS - 1
    found = collections.detail(collection.tenant, collection.pk, now=day)
    assert found.expected.latest is None
    assert found.caching
    assert "wait until you let them go on" in found.caching.message
    assert seed.let_go_on(collection) == ROWS - 1
    assert seed.let_go_on(collection) == 0
    keep_going(day)
    # Its own second attempt read what the first one wrote.
    assert cached(collection)[0] == (1 if order == "invalid_json" else 0)
    assert collection.counts() | {"completed": ROWS - 1, "failed": 1} == collection.counts()
    assert_books_agree(emulator)


@pytest.mark.usefixtures("emulator")
def test_held_jobs_can_be_canceled_and_queued_again() -> None:
    collection = policies("A line. [[emulate:refusal]]")
    go(NOW)
    seed.run(NOW)
    assert withdraw.cancel_collection(collection, now=NOW) == ROWS - 1
    assert seed.let_go_on(collection) == 0
    assert accept.retry_collection(collection, "canceled", now=NOW) == ROWS - 1
    keep_going(DUE)
    assert collection.counts()["completed"] == ROWS - 1


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("order", ["expired*1", "errored:overloaded_error*1", "max_tokens*1"])
def test_a_first_one_that_fails_in_passing_is_sent_again(order: str) -> None:
    collection = policies(f"A line. [[emulate:{order}]]")
    go(NOW)
    seed.run(NOW)
    assert state_of(collection) == "waiting"
    go(NOW + 2 * MINUTE)
    seed.run(NOW + 2 * MINUTE)
    assert state_of(collection) == "warm"
    assert Batch.objects.count() == 2
    keep_going(DUE)
    assert cached(collection)[0] >= ROWS - 1


@pytest.mark.usefixtures("emulator")
def test_the_others_go_when_the_first_one_never_succeeds_for_no_fault_of_its_own() -> None:
    collection = policies("A line. [[emulate:expired]]")
    keep_going(NOW)
    assert state_of(collection) == "cold"
    assert cached(collection) == (0, 0)
    assert collection.counts()["completed"] == ROWS - 1


def test_the_others_go_without_the_cache_when_the_first_one_takes_too_long(
    emulator: Emulator,
) -> None:
    emulator.control("POST", "settings", {"latency_base": 3_600})
    collection = policies()
    go(NOW)
    before = NOW + 30 * MINUTE - SECOND
    assert not seed.due(before)
    assert assemble.run(before) == 0
    # Nobody but the clock is needed for it.
    emulator.control("POST", "settings", {"latency_base": 0})
    go(NOW + 30 * MINUTE + 5 * MINUTE)
    assert collection.counts()["completed"] == ROWS - 1
    assert cached(collection) == (0, 0)
    assert seed.run(NOW + 36 * MINUTE) == 1
    assert state_of(collection) == "cold"
    emulator.control("POST", "clock", {"advance_seconds": 3_600})
    keep_going(NOW + 40 * MINUTE)
    assert cached(collection) == (0, 1)
    assert_books_agree(emulator)


@pytest.mark.usefixtures("emulator")
def test_what_is_sent_after_the_hour_goes_without_the_cache() -> None:
    collection = policies()
    go(NOW)
    seed.run(NOW + MINUTE)
    warm_until = Seeding.objects.get().warm_until
    assert warm_until == NOW + 50 * MINUTE
    assemble.run(NOW + MINUTE)
    dispatch.run(warm_until, at(warm_until))
    keep_going(warm_until)
    assert cached(collection) == (0, 1)


@pytest.mark.usefixtures("emulator")
def test_a_cache_that_is_gone_when_the_first_one_is_known_is_not_used(settings: Any) -> None:
    settings.AIJOBS_SEED_SECONDS = 7_200
    collection = policies()
    go(NOW)
    assert seed.run(NOW + 60 * MINUTE) == 1
    assert state_of(collection) == "cold"
    assert waits(collection) == {NOW}


@pytest.mark.usefixtures("emulator")
def test_the_others_go_when_the_first_one_is_canceled() -> None:
    collection = policies()
    assert withdraw.cancel_job(AIJob.objects.get(not_before=NOW), now=NOW)
    assert seed.run(NOW) == 1
    assert waits(collection) == {NOW}
    keep_going(DUE)
    assert cached(collection) == (0, 0)


@pytest.mark.usefixtures("emulator")
def test_nobody_needs_to_wait_for_the_first_one() -> None:
    collection = policies()
    assert seed.let_go_on(collection) == ROWS - 1
    assert waits(collection) == {NOW}
    assert seed.run(NOW) == 0


@pytest.mark.usefixtures("emulator")
def test_two_workers_let_the_others_go_once() -> None:
    policies()
    go(NOW)
    one, other = Seeding.objects.get(), Seeding.objects.get()
    assert seed.decide(one, NOW)
    assert not seed.decide(other, NOW)


@pytest.mark.usefixtures("emulator")
def test_who_asks_is_told_the_latest_end_of_those_that_wait() -> None:
    queue("Hail.")
    keep_going(DUE)
    collection = policies()
    found = collections.detail(collection.tenant, collection.pk, now=NOW)
    assert found.expected.latest
    assert found.expected.latest >= Seeding.objects.get().give_up_at


@pytest.mark.usefixtures("emulator")
def test_counters_follow_jobs_that_are_held_and_let_go() -> None:
    collection = policies()
    assert collection.counts()["queued"] == ROWS
    go(NOW)
    seed.run(NOW)
    assert collection.counts() | {"queued": ROWS - 1, "completed": 1} == collection.counts()
    spent = LedgerEntry.objects.aggregate(tokens=Sum("cache_write_1h_tokens"))
    assert spent["tokens"] >= Seeding.objects.get().prefix_tokens


def test_who_asks_what_waits_for_a_person_waits_for_that_person(emulator: Emulator) -> None:
    tenant = make_tenant(repeat_days=30)
    refused, asked = "Refused. [[emulate:refusal]]", "Policy 9 covers fire."
    collection = policies(refused, asked, asked, tenant=tenant)
    go(DUE)
    seed.run(DUE + MINUTE)
    assert Seeding.objects.get().state == "refused"
    _, second, third, *_ = AIJob.objects.filter(collection=collection).order_by("pk")
    assert (third.answered_by, third.not_before) == (second.pk, FOR_A_PERSON)
    later = accept.accept_job(
        tenant,
        "analyze",
        {"document_text": asked, "questions": QUESTIONS},
        now=NOW,
        created_by="ann",
    )
    assert (later.answered_by, later.not_before) == (second.pk, FOR_A_PERSON)
    assert seed.let_go_on(collection) == ROWS - 2
    keep_going(DUE + MINUTE)
    assert AIJob.objects.filter(answered_by=second.pk, status="completed").count() == 2
