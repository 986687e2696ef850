"""One job of a collection goes first, where it pays, and the others read what it cached."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.models import AIJob, Batch, Seeding
from aijobs.pipeline import accept, assemble, seed
from aijobs.reading import collections
from tests.factories import NOW, make_batch, make_tenant
from tests.ground import Emulator
from tests.pipeline.seeded import (
    QUESTIONS,
    ROWS,
    accept_rows,
    cached,
    go,
    policies,
    state_of,
    waits,
)
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, keep_going, queue

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def any_saving_is_worth_it(settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0


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


@pytest.mark.usefixtures("emulator")
def test_other_models_and_other_words_write_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    collection = policies()
    go(NOW)
    seed.run(NOW + MINUTE)
    monkeypatch.setattr(jobtypes.get("analyze"), "model", "claude-opus-5-5")
    keep_going(DUE)
    assert cached(collection) == (0, 1)


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
