"""Every answer is charged, by the prices of the day it was asked for, be they known yet or not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import orjson
import pytest
from django.db import connection
from django.db.models import Count, Q, Sum

from aijobs import pricing
from aijobs.models import AIJob, LedgerEntry, Submission, UsageRollup, rollups
from aijobs.outcomes import charges
from aijobs.pipeline import accept, assemble, dispatch, expedite, poll, settle, sweep
from aijobs.pricing import Charge, Usage, charge
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import MINUTE, assert_books_agree, at, queue
from tests.proxy import Answer, Reply, between, streamed, unstreamed

pytestmark = pytest.mark.django_db

POLICY = {"policy_text": "The insured must report a loss. Liability is limited to 1000."}
# Years before the first price in the table.
UNPRICED = datetime(2020, 2, 29, 12, 0, tzinfo=UTC)
# Reading the cache of Sonnet 5.5 became cheaper at midnight, and Haiku 5.5 came.
MIDNIGHT = datetime(2026, 10, 7, tzinfo=UTC)
BEFORE, AFTER = MIDNIGHT - timedelta(seconds=1), MIDNIGHT
# As the ledger is to hold it: some of each kind, and none as many as another.
USAGE = Usage(1_000, 2_000, 40_000, 30_000, 20_000)


def queue_analysis(now: datetime, *, urgent: bool, tenant: Tenant | None = None) -> AIJob:
    """A job for Sonnet 5.5."""
    return accept.accept_job(
        tenant or make_tenant(),
        "analyze",
        POLICY,
        now=now - timedelta(minutes=6),
        created_by="ann",
        needed_within=0 if urgent else None,
    )


def run_all(sent: datetime, answered: datetime) -> None:
    """Whatever waits is sent at one moment, by batch or at once, and answered at another."""
    expedite.run(sent, at(answered))
    if assemble.run(sent):
        assert dispatch.run(sent, at(sent)) == 1
        assert poll.run(answered + MINUTE) == 1
        assert settle.run(answered + MINUTE) == 1


def as_model(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda message: message.update(model=name)


def with_caches(message: dict[str, Any]) -> None:
    """As if much of the prompt had come from the cache, or gone there."""
    message["usage"] = {
        "input_tokens": USAGE.input_tokens,
        "output_tokens": USAGE.output_tokens,
        "cache_read_input_tokens": USAGE.cache_read_input_tokens,
        "cache_creation_input_tokens": USAGE.cache_write_5m_tokens + USAGE.cache_write_1h_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": USAGE.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": USAGE.cache_write_1h_tokens,
        },
    }


def answering(change: Callable[[dict[str, Any]], None]) -> Reply:
    """Every message, in a row or alone, comes changed."""

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if path.endswith("/results"):
            rows = [orjson.loads(line) for line in answer.body.splitlines()]
            for row in rows:
                change(row["result"]["message"])
            return answer._replace(body=b"".join(orjson.dumps(row) + b"\n" for row in rows))
        if path.endswith("/messages"):
            message = unstreamed(answer.body)
            change(message)
            return answer._replace(body=streamed(message))
        return answer

    return reply


def usage_of(entry: LedgerEntry) -> Usage:
    return Usage(
        entry.input_tokens,
        entry.output_tokens,
        entry.cache_read_tokens,
        entry.cache_write_5m_tokens,
        entry.cache_write_1h_tokens,
    )


def sums(entry: LedgerEntry) -> Charge:
    return Charge(entry.cost_usd, entry.sync_cost_usd, entry.saved_usd)


def worked_out(entry: LedgerEntry, usage: Usage | None = None, days: int = 0) -> Charge:
    """Its charge again, from what its own row says; or from another usage or day."""
    return charge(
        entry.priced_as,
        usage or usage_of(entry),
        batch=entry.route == "batch",
        on=entry.priced_on + timedelta(days=days),
    )


@pytest.mark.parametrize("urgent", [False, True], ids=["in a batch", "at once"])
def test_an_answer_without_a_price_is_stored_and_charged_with_nothing_yet(
    emulator: Emulator, settings: Any, urgent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    job = queue_analysis(UNPRICED, urgent=urgent)
    with between(settings, answering(as_model("claude-of-tomorrow"))):
        run_all(UNPRICED, UNPRICED + MINUTE)
    job.refresh_from_db()
    assert job.status == "completed"
    assert job.output.result["obligations"]
    entry = LedgerEntry.objects.get()
    assert (entry.model, entry.priced_as) == ("claude-of-tomorrow", "")
    assert (entry.priced_on, sums(entry)) == (UNPRICED.date(), Charge(*[Decimal(0)] * 3))
    assert "no price for claude-of-tomorrow" in caplog.text
    # Its tokens are there, so that the price can follow.
    assert_books_agree(emulator)
    assert charges.price_later(NOW) == 0
    assert LedgerEntry.objects.unpriced().get() == entry


def test_a_batch_that_was_sent_on_a_day_without_prices_is_settled_like_any_other(
    emulator: Emulator,
) -> None:
    queue("a", "b", now=NOW)
    sent = NOW + timedelta(minutes=5)
    assert assemble.run(sent) == dispatch.run(sent, at(sent)) == 1
    Submission.objects.update(sent_at=UNPRICED)
    assert poll.run(sent + MINUTE) == settle.run(sent + MINUTE) == 1
    assert set(AIJob.objects.values_list("status", flat=True)) == {"completed"}
    assert set(LedgerEntry.objects.values_list("priced_as", "priced_on", "cost_usd")) == {
        ("", UNPRICED.date(), Decimal(0))
    }
    assert_books_agree(emulator)


def test_on_a_day_that_has_prices_for_some_models_only_those_are_priced(
    emulator: Emulator,
) -> None:
    queue_analysis(BEFORE, urgent=False)
    queue(now=BEFORE - timedelta(minutes=6))  # By Haiku 5.5, which nobody could buy that day.
    run_all(BEFORE, BEFORE)
    priced = dict(LedgerEntry.objects.values_list("job_type", "priced_as"))
    assert priced == {"analyze": "claude-sonnet-5-5", "summarize": ""}
    assert set(AIJob.objects.values_list("status", flat=True)) == {"completed"}


@pytest.mark.parametrize("urgent", [False, True], ids=["in a batch", "at once"])
def test_under_a_name_that_nobody_knows_the_model_that_was_asked_for_is_charged(
    emulator: Emulator, settings: Any, urgent: bool
) -> None:
    queue_analysis(AFTER, urgent=urgent)
    with between(settings, answering(as_model("claude-of-tomorrow"))):
        run_all(AFTER, AFTER)
    entry = LedgerEntry.objects.get()
    assert (entry.model, entry.priced_as) == ("claude-of-tomorrow", "claude-sonnet-5-5")
    assert entry.cost_usd > 0
    assert sums(entry) == worked_out(entry)


@pytest.mark.parametrize("urgent", [False, True], ids=["in a batch", "at once"])
@pytest.mark.parametrize(
    ("sent", "cache_read"), [(BEFORE, "0.2"), (AFTER, "0.1")], ids=["before", "after"]
)
def test_the_prices_are_those_of_the_day_it_was_sent_on_however_late_the_answer(
    emulator: Emulator, settings: Any, urgent: bool, sent: datetime, cache_read: str
) -> None:
    queue_analysis(sent, urgent=urgent)
    with between(settings, answering(with_caches)):
        run_all(sent, sent + timedelta(hours=20))
    entry = LedgerEntry.objects.get()
    assert (entry.priced_on, usage_of(entry)) == (sent.date(), USAGE)
    # USD per million tokens: the price list of Sonnet 5.5.
    in_full = (
        USAGE.input_tokens * Decimal(2)
        + USAGE.output_tokens * Decimal(10)
        + USAGE.cache_read_input_tokens * Decimal(cache_read)
        + USAGE.cache_write_5m_tokens * Decimal("2.5")
        + USAGE.cache_write_1h_tokens * Decimal(4)
    ) / 1_000_000
    paid = in_full if urgent else in_full / 2
    assert sums(entry) == Charge(paid, in_full, in_full - paid)


def test_each_charge_can_be_worked_out_again_from_its_own_row(
    emulator: Emulator, settings: Any
) -> None:
    tenant = make_tenant()
    with between(settings, answering(with_caches)):
        for sent in (BEFORE, AFTER):
            for urgent in (False, True):
                queue_analysis(sent, urgent=urgent, tenant=tenant)
            queue(now=sent - timedelta(minutes=6), tenant=tenant)
            run_all(sent, sent + timedelta(hours=2))
    priced = LedgerEntry.objects.exclude(priced_as="")
    assert LedgerEntry.objects.count() == priced.count() + 1 == 6
    for entry in priced:
        assert usage_of(entry) == USAGE
        assert sums(entry) == worked_out(entry)
        # Nothing in the row could be left out: each of these would be another sum.
        for kind in Usage._fields:
            assert sums(entry) != worked_out(entry, USAGE._replace(**{kind: 0})), kind
    on_the_day = priced.filter(priced_on=AFTER.date(), job_type="analyze")
    assert on_the_day.count() == 2
    for entry in on_the_day:
        assert sums(entry) != worked_out(entry, days=-1)


def make_unpriced(job: AIJob, **fields: Any) -> LedgerEntry:
    """A charge from before its price was in the table."""
    unpriced = {"priced_as": "", "priced_on": AFTER.date(), "model": "claude-sonnet-5-5"}
    caches = {
        "input_tokens": USAGE.input_tokens,
        "output_tokens": USAGE.output_tokens,
        "cache_read_tokens": USAGE.cache_read_input_tokens,
        "cache_write_5m_tokens": USAGE.cache_write_5m_tokens,
        "cache_write_1h_tokens": USAGE.cache_write_1h_tokens,
    }
    return make_charge(job, "0", "0", created_at=AFTER, **unpriced | caches | fields)


@pytest.mark.parametrize("route", ["batch", "sync"])
def test_a_price_that_comes_later_is_stored_as_one_correction_and_only_one(route: str) -> None:
    entry = make_unpriced(make_job(make_tenant(), "analyze", route=route))
    before = LedgerEntry.objects.filter(pk=entry.pk).values().get()
    assert charges.price_later(NOW) == 1
    assert charges.price_later(NOW) == 0
    # The ledger only grows.
    assert LedgerEntry.objects.filter(pk=entry.pk).values().get() == before
    correction = LedgerEntry.objects.exclude(pk=entry.pk).get()
    assert correction.corrects == entry
    assert (correction.priced_as, correction.priced_on) == ("claude-sonnet-5-5", entry.priced_on)
    assert (correction.tenant, correction.job_id, correction.custom_id) == (
        entry.tenant,
        entry.job_id,
        entry.custom_id,
    )
    assert (correction.route, correction.job_type, correction.created_at) == (route, "analyze", NOW)
    assert usage_of(correction) == Usage(0, 0)
    assert sums(correction) == charge(
        "claude-sonnet-5-5", USAGE, batch=route == "batch", on=AFTER.date()
    )
    assert not LedgerEntry.objects.unpriced().exists()


@pytest.fixture
def older_prices(tmp_path: Path) -> Iterator[Path]:
    """A price table that knows what Sonnet 5.5 cost when the built-in one does not."""
    table = tmp_path / "prices.toml"
    table.write_text(
        """
        [[prices]]
        model = "claude-sonnet-5-5"
        valid_from = 2020-01-01
        tiers = [{ input = "7", output = "11" }]
        """
    )
    yield table
    pricing.use_table(None)


@pytest.mark.parametrize("urgent", [False, True], ids=["in a batch", "at once"])
def test_when_the_price_is_in_the_table_every_charge_of_that_time_gets_it(
    emulator: Emulator, settings: Any, older_prices: Path, urgent: bool
) -> None:
    tenant = make_tenant()
    for _ in range(3):
        queue_analysis(UNPRICED, urgent=urgent, tenant=tenant)
    with between(settings, answering(with_caches)):
        run_all(UNPRICED, UNPRICED + MINUTE)
    assert charges.price_later(NOW) == 0
    pricing.use_table(older_prices)
    assert charges.price_later(NOW) == 3
    corrections = LedgerEntry.objects.filter(corrects__isnull=False)
    in_full = (
        USAGE.input_tokens * Decimal(7)
        + USAGE.output_tokens * Decimal(11)
        + USAGE.cache_read_input_tokens * Decimal("0.7")
        + USAGE.cache_write_5m_tokens * Decimal("8.75")
        + USAGE.cache_write_1h_tokens * Decimal(14)
    ) / 1_000_000
    paid = in_full if urgent else in_full / 2
    for correction in corrections:
        assert sums(correction) == Charge(paid, in_full, in_full - paid)
        assert correction.corrects
        # The tokens stand in the charge, the price in the correction.
        assert sums(correction) == worked_out(correction, usage_of(correction.corrects))
    assert corrections.count() == 3


def test_sweep_prices_what_it_can_and_leaves_the_rest(emulator: Emulator) -> None:
    job = make_job(make_tenant(), "analyze")
    unknown = make_unpriced(job, priced_on=UNPRICED.date())
    known = make_unpriced(job)
    sweep.run(NOW)
    assert LedgerEntry.objects.filter(corrects__isnull=False).get().corrects == known
    assert LedgerEntry.objects.unpriced().get() == unknown


@pytest.mark.parametrize("day", [BEFORE.date(), AFTER.date()])
def test_a_late_price_is_that_of_the_day_it_was_sent_on(day: date) -> None:
    entry = make_unpriced(make_job(make_tenant(), "analyze"), priced_on=day)
    assert charges.price_later(NOW) == 1
    correction = LedgerEntry.objects.get(corrects=entry)
    assert sums(correction) == charge("claude-sonnet-5-5", USAGE, batch=True, on=day)


def test_a_late_price_is_added_to_the_sums_and_counts_no_second_answer() -> None:
    tenant = make_tenant()
    job = make_job(tenant, "analyze", attempts=1)
    make_unpriced(job)
    make_charge(make_job(tenant, attempts=1), "0.5")
    rollups.compact()
    assert charges.price_later(NOW) == 1
    for _ in range(2):
        found = UsageRollup.objects.filter(tenant=tenant).aggregate(
            cost=Sum("cost_usd"),
            in_full=Sum("sync_cost_usd"),
            saved=Sum("saved_usd"),
            tokens=Sum("input_tokens"),
            written=Sum("cache_write_tokens"),
            answers=Sum("answers"),
            jobs=Sum("jobs"),
        )
        of_ledger = LedgerEntry.objects.filter(tenant=tenant).aggregate(
            cost=Sum("cost_usd"),
            in_full=Sum("sync_cost_usd"),
            saved=Sum("saved_usd"),
            tokens=Sum("input_tokens"),
            answers=Count("pk", filter=Q(corrects=None)),
        )
        written = USAGE.cache_write_5m_tokens + USAGE.cache_write_1h_tokens
        assert found == of_ledger | {"written": written, "jobs": 2}
        assert found["answers"] == 2
        rollups.compact()
    late = charge("claude-sonnet-5-5", USAGE, batch=True, on=AFTER.date())
    assert found["cost"] == Decimal("0.5") + late.cost_usd


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_correct_a_charge_once() -> None:
    job = make_job(make_tenant(), "analyze")
    entries = {make_unpriced(job).pk for _ in range(20)}
    together = Barrier(3)

    def work(_: int) -> int:
        try:
            together.wait()
            return charges.price_later(NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as workers:
        assert sum(workers.map(work, range(3))) == len(entries)
    corrected = LedgerEntry.objects.filter(corrects__isnull=False)
    assert {entry.corrects_id for entry in corrected} == entries
    assert corrected.count() == len(entries)
