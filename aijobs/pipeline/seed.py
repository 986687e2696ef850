"""seed: let the jobs of a collection follow the one that went first, or hold them for a person.

The seed is a job of the collection like any other. When its batch has ended, what all of them share
is in Anthropic's cache. And it is a canary: what it fails for, the others would fail for as well.
Should nobody ever come here, the others still go: they wait in the queue until a moment only.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from aijobs import caching
from aijobs.crash_points import Step, crash_point
from aijobs.models import (
    FOR_A_PERSON,
    AIJob,
    Collection,
    JobAttempt,
    LedgerEntry,
    Seeding,
    Trial,
)
from aijobs.models.jobs import AIJobQuerySet
from aijobs.models.seedings import SeedingQuerySet
from aijobs.outcomes import retries
from aijobs.pipeline._seeding import sow_stored
from aijobs.pipeline._telling import look_again

logger = logging.getLogger(__name__)


def ready(now: datetime) -> SeedingQuerySet:
    """Those whose seed has ended, or was waited for long enough."""
    under_way = AIJob.objects.filter(pk=OuterRef("job_id")).exclude(status__in=AIJob.FINAL)
    return Seeding.objects.waiting().filter(Q(give_up_at__lte=now) | ~Exists(under_way))


def due(now: datetime) -> bool:
    return ready(now).exists()


def run(now: datetime) -> int:
    """Decide about the jobs that wait for a seed; returns for how many collections."""
    decided = 0
    for seeding in ready(now).select_related("collection").order_by("pk"):
        decided += decide(seeding, now)
        crash_point(Step.SEED_COMMITTED)
    return decided


@transaction.atomic
def decide(seeding: Seeding, now: datetime) -> bool:
    """Let the others go, with the cache or without, or hold them; False where somebody else did."""
    held = _held(seeding)
    if not _move(seeding, now):
        return False
    crash_point(Step.SEED_MOVED)
    if seeding.state == Seeding.State.REFUSED:
        jobs = held.hold(seeding.held_until)
    else:
        jobs = held.let_go()
    look_again(seeding.collection.tenant_id)
    logger.info("Collection %s is %s: %s jobs waited.", seeding.pk, seeding.state, jobs)
    return True


def end_trial(collection: Collection, now: datetime) -> int:
    """Queue the jobs that wait for a person, after a trial of a few; how many.

    As in a new collection, one of them may go first, and the others read what it caches.
    """
    went = _end_trial(collection, now)
    crash_point(Step.SEED_TRIAL_COMMITTED)
    return went


@transaction.atomic
def _end_trial(collection: Collection, now: datetime) -> int:
    trial = Trial.objects.filter(collection=collection).first()
    if trial is None or not trial.mark_ended():
        return 0
    crash_point(Step.SEED_TRIAL_MOVED)
    held = AIJob.objects.filter(collection=collection).held_until(FOR_A_PERSON)
    return sow_stored(collection, held, now) + held.let_go()


def let_go_on(collection: Collection) -> int:
    """Let the jobs go that wait for a seed, without the cache, as a person asked; how many."""
    went = _let_go_on(collection)
    crash_point(Step.SEED_WAIVED)
    return went


@transaction.atomic
def _let_go_on(collection: Collection) -> int:
    # Locked: until when its jobs are held must not change meanwhile.
    seeding = Seeding.objects.select_for_update().filter(collection=collection).first()
    if seeding is None:
        return 0
    held = _held(seeding)
    return held.let_go() if seeding.mark_cold("A person let them go on.") else 0


def _held(seeding: Seeding) -> AIJobQuerySet:
    return AIJob.objects.filter(collection=seeding.pk).held_until(seeding.held_until)


def _move(seeding: Seeding, now: datetime) -> bool:
    """What became of the seed, as a move."""
    job = AIJob.objects.select_related("batch").filter(pk=seeding.job_id).first()
    if job is None or job.status == AIJob.Status.CANCELED:
        return seeding.mark_cold("The job that went first was canceled.")
    if job.status == AIJob.Status.FAILED:
        return _fail(seeding, job)
    if job.status != AIJob.Status.COMPLETED:
        return seeding.mark_cold("The job that went first took too long.")
    return _complete(seeding, job, now)


def _complete(seeding: Seeding, job: AIJob, now: datetime) -> bool:
    """Whether the others read what the seed has cached: it must be there, and for an hour."""
    submission = job.batch.submission if job.batch else None
    charges = LedgerEntry.objects.filter(job_id=job.pk)
    cached = charges.filter(batch=job.batch_id).aggregate(
        written=Sum("cache_write_1h_tokens"), read=Sum("cache_read_tokens")
    )
    if submission is None or not (cached["written"] or cached["read"]):
        return seeding.mark_cold("Nothing of the job that went first was cached.")
    if not (cached["written"] or _is_cached_for_an_hour(seeding, charges, now)):
        return seeding.mark_cold("What the job that went first read may be gone in minutes.")
    until = submission.sent_at + caching.KEPT - caching.MARGIN
    if until <= now:
        return seeding.mark_cold("The job that went first took so long that its cache is gone.")
    return seeding.mark_warm(until)


def _is_cached_for_an_hour(seeding: Seeding, charges: QuerySet[LedgerEntry], now: datetime) -> bool:
    """Whether what the seed has read was written for an hour: by itself before, or another seed.

    Direct calls write for five minutes. To read that does not make it last: each of the others
    would write it anew.
    """
    lately = charges.filter(created_at__gte=now - caching.KEPT)
    if lately.filter(cache_write_1h_tokens__gt=0).exists():
        return True
    alike = Seeding.objects.filter(model=seeding.model, prefix_sha256=seeding.prefix_sha256)
    return alike.filter(state=Seeding.State.WARM, warm_until__gt=now).exists()


def _fail(seeding: Seeding, job: AIJob) -> bool:
    """Whether the others would fail as well: not where only its moment was bad."""
    last = JobAttempt.objects.filter(job=job).order_by("-number").first()
    if last is None or retries.is_passing(last.error_type):
        return seeding.mark_cold("The job that went first failed for a passing reason.")
    return seeding.mark_refused(f"The job that went first failed: {last.message}")
