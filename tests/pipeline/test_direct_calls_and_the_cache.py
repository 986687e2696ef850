"""Direct calls that begin alike read what one of them wrote, where that pays."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs import pricing
from aijobs.models import LedgerEntry
from aijobs.pipeline import accept, expedite
from aijobs.pricing import Usage
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.seeded import QUESTIONS
from tests.pipeline.steps import assert_books_agree, at

pytestmark = pytest.mark.django_db

LONG, SHORT = QUESTIONS, ["Is hail covered?"]


def queue(rows: int, questions: list[str], *, alone: bool = False) -> None:
    """Urgent analyses with these questions, in one collection; or each in one of its own."""
    given = [{"document_text": f"Policy {n} covers hail."} for n in range(rows)]
    tenant = make_tenant()
    for number in range(rows if alone else 1):
        accept.accept_collection(
            tenant,
            f"Policies {number}",
            "analyze",
            enumerate(given[number : number + 1] if alone else given, 1),
            now=NOW,
            created_by="ann",
            defaults={"questions": questions},
            needed_within=0,
        )


def charges() -> list[LedgerEntry]:
    return list(LedgerEntry.objects.order_by("pk"))


def test_one_writes_and_those_that_started_with_it_read(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    emulator.control("POST", "settings", {"latency_message": 0.3})
    queue(6, LONG)
    assert expedite.run(NOW, at(NOW)) == 6
    wrote = [one for one in charges() if one.cache_write_5m_tokens]
    read = [one for one in charges() if one.cache_read_tokens]
    assert (len(wrote), len(read)) == (1, 5)
    assert not any(one.cache_write_1h_tokens for one in charges())
    assert_books_agree(emulator)
    for one in (*wrote, *read):
        usage = Usage(
            *(one.input_tokens, one.output_tokens, one.cache_read_tokens),
            *(one.cache_write_5m_tokens, one.cache_write_1h_tokens),
        )
        assert one.cost_usd == pricing.charge(one.model, usage, batch=False, on=NOW.date()).cost_usd


@pytest.mark.parametrize("why", ["short", "switched off", "single"])
def test_without_company_or_gain_there_is_no_breakpoint(
    emulator: Emulator, settings: Any, why: str
) -> None:
    settings.AIJOBS_CACHE = why != "switched off"
    queue(1 if why == "single" else 3, SHORT if why == "short" else LONG)
    expedite.run(NOW, at(NOW))
    used = LedgerEntry.objects.values_list("cache_write_5m_tokens", "cache_read_tokens")
    assert set(used) == {(0, 0)}


def test_what_begins_like_a_call_of_the_last_minutes_writes_for_the_next(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 1
    queue(4, LONG, alone=True)
    assert expedite.run(NOW, at(NOW)) == 4
    assert [bool(one.cache_write_5m_tokens) for one in charges()] == [False, True, False, False]
    assert [bool(one.cache_read_tokens) for one in charges()] == [False, False, True, True]


def test_when_the_one_that_writes_fails_the_others_go_all_the_same(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    emulator.order("message", "status", status=500)
    queue(4, LONG)
    assert expedite.run(NOW, at(NOW)) == 4
    assert LedgerEntry.objects.count() == 3
    later = NOW + timedelta(minutes=2)
    assert expedite.run(later, at(later)) == 1
    assert_books_agree(emulator)
