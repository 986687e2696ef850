"""A few jobs of a collection run first; the others wait for a person."""

from typing import Any

import pytest

from aijobs.models import FOR_A_PERSON, AIJob, Batch, Collection, Seeding, Trial
from aijobs.pipeline import accept, assemble, expedite, seed, withdraw
from tests.factories import NOW, make_tenant
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
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, at, keep_going

pytestmark = pytest.mark.django_db(transaction=True)


def try_first(trial: int, rows: int = 20) -> Collection:
    items = [(n, {"document_text": f"Policy {n} covers hail."}) for n in range(1, rows + 1)]
    return accept.accept_collection(
        make_tenant(), "October", "summarize", items, now=NOW, created_by="max", trial=trial
    ).collection


def held() -> int:
    return AIJob.objects.filter(status="queued", not_before=FOR_A_PERSON).count()


def test_those_that_run_first_are_spread_over_the_rows(emulator: Emulator) -> None:
    try_first(3)
    rows = AIJob.objects.filter(route="sync").order_by("pk")
    assert [job.input.row_number for job in rows] == [1, 11, 20]
    assert held() == 17


def test_nothing_else_is_sent_until_somebody_lets_the_others_go(emulator: Emulator) -> None:
    collection = try_first(5)
    assert expedite.run(NOW, at(NOW)) == 5
    assert assemble.run(DUE) == 0
    assert AIJob.objects.filter(status="completed").count() == 5
    assert seed.end_trial(collection, DUE) == 15
    assert seed.end_trial(collection, DUE) == 0
    assert assemble.run(DUE + (DUE - NOW)) == 1
    assert AIJob.objects.filter(status="submitted").count() == 15
    assert Trial.objects.get().state == "ended"


def test_the_others_can_be_dropped(emulator: Emulator) -> None:
    collection = try_first(5)
    expedite.run(NOW, at(NOW))
    assert withdraw.cancel_collection(collection, now=DUE) == 15
    assert collection.counts()["completed"] == 5
    assert seed.end_trial(collection, DUE) == 0


@pytest.mark.parametrize(("trial", "rows"), [(1, 5), (5, 3), (20, 20)])
def test_any_number_of_rows_can_be_tried(emulator: Emulator, trial: int, rows: int) -> None:
    try_first(trial, rows)
    first = min(trial, rows)
    assert AIJob.objects.filter(route="sync").count() == first
    assert held() == rows - first
    assert Trial.objects.get().jobs == first


def test_who_runs_first_reserves_the_full_price(emulator: Emulator) -> None:
    try_first(1, 2)
    first, other = AIJob.objects.order_by("pk")
    assert first.reserved_usd == 2 * other.reserved_usd


def test_a_deadline_reserves_no_more_than_the_full_price_and_waits_as_well(
    emulator: Emulator,
) -> None:
    items = [(n, {"document_text": f"Policy {n}.", "needed_within": 0}) for n in range(1, 7)]
    collection = accept.accept_collection(
        make_tenant(), "October", "summarize", items, now=NOW, created_by="max", trial=2
    ).collection
    assert len(set(AIJob.objects.values_list("reserved_usd", flat=True))) == 1
    assert expedite.run(NOW, at(NOW)) == 2
    assert seed.end_trial(collection, DUE) == 4
    assert expedite.run(DUE, at(DUE)) == 4
    assert collection.counts()["completed"] == 6
    assert_books_agree(emulator)


def test_of_the_others_one_goes_first_and_they_read_what_it_wrote(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    collection = policies(trial=2)
    assert expedite.run(NOW, at(NOW)) == 2
    assert seed.end_trial(collection, DUE) == ROWS - 2
    assert state_of(collection) == "waiting"
    assert waits(collection) == {NOW, DUE + 30 * MINUTE}
    seeding = Seeding.objects.get()
    assert seeding.rows == ROWS - 2
    assert seeding.job_id == AIJob.objects.filter(status="queued").earliest("pk").pk
    go(DUE)
    assert Batch.objects.get().requests == 1
    assert seed.run(DUE + MINUTE) == 1
    assert state_of(collection) == "warm", Seeding.objects.get().note
    keep_going(DUE + MINUTE)
    assert cached(collection) == (ROWS - 3, 1)
    assert_books_agree(emulator)


def test_what_the_first_of_the_others_fails_for_holds_the_rest(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    collection = policies("Hail.", "A line. [[emulate:refusal]]", trial=1)
    expedite.run(NOW, at(NOW))
    seed.end_trial(collection, DUE)
    go(DUE)
    seed.run(DUE + MINUTE)
    assert state_of(collection) == "refused"
    assert waits(collection) == {FOR_A_PERSON}
    assert seed.end_trial(collection, DUE) == 0
    assert seed.let_go_on(collection) == ROWS - 2


def test_rows_of_another_beginning_go_at_once(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    rows: list[dict[str, Any]] = [{"document_text": f"Policy {n}."} for n in range(ROWS)]
    rows[1] |= {"questions": [f"Why? {one}" for one in QUESTIONS]}
    rows[2] |= {"needed_within": 24 * 3600}
    collection = accept_rows(rows, trial=1)
    seed.end_trial(collection, DUE)
    held = AIJob.objects.filter(not_before=DUE + 30 * MINUTE).order_by("pk")
    assert [job.input.row_number for job in held] == [5, 6]
    assert Seeding.objects.get().rows == 3


def test_a_document_that_the_others_share_is_cached_whatever_is_asked_about_it(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    collection = accept_rows(
        [{"questions": [f"Question {n}?"]} for n in range(ROWS)],
        trial=1,
        document_text="The insurer pays for hail. " * 200,
    )
    expedite.run(NOW, at(NOW))
    seed.end_trial(collection, DUE)
    assert Seeding.objects.get().rows == ROWS - 1
    keep_going(DUE)
    assert cached(collection) == (ROWS - 2, 1)


def test_too_little_to_save_lets_all_of_them_go(emulator: Emulator) -> None:
    collection = policies(trial=2)
    seed.end_trial(collection, DUE)
    assert not Seeding.objects.exists()
    assert waits(collection) == {NOW}


def test_a_seeding_without_a_trial_is_not_ended_as_one(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    collection = policies()
    assert seed.end_trial(collection, DUE) == 0
    assert state_of(collection) == "waiting"
