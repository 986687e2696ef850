"""Collections whose jobs share what is worth a cache, and what became of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aijobs.models import AIJob, Collection, LedgerEntry, Seeding
from aijobs.pipeline import accept, assemble, dispatch, poll, settle
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant
from tests.pipeline.steps import MINUTE, at

QUESTIONS = [f"Which clause number {n} speaks of hail? " + "And of fire? " * 30 for n in range(8)]
ROWS = 6


def accept_rows(
    items: Iterable[dict[str, Any]],
    tenant: Tenant | None = None,
    *,
    trial: int = 0,
    **defaults: Any,
) -> Collection:
    return accept.accept_collection(
        tenant or make_tenant(),
        "Policies",
        "analyze",
        enumerate(items, 1),
        now=NOW,
        created_by="ann",
        defaults={"questions": QUESTIONS} | defaults,
        trial=trial,
    ).collection


def policies(*texts: str, tenant: Tenant | None = None, trial: int = 0) -> Collection:
    """ROWS policies with the same questions; `texts` are those of the first ones."""
    more = [f"Policy {n} covers hail." for n in range(len(texts), ROWS)]
    return accept_rows([{"document_text": text} for text in (*texts, *more)], tenant, trial=trial)


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
