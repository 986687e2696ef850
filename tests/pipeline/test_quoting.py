"""A quote leaves out what was asked before, and what the cache will save, as the queue will."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import jobtypes
from aijobs.models import AIJob, Seeding
from aijobs.pipeline import _quoting, accept
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_output, make_tenant

pytestmark = pytest.mark.django_db

QUESTIONS = [f"Which clause number {n} speaks of hail? " + "And of fire? " * 30 for n in range(8)]
MAYBE_URGENT = st.sampled_from([None, 0])


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(repeat_days=30)


def refuse(row: int, errors: object) -> None:
    pytest.fail(f"Row {row}: {errors}")


def quoted(
    tenant: Tenant,
    texts: Iterable[str],
    job_type: str = "summarize",
    *,
    within: float | None = None,
    fresh: bool = False,
    trial: int = 0,
    **defaults: Any,
) -> Bill:
    rows = [(n, {"document_text": text}) for n, text in enumerate(texts, 1)]
    terms = Terms(tenant, jobtypes.get(job_type), NOW)
    good = accept.examine(terms, rows, defaults=defaults, needed_within=within, refused=refuse)
    return accept.bill_of(
        terms,
        (one.asked for one in good),
        fresh=fresh,
        trial=trial,
        is_collection=True,
    )


def queued(
    tenant: Tenant,
    texts: Iterable[str],
    job_type: str = "summarize",
    *,
    within: float | None = None,
    **defaults: Any,
) -> accept.Accepted:
    return accept.accept_collection(
        tenant,
        "Policies",
        job_type,
        [(n, {"document_text": text}) for n, text in enumerate(texts, 1)],
        now=NOW,
        created_by="ann",
        needed_within=within,
        defaults=defaults,
    )


def complete(tenant: Tenant) -> None:
    for job in AIJob.objects.filter(tenant=tenant, status="queued"):
        AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
        make_output(job, {"summary": "Hail."})


def test_what_has_an_answer_costs_nothing(tenant: Tenant) -> None:
    queued(tenant, ["Hail.", "Fire."])
    complete(tenant)
    bill = quoted(tenant, ["Hail.", "Fire.", "Storm."])
    assert (bill.jobs, bill.repeated) == (3, 2)
    alone = quoted(tenant, ["Storm."])
    assert (bill.batch, bill.at_once) == (alone.batch, alone.at_once)


def test_of_twins_one_is_paid(tenant: Tenant) -> None:
    bill = quoted(tenant, ["Hail."] * 40)
    assert (bill.jobs, bill.repeated) == (40, 39)
    assert bill.batch == quoted(tenant, ["Hail."]).batch


def test_twins_are_found_beyond_the_piece_of_one_query(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_quoting, "CHUNK", 2)
    assert quoted(tenant, ["Hail.", "Fire.", "Storm.", "Hail."]).repeated == 1


def test_what_is_under_way_is_free_by_batch_and_not_at_once(tenant: Tenant) -> None:
    queued(tenant, ["Hail."])
    bill = quoted(tenant, ["Hail."])
    assert bill.repeated == 1
    assert bill.batch.high == bill.asked.high == 0
    assert bill.at_once.likely > 0
    urgent = quoted(tenant, ["Hail."], within=0)
    assert urgent.repeated == 0
    assert urgent.asked == urgent.at_once == bill.at_once


def test_all_is_paid_that_is_asked_anew_or_of_a_workspace_that_does_not_remember(
    tenant: Tenant,
) -> None:
    queued(tenant, ["Hail."])
    complete(tenant)
    assert quoted(tenant, ["Hail.", "Hail."], fresh=True).repeated == 0
    assert quoted(make_tenant(repeat_days=30), ["Hail."]).repeated == 0
    tenant.repeat_days = 0
    assert quoted(tenant, ["Hail.", "Hail."]).repeated == 0


def test_a_result_that_is_too_old_or_an_end_without_one_saves_nothing(tenant: Tenant) -> None:
    queued(tenant, ["Hail.", "Fire."])
    complete(tenant)
    AIJob.objects.filter(input__row_number=1).update(finished_at=NOW - timedelta(days=31))
    AIJob.objects.filter(input__row_number=2).update(status="failed")
    assert quoted(tenant, ["Hail.", "Fire."]).repeated == 0


@given(
    st.lists(st.sampled_from("abcdef"), max_size=5),
    st.lists(st.sampled_from("abcdef"), max_size=5),
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8),
    MAYBE_URGENT,
    MAYBE_URGENT,
)
def test_as_many_repeat_when_it_is_queued(
    answered: Sequence[str],
    under_way: Sequence[str],
    texts: Sequence[str],
    first_within: float | None,
    within: float | None,
) -> None:
    tenant = make_tenant(repeat_days=30)
    if answered:
        queued(tenant, answered)
        complete(tenant)
    if under_way:
        queued(tenant, under_way, within=first_within)
    bill = quoted(tenant, texts, within=within)
    repeated = queued(tenant, texts, within=within).repeated
    # What is needed now may still wait for a first that is asked at once as well.
    assert bill.repeated == repeated or (within == first_within == 0 and bill.repeated < repeated)


def test_the_saving_of_the_cache_is_the_one_that_is_planned_when_it_is_queued(
    tenant: Tenant, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    texts = [f"Policy {n} covers hail." for n in range(30)]
    bill = quoted(tenant, texts, "analyze", questions=QUESTIONS)
    saving = queued(tenant, texts, "analyze", questions=QUESTIONS).collection.pk
    assert bill.saved_by_cache == Seeding.objects.get(pk=saving).saving_usd > 0
    settings.AIJOBS_CACHE = False
    without = quoted(tenant, texts, "analyze", questions=QUESTIONS, fresh=True)
    assert bill.batch.likely == without.batch.likely - bill.saved_by_cache
    assert bill.batch.low < without.batch.low
    assert bill.batch.high == without.batch.high
    assert bill.at_once == without.at_once


def test_what_was_asked_before_does_not_read_the_cache(tenant: Tenant, settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    texts = [f"Policy {n} covers hail." for n in range(20)]
    queued(tenant, texts[:10], "analyze", questions=QUESTIONS)
    complete(tenant)
    bill = quoted(tenant, texts, "analyze", questions=QUESTIONS)
    collection = queued(tenant, texts, "analyze", questions=QUESTIONS).collection
    assert bill.repeated == 10
    assert bill.saved_by_cache == Seeding.objects.get(pk=collection.pk).saving_usd


def test_a_trial_costs_its_few_at_the_full_price_and_is_not_cached(
    tenant: Tenant, settings: Any
) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    texts = [f"Policy {n} covers hail." for n in range(20)]
    bill = quoted(tenant, texts, "analyze", questions=QUESTIONS, trial=5)
    assert bill.saved_by_cache == 0
    assert bill.asked.likely == bill.batch.likely * Decimal("1.25")
