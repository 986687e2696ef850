"""erase: delete a job, or a collection, with all that it was given and all that came of it.

What is asked for is shown nowhere from that moment on. What waits is canceled, what has ended is
deleted; what is on its way is deleted as soon as it has ended, and its answer is not stored. All
of it at once where it is little, else by an operation, piece by piece. Charges stay.

Anthropic's copy is deleted by sweep, once the batch is settled.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet

from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Collection, Operation, Trial, new_id
from aijobs.pipeline import _erasing
from aijobs.pipeline._telling import look_again

logger = logging.getLogger(__name__)

# Jobs that are erased while the request waits, and those of one piece.
AT_ONCE = PIECE_JOBS = 1_000
# Pieces a round, so that a round ends soon whatever there is to do.
MOST_PIECES = 200
# What is on its way is looked for so often; what failed is left alone for a minute.
AGAIN, PAUSE = timedelta(seconds=10), timedelta(minutes=1)


def erase_job(job: AIJob, *, by: str, now: datetime) -> Operation | None:
    """Erase a job; an operation where that is not done yet."""
    operation = _ask_for_job(job, by, now)
    crash_point(Step.ERASE_ASKED)
    return operation


def erase_collection(collection: Collection, *, by: str, now: datetime) -> Operation | None:
    """Erase a collection with its jobs; an operation where that is not done yet."""
    operation = _ask_for_collection(collection, by, now)
    crash_point(Step.ERASE_ASKED)
    return operation


@transaction.atomic
def _ask_for_job(job: AIJob, by: str, now: datetime) -> Operation | None:
    jobs = AIJob.objects.filter(pk=job.pk)
    total = jobs.mark_erasing(now)
    _erasing.forget("job.id = %s", [job.pk])
    _erasing.empty_requests(job.tenant, job.pk)
    look_again(job.tenant_id)
    if not total:
        raise AIJob.DoesNotExist  # Somebody else erases it.
    if _erasing.delete_over(jobs, AT_ONCE) == total:
        return None
    return Operation.objects.create(
        id=new_id(now),
        tenant=job.tenant,
        kind=Operation.Kind.ERASE,
        job_id=job.pk,
        total=total,
        created_by=by,
        created_at=now,
        look_at=now + AGAIN,
    )


@transaction.atomic
def _ask_for_collection(collection: Collection, by: str, now: datetime) -> Operation | None:
    unmarked = Collection.objects.filter(pk=collection.pk, erasing_since=None)
    if not unmarked.update(erasing_since=now):
        raise Collection.DoesNotExist  # Somebody else erases it.
    trial = Trial.objects.filter(collection=collection).first()
    if trial is not None:
        trial.mark_ended()
    jobs = AIJob.objects.filter(collection=collection)
    total = _erasing.lock(collection)  # With those that somebody erases one by one already.
    jobs.mark_erasing(now)
    _erasing.forget("job.collection_id = %s", [collection.pk])
    _erasing.empty_requests(collection.tenant, collection.pk)
    look_again(collection.tenant_id)
    is_little = total <= AT_ONCE
    if is_little:
        _erasing.delete_over(jobs, AT_ONCE)
        if not jobs.exists():
            Collection.objects.filter(pk=collection.pk).delete()
            return None
    erased = total - jobs.count()
    return Operation.objects.create(
        id=new_id(now),
        tenant=collection.tenant,
        kind=Operation.Kind.ERASE,
        collection_id=collection.pk,
        total=total,
        done=erased,
        changed=erased,
        created_by=by,
        created_at=now,
        look_at=now + (AGAIN if is_little else timedelta()),
    )


def ready(now: datetime) -> QuerySet[Operation]:
    """Operations whose jobs may have ended, those first that waited longest."""
    running = Operation.objects.filter(
        Q(job_id__isnull=False) | Q(collection_id__isnull=False),
        status=Operation.Status.RUNNING,
        kind=Operation.Kind.ERASE,
        look_at__lte=now,
    )
    return running.order_by("look_at", "pk")


def due(now: datetime) -> bool:
    return ready(now).exists()


def run(now: datetime) -> int:
    """Erase what has ended since; returns how many jobs."""
    erased = pieces = 0
    for operation in ready(now):
        while pieces < MOST_PIECES and (piece := _erased(operation, now)):
            erased += piece
            pieces += 1
    return erased


def _erased(operation: Operation, now: datetime) -> int:
    """How many jobs of it were erased. One that fails is put off, and the others go on."""
    try:
        erased = carry_out(operation, now)
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:
        # Only the kind is told: the text of an error may quote a document.
        logger.error("Erasing %s: %s", operation.pk, type(error).__name__)  # noqa: TRY400
        # It is never given up: somebody was promised that it goes.
        Operation.objects.filter(pk=operation.pk).update(look_at=now + PAUSE)
        erased = 0
    crash_point(Step.ERASE_COMMITTED)
    return erased


@transaction.atomic
def carry_out(operation: Operation, now: datetime) -> int:
    """Erase a piece of what has ended; returns how many jobs.

    With the last of them it is completed. Where nothing has ended, it is looked at again later.
    """
    mine = (
        Operation.objects.select_for_update(skip_locked=True)
        .filter(pk=operation.pk, status=Operation.Status.RUNNING)
        .first()
    )
    if mine is None:
        return 0
    jobs = AIJob.objects.filter(**_which(mine))
    # An attempt that failed while it was erased may have brought it back into the queue.
    jobs.cancel_waiting(now)
    erased = _erasing.delete_over(jobs, PIECE_JOBS)
    crash_point(Step.ERASE_DELETED)
    rows = Operation.objects.filter(pk=mine.pk)
    rows.update(done=F("done") + erased, changed=F("changed") + erased)
    if erased < PIECE_JOBS:
        rows.update(look_at=now + AGAIN)
        if not jobs.exists():
            if mine.collection_id:
                Collection.objects.filter(pk=mine.collection_id).delete()
            # Some may have been erased by another operation, with their collection or alone.
            rows.update(done=F("total"), changed=F("total"))
            mine.mark_completed(now)
    if erased:
        look_again(mine.tenant_id)
    return erased


def _which(operation: Operation) -> dict[str, UUID | None]:
    """The condition on the jobs that it erases."""
    if operation.collection_id:
        return {"collection": operation.collection_id}
    return {"pk": operation.job_id}
