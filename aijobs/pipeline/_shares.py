"""What tenants share: places in batches by weight, and the places in Anthropic's queue."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Sum

from aijobs.models import Batch, Submission
from citizenapp.tenants.models import Tenant

# Anthropic has these, or may have them.
AT_ANTHROPIC = (
    Batch.Status.SUBMITTING,
    Batch.Status.UNCONFIRMED,
    Batch.Status.SUBMITTED,
    Batch.Status.CANCELING,
)


def weights() -> dict[str, list[int]]:
    """The parameters of a statement: the tenants whose weight is not 1, and their weights."""
    rows = list(Tenant.objects.exclude(weight=1).values_list("pk", "weight"))
    return {"weighted": [pk for pk, _ in rows], "weights": [weight for _, weight in rows]}


def slots_in_use() -> int:
    """Requests that are in Anthropic's queue, or may be: what is in doubt counts.

    A batch that is given up as lost is sent again, and counts once. What turns up beside it counts
    until it is canceled.
    """
    duplicates = Submission.objects.filter(state=Submission.State.DUPLICATE, ended_at=None)
    return _requests(Batch.objects.filter(status__in=AT_ANTHROPIC)) + _requests(duplicates)


def room() -> int:
    """How many requests the next batch may hold.

    What is assembled already will be in the queue before it.
    """
    most: int = settings.AIJOBS_BATCH_REQUESTS
    if not settings.AIJOBS_QUEUE_SLOTS:
        return most
    waiting = _requests(Batch.objects.filter(status=Batch.Status.ASSEMBLED))
    return max(0, min(most, settings.AIJOBS_QUEUE_SLOTS - slots_in_use() - waiting))


def fitting(batches: Iterable[Batch]) -> list[Batch]:
    """Of these, in their order, those that all fit into Anthropic's queue now.

    The first that does not fit keeps its place: a smaller one that overtook it again and again
    would keep it waiting for ever. One that is larger than the whole queue counts as that.
    """
    slots = settings.AIJOBS_QUEUE_SLOTS
    if not slots:
        return list(batches)
    free, found = slots - slots_in_use(), list[Batch]()
    for batch in batches:
        free -= min(batch.requests, slots)
        if free < 0:
            break
        found.append(batch)
    return found


def _requests(rows: Any) -> int:
    return int(rows.aggregate(total=Sum("requests"))["total"] or 0)
