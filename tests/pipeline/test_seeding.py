"""One job of a collection goes first; the others read what it cached, or learn from its end."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from aijobs import jobtypes
from aijobs.models import FOR_A_PERSON, AIJob, Batch, Collection, LedgerEntry, Seeding
from aijobs.pipeline import accept, assemble, dispatch, poll, seed, settle, withdraw
from aijobs.reading import collections
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, at, keep_going, queue

pytestmark = pytest.mark.django_db

QUESTIONS = [f"Which clause number {n} speaks of hail? " + "And of fire? " * 30 for n in range(8)]
SECOND = timedelta(seconds=1)
ROWS = 6


@pytest.fixture(autouse=True)
def any_saving_is_worth_it(settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0


def accept_rows(
    items: Iterable[dict[str, Any]], tenant: Tenant | None = None, **defaults: Any
) -> Collection:
    return accept.accept_collection(
        tenant or make_tenant(),
        "Policies",
        "analyze",
        enumerate(items, 1),
        now=NOW,
        created_by="ann",
        defaults={"questions": QUESTIONS} | defaults,
    ).collection


def policies(*texts: str, tenant: Tenant | None = None) -> Collection:
    """ROWS policies with the same questions; `texts` are those of the first ones."""
    more = [f"Policy {n} covers hail." for n in range(len(texts), ROWS)]
    return accept_rows([{"document_text": text} for text in (*texts, *more)], tenant)


def go(now: datetime) -> None:
    """All stages once, but the one that lets the others go. A batch ends within a minute."""
    assemble.run(now)
    dispatch.run(now, at(now))
    poll.run(now + MINUTE)
    settle.run(now + MINUTE)


def cached(collection: Collection) -> tuple[int, int]:
    """How many answers of a collection read the cache, and how many wrote it."""
    charges = LedgerEntry.objects.filter(job_id__in=AIJob.objects.filter(collection=collection))
    reads = charges.filter(cache_read_tokens__gt=0).count()
    return reads, charges.filter(cache_write_1h_tokens__gt=0).count()


def state_of(collection: Collection) -> str:
    return Seeding.objects.get(pk=collection.pk).state


def waits(collection: Collection) -> set[datetime]:
    jobs = AIJob.objects.filter(collection=collection, status="queued")
    return set(jobs.values_list("not_before", flat=True))


def test_one_goes_first_and_the_others_read_what_it_wrote(emulator: Emulator) -> None:
    collection = policies()
    assert waits(collection) == {NOW, NOW + 30 * MINUTE}
    assert assemble.due(NOW)
    go(NOW)
    assert Batch.objects.get().requests == 1
    assert seed.due(NOW + MINUTE)
    assert seed.run(NOW + MINUTE) == 1
    assert not seed.due(NOW + MINUTE)
    assert state_of(collection) == "warm"
    assert waits(collection) == {NOW}
    keep_going(DUE)
    assert cached(collection) == (ROWS - 1, 1)
    found = collections.detail(collection.tenant, collection.pk, now=DUE).caching
    assert found
    # Its tokens were counted low: it saves no less than was said.
    assert found.saved >= found.predicted > 0
    assert_books_agree(emulator)


def test_a_document_that_all_rows_share_is_what_is_cached(emulator: Emulator) -> None:
    collection = accept_rows(
        [{"questions": [f"Question {n}?"]} for n in range(ROWS)],
        document_text="The insurer pays for hail. " * 200,
    )
    go(NOW)
    seed.run(NOW + MINUTE)
    keep_going(DUE)
    assert cached(collection) == (ROWS - 1, 1)
    answers = AIJob.objects.filter(collection=collection).order_by("id")
    said = [one.output.result["answers"][0]["question"] for one in answers]
    assert said == [f"Question {n}?" for n in range(ROWS)]


@pytest.mark.usefixtures("emulator")
def test_rows_that_share_nothing_are_not_waited_for() -> None:
    short = accept.accept_collection(
        *(make_tenant(), "c", "analyze", enumerate([{"document_text": "x"}] * ROWS, 1)),
        now=NOW,
        created_by="ann",
    ).collection
    own = accept_rows(
        [{"document_text": "x", "questions": [f"{n}? {one}" for one in QUESTIONS]} for n in "abc"]
    )
    assert not Seeding.objects.exists()
    keep_going(DUE)
    assert cached(short) == cached(own) == (0, 0)


@pytest.mark.usefixtures("emulator")
def test_a_row_with_options_of_its_own_neither_waits_nor_caches() -> None:
    rows: list[dict[str, Any]] = [{"document_text": f"Policy {n}."} for n in range(ROWS)]
    rows.insert(0, {"document_text": "x", "questions": [f"Why? {one}" for one in QUESTIONS]})
    collection = accept_rows(rows)
    held = AIJob.objects.filter(collection=collection, not_before__gt=NOW)
    assert held.count() == ROWS - 1
    go(NOW)
    seed.run(NOW + MINUTE)
    keep_going(DUE)
    assert cached(collection) == (ROWS - 1, 1)


@pytest.mark.usefixtures("emulator")
def test_who_is_needed_sooner_does_not_wait() -> None:
    rows: list[dict[str, Any]] = [{"document_text": f"Policy {n}."} for n in range(ROWS)]
    rows[0]["needed_within"] = 24 * 3600
    rows[1]["needed_within"] = 48 * 3600
    rows[2]["needed_within"] = 0
    collection = accept_rows(rows)
    first, second, third, *_ = AIJob.objects.filter(collection=collection).order_by("id")
    assert first.not_before == third.not_before == NOW
    assert Seeding.objects.get().job_id == second.pk
    assert Seeding.objects.get().rows == ROWS - 2


@pytest.mark.usefixtures("emulator")
def test_what_saves_too_little_is_not_waited_for(settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 1
    policies()
    assert not Seeding.objects.exists()


@pytest.mark.usefixtures("emulator")
def test_it_can_be_turned_off_at_any_time(settings: Any) -> None:
    collection = policies()
    settings.AIJOBS_CACHE = False
    other = policies()
    assert set(Seeding.objects.values_list("pk", flat=True)) == {collection.pk}
    keep_going(NOW)
    assert cached(collection) == cached(other) == (0, 0)
    assert state_of(collection) == "cold"


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
def test_other_models_and_other_words_write_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    collection = policies()
    go(NOW)
    seed.run(NOW + MINUTE)
    monkeypatch.setattr(jobtypes.get("analyze"), "model", "claude-opus-5-5")
    keep_going(DUE)
    assert cached(collection) == (0, 1)


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
def test_seeds_go_apart_from_what_takes_longer() -> None:
    tenant = make_tenant()
    queue("Hail.", "Fire.", tenant=tenant)
    policies(tenant=tenant)
    policies()
    assert assemble.run(DUE) == 2
    seeds, others = Batch.objects.order_by("pk")
    assert (seeds.requests, others.requests) == (2, 2)
    in_seeds = AIJob.objects.filter(batch=seeds).values_list("pk", flat=True)
    assert set(in_seeds) == set(Seeding.objects.values_list("job_id", flat=True))


@pytest.mark.usefixtures("emulator")
def test_seeds_go_with_the_others_while_a_batch_is_in_doubt() -> None:
    make_batch("unconfirmed")
    queue("Hail.")
    policies()
    assert not assemble.due(NOW)
    assert assemble.run(DUE) == 1
    assert Batch.objects.latest("pk").requests == 2


@pytest.mark.usefixtures("emulator")
def test_two_workers_let_the_others_go_once() -> None:
    policies()
    go(NOW)
    one, other = Seeding.objects.get(), Seeding.objects.get()
    assert seed.decide(one, NOW)
    assert not seed.decide(other, NOW)


def test_seeds_keep_still_while_nothing_may_be_sent(emulator: Emulator) -> None:
    emulator.order("create", "status", status=429, error_code="enforced_spend_limit_reached")
    collection = policies()
    go(NOW)
    assert not assemble.due(NOW + SECOND)
    assert AIJob.objects.filter(collection=collection, status="queued").count() == ROWS
    # The breaker probes with the seed, and the account works again.
    keep_going(NOW + MINUTE)
    assert collection.counts()["completed"] == ROWS
    assert cached(collection)[1] <= 1


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


def test_where_the_first_was_asked_before_the_next_one_goes_first(emulator: Emulator) -> None:
    tenant = make_tenant(repeat_days=30)
    known = accept.accept_job(
        tenant,
        "analyze",
        {"document_text": "Policy 0 covers hail.", "questions": QUESTIONS},
        now=NOW,
        created_by="ann",
    )
    go(DUE)
    collection = policies(tenant=tenant)
    first, second, third = AIJob.objects.filter(collection=collection).order_by("pk")[:3]
    assert (first.status, first.answered_by) == ("completed", known.pk)
    seeding = Seeding.objects.get()
    assert (seeding.job_id, seeding.rows) == (second.pk, ROWS - 1)
    assert (second.not_before, third.not_before) == (NOW, seeding.give_up_at)


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
