"""What is not kept: Anthropic's copies, old jobs, old idempotency keys.

The ledger stays, whatever goes. Everything is deleted in pieces that hold locks for moments only.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    IdempotencyKey,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    Submission,
)
from aijobs.submissions import identity

logger = logging.getLogger(__name__)

# How long Anthropic keeps results, from the creation of their batch.
KEPT_BY_ANTHROPIC = timedelta(days=29)
IDEMPOTENCY_KEYS_LAST = timedelta(days=2)
# Calls and pieces a round, so that a round ends soon whatever there is to do.
MOST_DELETIONS = 50
PIECE_ROWS, MOST_PIECES = 1_000, 20

# The questions that these jobs would answer, each found by its key.
FORGET = """
DELETE FROM aijobs_question AS question USING aijobs_jobinput AS input
WHERE input.job_id = ANY(%s::uuid[]) AND question.tenant_id = input.tenant_id
  AND question.fingerprint = input.fingerprint AND question.job_id = input.job_id
"""


def delete_remote(now: datetime) -> int:
    """Delete Anthropic's copies of what has long been settled; returns how many.

    Raises gateway.GatewayError when Anthropic does not answer.
    """
    before = now - timedelta(days=settings.AIJOBS_DELETE_REMOTE_DAYS)
    kept = Submission.objects.current().filter(
        batch__status=Batch.Status.SETTLED,
        batch__remote_deleted_at=None,
        batch__settled_at__lt=before,
        sent_at__gt=now - KEPT_BY_ANTHROPIC,
    )
    deleted = 0
    safe = kept.exclude(remote_id__in=identity.watermarks_in_use())
    for submission in safe.order_by("batch__settled_at")[:MOST_DELETIONS]:
        assert submission.remote_id is not None
        try:
            gateway.delete_batch(submission.remote_id)
        except gateway.Refused as error:
            if error.account_block:
                raise
            if error.status != 404:
                logger.warning("%s is not deleted: %s", submission.remote_id, error)
                continue
        crash_point(Step.SWEEP_DELETED)
        deleted += Batch.objects.filter(pk=submission.batch_id, remote_deleted_at=None).update(
            remote_deleted_at=now
        )
    return deleted


def prune(now: datetime) -> int:
    """Delete what is older than the settings allow; returns how many jobs."""
    IdempotencyKey.objects.filter(created_at__lt=now - IDEMPOTENCY_KEYS_LAST).delete()
    if not settings.AIJOBS_KEEP_JOBS_DAYS:
        return 0
    before = now - timedelta(days=settings.AIJOBS_KEEP_JOBS_DAYS)
    pruned = 0
    for _ in range(MOST_PIECES):
        piece = _prune_jobs(before)
        pruned += piece
        crash_point(Step.SWEEP_PRUNED)
        if piece < PIECE_ROWS:
            _prune_collections(before)
            break
    if pruned:
        logger.info("Pruned %s jobs that ended before %s.", pruned, before.date())
    return pruned


@transaction.atomic
def _prune_jobs(before: datetime) -> int:
    """Delete a piece of the jobs that ended before a moment: jobs, documents, results, attempts.

    With them go, however young, the jobs that have their results: no copy outlives the original.

    Ids sort by the moment of creation, so that the oldest are found without an index of their
    own. A batch that is not settled yet still needs its jobs to account for its rows.
    """
    open_batch = Q(batch__isnull=False) & ~Q(batch__status__in=Batch.FINAL)
    jobs = (
        AIJob.objects.filter(
            pk__lt=UUID(int=int(before.timestamp() * 1000) << 80),
            status__in=AIJob.FINAL,
            finished_at__lt=before,
        )
        .exclude(Exists(JobAttempt.objects.filter(open_batch, job=OuterRef("pk"))))
        .exclude(Exists(AIJob.objects.filter(open_batch, pk=OuterRef("pk"))))
        .order_by("pk")
        .select_for_update(skip_locked=True, of=("self",))
    )
    old = list(jobs.values_list("pk", flat=True)[:PIECE_ROWS])
    copied = AIJob.objects.filter(answered_by__in=old, status=AIJob.Status.COMPLETED)
    copies = list(copied.exclude(pk__in=old).values_list("pk", flat=True)[:PIECE_ROWS])
    if len(copies) == PIECE_ROWS:
        old = []  # There may be more, and an original goes with the last of them.
    ids = [*copies, *old]
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [old])
    for rows in (JobAttempt, JobDocument, JobInput, JobOutput):
        rows._default_manager.filter(job__in=ids).delete()
    AIJob.objects.filter(pk__in=ids).delete()
    return len(ids)


def _prune_collections(before: datetime) -> None:
    """Delete those that have no jobs left."""
    empty = Collection.objects.filter(created_at__lt=before).exclude(
        Exists(AIJob.objects.filter(collection=OuterRef("pk")))
    )
    ids = list(empty.order_by("pk").values_list("pk", flat=True)[:PIECE_ROWS])
    Collection.objects.filter(pk__in=ids).delete()
