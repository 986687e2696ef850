"""Jobs moved along the pipeline, up to where a test begins."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from aijobs.models import AIJob, Batch, JobOutput, LedgerEntry, Submission, new_nonce
from aijobs.pipeline import (
    accept,
    assemble,
    dispatch,
    expedite,
    poll,
    reconcile,
    rescue,
    seed,
    settle,
    share,
    sweep,
)
from aijobs.submissions import moves
from citizenapp.tenants.models import Tenant
from tests.factories import CATEGORIES, NOW, make_tenant
from tests.ground import Emulator

TEXT = "The insurer pays for hail. The insured pays the premium. Liability ends at 1000 EUR. "
# When a job that was queued at NOW is due for a batch.
DUE = NOW + timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands."""
    return lambda: moment


def queue(
    *documents: str, tenant: Tenant | None = None, now: datetime = NOW, **wishes: Any
) -> list[AIJob]:
    """One summary of each document, or of one that orders nothing."""
    tenant = tenant or make_tenant()
    return [
        accept.accept_job(
            tenant, "summarize", {"document_text": text}, now=now, created_by="ann", **wishes
        )
        for text in documents or [TEXT]
    ]


def queue_classification(text: str, tenant: Tenant | None = None) -> AIJob:
    raw = {"text": text, "categories": CATEGORIES}
    return accept.accept_job(tenant or make_tenant(), "classify", raw, now=NOW, created_by="ann")


def put_together(now: datetime = DUE) -> Batch:
    """The batch of all that waits."""
    assert assemble.run(now) == 1
    return Batch.objects.latest("pk")


def send(now: datetime = DUE) -> Batch:
    """The same, at Anthropic."""
    batch = put_together(now)
    assert dispatch.run(now, at(now)) == 1
    batch.refresh_from_db()
    return batch


def submission_of(batch: Batch) -> Submission:
    """The one by which a batch stands now, as the database has it."""
    return Submission.objects.current().select_related("batch").get(batch=batch)


def store_intent(batch: Batch, now: datetime = DUE, nonce: str = "") -> Submission | None:
    """What a worker stores before it sends a body of as many jobs as the batch has."""
    return moves.store_intent(
        batch,
        nonce or new_nonce(),
        watermark="",
        requests=batch.requests,
        request_bytes=1,
        now=now,
    )


def await_end(batch: Batch, emulator: Emulator, **how: object) -> Batch:
    """End it at the emulator, and know of it. `how`: `finished=1, rest="expired"`."""
    assert batch.remote_id
    if how:
        emulator.control("POST", f"batches/{batch.remote_id}/end", how)
    assert poll.run(DUE + MINUTE) == 1
    batch.refresh_from_db()
    return batch


def bring_back(batch: Batch, emulator: Emulator, **how: object) -> Batch:
    """The same, settled."""
    await_end(batch, emulator, **how)
    assert settle.run(DUE + MINUTE) == 1
    batch.refresh_from_db()
    return batch


def hold(emulator: Emulator) -> None:
    """Let no batch end before it is told to."""
    emulator.control("POST", "settings", {"latency_base": 3_600})


def keep_going(now: datetime = DUE, *, minutes: int = 60) -> None:
    """Let every stage run, again and again, until each job has ended or the time is over."""
    for _ in range(minutes):
        if not AIJob.objects.exclude(status__in=AIJob.FINAL).exists():
            return
        assemble.run(now)
        dispatch.run(now, at(now))
        reconcile.run(now)
        expedite.run(now, at(now))
        poll.run(now)
        rescue.run(now)
        settle.run(now)
        seed.run(now)
        share.run(now)
        sweep.run(now)
        now += MINUTE
    raise AssertionError(f"not ended: {AIJob.objects.exclude(status__in=AIJob.FINAL).values()}")


def assert_books_agree(emulator: Emulator) -> None:
    """Everything has ended once, and our ledger says what Anthropic's says."""
    assert set(AIJob.objects.values_list("status", flat=True)) <= set(AIJob.FINAL)
    completed = set(AIJob.objects.filter(status="completed").values_list("pk", flat=True))
    assert set(JobOutput.objects.values_list("pk", flat=True)) == completed
    stats = emulator.stats()
    assert Batch.objects.filter(status="settled").count() == stats["batches_created"]
    for route, billed in (("batch", "rows_billed"), ("sync", "messages_billed")):
        charges = LedgerEntry.objects.filter(route=route, corrects=None)
        assert charges.count() == stats[billed], (route, charges.count(), stats)
        tokens = stats["batch_tokens_billed" if route == "batch" else "message_tokens_billed"]
        assert charges.aggregate(input=Sum("input_tokens"), output=Sum("output_tokens")) == {
            kind: count or (None if not stats[billed] else 0) for kind, count in tokens.items()
        }
