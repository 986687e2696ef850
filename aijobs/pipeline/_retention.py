"""What is not kept: Anthropic's copies, old jobs, old idempotency keys.

The ledger stays, whatever goes. Everything is deleted in pieces that hold locks for moments only.
"""

import logging
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from aijobs import gateway
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, Batch, Collection, IdempotencyKey, Operation, Submission
from aijobs.models.submissions import SubmissionQuerySet
from aijobs.pipeline import _erasing
from aijobs.submissions import identity
from citizenapp.tenants.models import Tenant

logger = logging.getLogger(__name__)

# How long Anthropic keeps results, from the creation of their batch.
KEPT_BY_ANTHROPIC = timedelta(days=29)
IDEMPOTENCY_KEYS_LAST = timedelta(days=1)
OPERATIONS_LAST = timedelta(days=30)
# Calls and pieces a round, so that a round ends soon whatever there is to do.
MOST_DELETIONS = 50
PIECE_ROWS, MOST_PIECES = 1_000, 20


def delete_remote(now: datetime) -> int:
    """Delete Anthropic's copies of what has long been settled, or holds a job that was erased.

    Returns how many. Raises gateway.GatewayError when Anthropic does not answer.
    """
    before = now - timedelta(days=settings.AIJOBS_DELETE_REMOTE_DAYS)
    is_due = Q(batch__holds_erased=True) | Q(batch__settled_at__lt=before)
    kept = Submission.objects.current().filter(
        is_due, batch__status=Batch.Status.SETTLED, batch__remote_deleted_at=None
    )
    deleted = 0
    for submission in _deletable(kept, now):
        if _is_gone(submission):
            deleted += Batch.objects.filter(pk=submission.batch_id, remote_deleted_at=None).update(
                remote_deleted_at=now
            )
    return deleted


def delete_duplicates(now: datetime) -> int:
    """Delete Anthropic's second copies of what was erased, once what they cost is written down.

    Returns how many. Raises gateway.GatewayError when Anthropic does not answer.
    """
    closed = Submission.objects.filter(
        state=Submission.State.DUPLICATE,
        ended_at__isnull=False,
        batch__holds_erased=True,
        remote_deleted_at=None,
    )
    deleted = 0
    for submission in _deletable(closed, now):
        if _is_gone(submission):
            deleted += Submission.objects.filter(pk=submission.pk).update(remote_deleted_at=now)
    return deleted


def _deletable(submissions: SubmissionQuerySet, now: datetime) -> SubmissionQuerySet:
    """Some of those that Anthropic still has and nobody needs there; erased ones come first."""
    there = submissions.filter(sent_at__gt=now - KEPT_BY_ANTHROPIC)
    safe = there.exclude(remote_id__in=identity.watermarks_in_use())
    return safe.order_by("-batch__holds_erased", "batch__settled_at")[:MOST_DELETIONS]


def _is_gone(submission: Submission) -> bool:
    """Delete it at Anthropic; False when Anthropic does not let it go: it is asked again."""
    assert submission.remote_id is not None
    try:
        gateway.delete_batch(submission.remote_id)
    except gateway.Refused as error:
        if error.account_block:
            raise
        if error.status != 404:
            logger.warning("%s is not deleted: %s", submission.remote_id, error)
            return False
    crash_point(Step.SWEEP_DELETED)
    return True


def prune(now: datetime) -> int:
    """Delete what is older than the settings allow; returns how many jobs."""
    IdempotencyKey.objects.filter(created_at__lt=now - IDEMPOTENCY_KEYS_LAST).delete()
    Operation.objects.filter(ended_at__lt=now - OPERATIONS_LAST).delete()
    pruned, kept_days = 0, settings.AIJOBS_KEEP_JOBS_DAYS
    if kept_days:
        pruned += _prune_before(now - timedelta(days=kept_days), None)
    # A tenant may have its own deleted earlier, and never later.
    for tenant in Tenant.objects.exclude(keep_days=None).order_by("pk"):
        if not kept_days or cast(int, tenant.keep_days) < kept_days:
            pruned += _prune_before(now - timedelta(days=cast(int, tenant.keep_days)), tenant)
    return pruned


def _prune_before(before: datetime, tenant: Tenant | None) -> int:
    """Of one tenant, or of all; some pieces a round, the oldest first."""
    pruned = 0
    for _ in range(MOST_PIECES):
        piece = _prune_jobs(before, tenant)
        pruned += piece
        crash_point(Step.SWEEP_PRUNED)
        if piece < PIECE_ROWS:
            _prune_collections(before, tenant)
            break
    if pruned:
        logger.info("Pruned %s jobs that ended before %s.", pruned, before.date())
    return pruned


@transaction.atomic
def _prune_jobs(before: datetime, tenant: Tenant | None) -> int:
    """Delete a piece of the jobs that ended before a moment: jobs, documents, results, attempts.

    With them go, however young, the jobs that have their results: no copy outlives the original.

    Ids sort by the moment of creation, so that the oldest are found without an index of their
    own. A batch that is not settled yet still needs its jobs to account for its rows.
    """
    oldest = UUID(int=int(before.timestamp() * 1000) << 80)
    ended = AIJob.objects.filter(pk__lt=oldest, finished_at__lt=before)
    if tenant is not None:
        # Its own are walked by the index of its list, however many others are as old.
        ended = ended.filter(input__tenant=tenant, input__job__lt=oldest)
    jobs = _erasing.over(ended).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    old = list(jobs.values_list("pk", flat=True)[:PIECE_ROWS])
    copied = AIJob.objects.filter(answered_by__in=old, status=AIJob.Status.COMPLETED)
    copies = list(copied.exclude(pk__in=old).values_list("pk", flat=True)[:PIECE_ROWS])
    if len(copies) == PIECE_ROWS:
        old = []  # There may be more, and an original goes with the last of them.
    ids = [*copies, *old]
    _erasing.forget("job.id = ANY(%s::uuid[])", [old])
    _erasing.delete(ids)
    return len(ids)


def _prune_collections(before: datetime, tenant: Tenant | None) -> None:
    """Delete those that have no jobs left."""
    whose = Collection.objects.filter(tenant=tenant) if tenant else Collection.objects.all()
    empty = whose.filter(created_at__lt=before).exclude(
        Exists(AIJob.objects.filter(collection=OuterRef("pk")))
    )
    ids = list(empty.order_by("pk").values_list("pk", flat=True)[:PIECE_ROWS])
    Collection.objects.filter(pk__in=ids).delete()
