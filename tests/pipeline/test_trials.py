"""A few jobs of a collection run first; the others wait for a person."""

import pytest

from aijobs.models import FOR_A_PERSON, AIJob, Collection, Trial
from aijobs.pipeline import accept, assemble, expedite, seed, withdraw
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, at

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
    assert seed.let_go_on(collection) == 15
    assert seed.let_go_on(collection) == 0
    assert assemble.run(DUE + (DUE - NOW)) == 1
    assert AIJob.objects.filter(status="submitted").count() == 15
    assert Trial.objects.get().state == "ended"


def test_the_others_can_be_dropped(emulator: Emulator) -> None:
    collection = try_first(5)
    expedite.run(NOW, at(NOW))
    assert withdraw.cancel_collection(collection, now=DUE) == 15
    assert collection.counts()["completed"] == 5
    assert seed.let_go_on(collection) == 0


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
