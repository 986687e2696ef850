"""A long prompt goes to another model, where that is wanted, all the way to its charge."""

from io import BytesIO
from typing import Any

import orjson
import pytest

from aijobs import jobtypes
from aijobs.models import AIJob, Batch, Collection, JobInput, LedgerEntry, Seeding, new_nonce
from aijobs.outcomes import charges
from aijobs.pipeline import accept, dispatch, withdraw
from aijobs.quotes.terms import Terms
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_tenant
from tests.ground import Emulator
from tests.long_texts import LONG, SHORT_ENOUGH
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    keep_going,
    put_together,
    queue,
)

pytestmark = pytest.mark.django_db

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(long_prompts="other_model")


def collect(tenant: Tenant, *texts: str, **more: Any) -> Collection:
    rows = [(number, {"document_text": text}) for number, text in enumerate(texts, 1)]
    asked: dict[str, Any] = {"now": NOW, "created_by": "ann"} | more
    return accept.accept_collection(tenant, "Policies", "summarize", rows, **asked).collection


def lines(batch: Batch) -> list[Any]:
    body = BytesIO()
    dispatch.write_body(batch, new_nonce(), body)
    return [request["params"] for request in orjson.loads(body.getvalue())["requests"]]


def test_only_the_long_one_goes_elsewhere_in_the_same_batch(tenant: Tenant) -> None:
    queue(SHORT_ENOUGH, LONG, tenant=tenant)
    found = sorted(lines(put_together()), key=lambda params: len(str(params)))
    assert [params["model"] for params in found] == [HAIKU, SONNET]
    # But for the model, it is the request that would have been sent.
    kind = jobtypes.get("summarize")
    assert found[1] == kind.params(kind.validate({"document_text": LONG})) | {"model": SONNET}


@pytest.mark.parametrize("needed_within", [None, 0])
def test_the_model_that_was_asked_answers_and_is_charged(
    emulator: Emulator, tenant: Tenant, needed_within: Any
) -> None:
    jobs = queue(SHORT_ENOUGH, LONG, tenant=tenant, needed_within=needed_within)
    keep_going()
    for job, model in zip(jobs, (HAIKU, SONNET), strict=True):
        job.refresh_from_db()
        assert (job.status, job.output.model) == ("completed", model)
        entry = LedgerEntry.objects.get(job_id=job.pk)
        assert (entry.model, entry.priced_as) == (model, model)
        assert entry.cost_usd <= job.reserved_usd
    assert_books_agree(emulator)


@pytest.mark.parametrize("needed_within", [None, 0])
def test_after_an_answer_that_was_cut_off_the_same_model_is_asked_again(
    emulator: Emulator, tenant: Tenant, needed_within: Any
) -> None:
    [job] = queue(f"{LONG} [[emulate:max_tokens*1]]", tenant=tenant, needed_within=needed_within)
    Tenant.objects.update(long_prompts="refuse")
    keep_going()
    job.refresh_from_db()
    assert (job.status, job.max_tokens_factor) == ("completed", 2)
    assert list(LedgerEntry.objects.values_list("model", flat=True)) == [SONNET, SONNET]
    assert_books_agree(emulator)


def test_it_may_be_retried_where_long_prompts_are_refused_by_then(tenant: Tenant) -> None:
    [job] = queue(LONG, tenant=tenant)
    withdraw.cancel_job(job, now=DUE)
    Tenant.objects.update(long_prompts="refuse")
    assert accept.retry_job(AIJob.objects.get(), now=DUE)
    batch = put_together(DUE + 5 * MINUTE)
    assert [params["model"] for params in lines(batch)] == [SONNET]


def test_what_it_reserves_is_the_upper_end_of_its_quote(tenant: Tenant) -> None:
    terms = Terms(tenant, jobtypes.get("summarize"), NOW)
    row = (1, {"document_text": LONG})
    good = accept.examine(terms, [row], defaults={}, refused=lambda *_: None)
    bill = accept.bill_of(terms, (one.asked for one in good))
    [job] = queue(LONG, tenant=tenant)
    [by_haiku] = queue(LONG)
    assert abs(job.reserved_usd - bill.batch.high) < by_haiku.reserved_usd / 1_000
    assert job.reserved_usd > 3 * by_haiku.reserved_usd
    assert bill.notes == [
        "1 job has a prompt so long, by our estimate, that claude-haiku-5-5 asks more for each of "
        "its tokens: priced here, and asked, as one of claude-sonnet-5-5"
    ]


def test_another_model_makes_another_question() -> None:
    tenant = make_tenant(repeat_days=30)
    [by_haiku] = queue(LONG, tenant=tenant)
    Tenant.objects.update(long_prompts="other_model")
    tenant.refresh_from_db()
    first, second = queue(LONG, LONG, tenant=tenant)
    assert (by_haiku.answered_by, first.answered_by, second.answered_by) == (None, None, first.pk)


@pytest.mark.parametrize("trial", [0, 2])
def test_each_row_of_a_collection_has_the_model_of_its_length(tenant: Tenant, trial: int) -> None:
    collection = collect(tenant, "Hail.", LONG, trial=trial)
    inputs = JobInput.objects.filter(job__collection=collection).order_by("job")
    assert [one.asked_model for one in inputs] == [HAIKU, SONNET]


def test_what_goes_elsewhere_is_no_part_of_a_plan_to_cache(tenant: Tenant, settings: Any) -> None:
    settings.AIJOBS_CACHE_CENTS = 0
    categories = [f"category {number} " + "of hail " * 10 for number in range(60)]
    texts = [LONG, *(f"Policy {number}." for number in range(6))]
    rows = [(number, {"document_text": text}) for number, text in enumerate(texts, 1)]
    accept.accept_collection(
        tenant, "Policies", "classify", rows, now=NOW, created_by="ann",
        defaults={"categories": categories},
    )  # fmt: skip
    seeding = Seeding.objects.get()
    assert (seeding.rows, seeding.model) == (6, HAIKU)
    assert AIJob.objects.get(pk=seeding.job_id).input.row_number == 2
    long = AIJob.objects.get(input__row_number=1)
    assert long.not_before == NOW


def test_under_a_name_that_nobody_knows_the_price_is_that_of_the_model_that_was_asked(
    tenant: Tenant,
) -> None:
    jobs = queue(SHORT_ENOUGH, LONG, tenant=tenant)
    for job in jobs:
        make_charge(job, cost="0", full="0", model="claude-of-tomorrow", priced_as="")
    assert charges.price_later(NOW) == 2
    corrections = LedgerEntry.objects.exclude(corrects=None)
    assert dict(corrections.values_list("job_id", "priced_as")) == {
        jobs[0].pk: HAIKU,
        jobs[1].pk: SONNET,
    }
