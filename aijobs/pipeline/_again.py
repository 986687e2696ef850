"""What failed or was canceled, queued again. It is held against the limits like what is new."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Literal, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.budgets.room import QueueFull
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Collection, JobAttempt, JobInput, Reservation
from aijobs.models.jobs import AIJobQuerySet
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.tokens import KINDS, Estimate, Kind
from citizenapp.tenants.models import LongPrompts, Tenant

RETRIABLE = (AIJob.Status.FAILED, AIJob.Status.CANCELED)
LIMIT_REACHED, LONG_PROMPT, QUEUE_FULL = "limit-reached", "long-prompt", "queue-full"
# Why a job is not queued again: by its shown status, and what else refuses it.
WHY_NOT = {
    status: f"Only a failed or canceled job can be retried; this is {status}."
    for status in AIJob.Status.values
} | {
    LIMIT_REACHED: "It could cost more than is left of a monthly limit.",
    QUEUE_FULL: "More jobs of the workspace would wait at once than may.",
    LONG_PROMPT: "Its prompt is longer than this workspace pays for.",
}


def retry_job(job: AIJob, *, now: datetime) -> bool:
    """Queue a failed or canceled job again; False when it is neither.

    Raises OverLimit or LongPrompt.
    """
    with transaction.atomic():
        again = AIJob.objects.filter(pk=job.pk, status__in=RETRIABLE)
        _refuse_long_prompts(job.tenant, again, now)
        moved = job.mark_queued(now)
        if moved:
            standing.keep(job.tenant, job.reserved_usd, now, jobs=1)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def why_not_retriable(status: str) -> str:
    """Why a job with this shown status can't be queued again."""
    return WHY_NOT[status]


def retry_collection(
    collection: Collection,
    status: Literal["failed", "canceled"] = "failed",
    *,
    reason: str = "",
    now: datetime,
) -> int:
    """Queue the failed jobs of a collection again, or the canceled ones; returns how many.

    With a `reason`, those alone whose last attempt failed for this error type.
    Raises OverLimit; LongPrompt where one of them is refused, and then none is queued.
    """
    jobs = _of_reason(collection, reason)
    with transaction.atomic():
        _refuse_long_prompts(collection.tenant, jobs.filter(status=status), now)
        before = reserved_by(collection)[0]
        moved = jobs.queue_again(status, now)
        if moved:
            wanted = reserved_by(collection)[0] - before
            standing.keep(collection.tenant, wanted, now, jobs=moved)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def price_of_retry(
    collection: Collection,
    status: Literal["failed", "canceled"] = "failed",
    *,
    reason: str = "",
    now: datetime,
) -> Bill:
    """What it would cost to queue the same jobs again, as they would be sent now."""
    bill = Bill(Terms(collection.tenant, jobtypes.get(collection.job_type), now))
    jobs = _of_reason(collection, reason).filter(status=status, erasing_since=None)
    found = jobs.order_by("collection_id", "pk").values_list(
        *("input__expected_tokens", "input__document_kind", "input__most_answer_tokens"),
        *("input__model", "max_tokens_factor", "needed_by"),
    )
    for expected, kind, most, model, factor, needed_by in found.iterator(chunk_size=2_000):
        if expected is None or most is None or kind not in KINDS:
            bill.jobs += 1
            bill.is_known = False  # It was queued before this was kept.
            continue
        within = None if needed_by is None else max(0.0, (needed_by - now).total_seconds())
        bill.add(Estimate(expected, kind), most * factor, model, within=within)
    return bill


def _of_reason(collection: Collection, reason: str) -> AIJobQuerySet:
    """Its jobs; with a `reason`, those whose last attempt failed for this error type."""
    jobs = AIJob.objects.filter(collection=collection)
    if not reason:
        return jobs
    last = JobAttempt.objects.filter(job=OuterRef("pk"), number=OuterRef("attempts"))
    return jobs.filter(Exists(last.filter(error_type=reason)))


def retry_batch(batch: Batch, *, now: datetime) -> int:
    """Queue again the jobs that failed in a batch; returns how many.

    Raises OverLimit or LongPrompt.
    """
    jobs = AIJob.objects.filter(batch=batch)
    tenants = Tenant.objects.filter(pk__in=batch.tenant_ids).order_by("pk")
    several: dict[int, int] = {}
    with transaction.atomic():
        for tenant in tenants:
            failed = jobs.filter(tenant=tenant, status=AIJob.Status.FAILED)
            several[tenant.pk] = failed.count()
            _refuse_long_prompts(tenant, failed, now)
        moved = jobs.queue_again(AIJob.Status.FAILED, now)
        for tenant in tenants:
            standing.keep(tenant, Decimal(0), now, jobs=several[tenant.pk])
    crash_point(Step.RETRY_COMMITTED)
    return moved


def retry_as_many_as_may(
    tenant: Tenant, ids: Sequence[UUID], now: datetime
) -> tuple[int, Counter[str]]:
    """Queue failed and canceled jobs again whose rows are locked, in the order of their ids.

    Those that the tenant refuses today for their length are left out, and those beyond a limit:
    returns how many were queued, and how many were not, by the reason. Nothing is raised.
    """
    refused: Counter[str] = Counter()
    jobs = AIJob.objects.filter(pk__in=ids)
    long_ones = {
        pk for _, some in _long(tenant, jobs, now) for pk in some.values_list("pk", flat=True)
    }
    refused[LONG_PROMPT] = len(long_ones)
    reserved = dict(jobs.values_list("pk", "reserved_usd"))
    wanted = [pk for pk in ids if pk not in long_ones]
    while wanted:
        moving = AIJob.objects.filter(pk__in=wanted)
        cost = sum((reserved[pk] for pk in wanted), Decimal(0))
        try:
            with transaction.atomic():
                moved = sum(moving.queue_again(status, now) for status in RETRIABLE)
                standing.keep(tenant, cost, now, jobs=len(wanted))
        except standing.LimitReached as limit:
            fitting = first_that_fit(wanted, reserved, limit.left)
            refused[LIMIT_REACHED] += len(wanted) - len(fitting)
            wanted = fitting
        except QueueFull as full:
            fitting = wanted[:-1][: full.room]
            refused[QUEUE_FULL] += len(wanted) - len(fitting)
            wanted = fitting
        else:
            return moved, +refused
    return 0, +refused


def first_that_fit(ids: Sequence[UUID], usd: Mapping[UUID, Decimal], left: Decimal) -> list[UUID]:
    """As many of the first ones as what is left pays for: at least one fewer than all."""
    sums = accumulate(usd[pk] for pk in ids)
    return [pk for pk, so_far in zip(ids[:-1], sums, strict=False) if so_far <= left]


def _refuse_long_prompts(tenant: Tenant, jobs: AIJobQuerySet, now: datetime) -> None:
    """Raises LongPrompt where the tenant would refuse one of these jobs today."""
    for terms, long_ones in _long(tenant, jobs, now):
        longest = long_ones.order_by("-expected_tokens").first()
        if longest is not None:
            assert longest.expected_tokens is not None
            expected = Estimate(longest.expected_tokens, cast(Kind, longest.document_kind))
            raise terms.refusal(expected, field="document", subject="The longest prompt")


def _long(
    tenant: Tenant, jobs: AIJobQuerySet, now: datetime
) -> Iterator[tuple[Terms, QuerySet[JobInput]]]:
    """The inputs of those that the tenant would refuse today, for each job type."""
    if tenant.long_prompts != LongPrompts.REFUSE:
        return
    for kind in jobtypes.all_types():
        terms = Terms(tenant, kind, now)
        if terms.step is None:
            continue
        inputs = JobInput.objects.filter(model="", job__in=jobs.filter(job_type=kind.name))
        too_long = Q()
        for one in KINDS:
            too_long |= Q(document_kind=one, expected_tokens__gt=terms.longest(one))
        yield terms, inputs.filter(too_long)


def reserved_by(collection: Collection) -> tuple[Decimal, int]:
    """What its jobs have reserved that are not over, in USD; and how many they are."""
    rows = Reservation.objects.filter(tenant=collection.tenant_id, collection_id=collection.pk)
    sums = rows.aggregate(usd=Sum("usd"), jobs=Sum("jobs"))
    return sums["usd"] or Decimal(0), sums["jobs"] or 0
