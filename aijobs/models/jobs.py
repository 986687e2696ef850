"""A job: a narrow row of keys, status and moments.

What is long stands beside it in rows that are written once; what it was given, in `inputs`.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from aijobs import jobtypes
from aijobs.models.batches import Batch
from aijobs.models.cancellations import Cancellation
from aijobs.models.collections import Collection
from aijobs.models.job_indexes import JOB_INDEXES
from aijobs.models.moves import Movable
from citizenapp.tenants.models import Tenant


class AIJobQuerySet(models.QuerySet["AIJob"]):
    def of(self, tenant: Tenant) -> Self:
        """Every road to a tenant's jobs begins here: what is being erased is not shown."""
        return self.filter(tenant=tenant, erasing_since=None)

    def listed(self, tenant: Tenant, *, status: str = "", job_type: str = "") -> Self:
        """A tenant's jobs with this shown status and of this type, where they are given.

        Ordered by `-pk`, with a limit, they are walked by one index from the newest on.
        """
        jobs = self.of(tenant)
        if status:
            jobs = jobs.shown_as(status)
        if status in ("", AIJob.Status.COMPLETED):
            walked = {"input__tenant": tenant}
            return jobs.filter(**walked | ({"input__job_type": job_type} if job_type else {}))
        return jobs.filter(job_type=job_type) if job_type else jobs

    def queue_again(self, status: str, now: datetime) -> int:
        """Move all failed, or all canceled, jobs among these back to the queue: one statement."""
        assert status in (AIJob.Status.FAILED, AIJob.Status.CANCELED)
        again = self.filter(status=status, erasing_since=None)
        Cancellation.objects.filter(Exists(again.filter(collection=OuterRef("pk")))).delete()
        return again.update(
            status=AIJob.Status.QUEUED,
            batch=None,
            forgiven_attempts=F("attempts"),
            not_before=now,
            started_at=None,
            finished_at=None,
            dropped_at=None,
            **_remembering(now),
        )

    def cancel_waiting(self, now: datetime) -> int:
        """Cancel all waiting jobs among these, in one statement."""
        return self.filter(status=AIJob.Status.QUEUED).update(
            status=AIJob.Status.CANCELED, finished_at=now, answered_by=None
        )

    def drop_answers(self, now: datetime) -> int:
        """Of what is on its way, keep no answer: it goes on, is charged, and ends as canceled."""
        under_way = [AIJob.Status.SUBMITTED, AIJob.Status.PROCESSING]
        return self.filter(status__in=under_way, dropped_at=None).update(dropped_at=now)

    def mark_erasing(self, now: datetime) -> int:
        """Show them no more, and cancel those that wait, in one statement; returns how many."""
        waits = Q(status=AIJob.Status.QUEUED)
        return self.filter(erasing_since=None).update(
            erasing_since=now,
            status=Case(When(waits, then=Value(AIJob.Status.CANCELED)), default=F("status")),
            finished_at=Case(When(waits, then=Value(now)), default=F("finished_at")),
            answered_by=Case(When(waits, then=None), default=F("answered_by")),
        )

    def cancel_unsent(self, now: datetime) -> int:
        """Cancel the jobs of a batch that was never sent."""
        return self.filter(status=AIJob.Status.SUBMITTED).update(
            status=AIJob.Status.CANCELED, finished_at=now
        )

    def queue_unsent_again(self) -> int:
        """Put the jobs of a batch that was never sent back where they were; that was no attempt.

        What is being erased, or canceled, alone or with its collection, is not sent at all.
        """
        withdrawn = Cancellation.objects.filter(collection=OuterRef("collection"))
        unwanted = Q(erasing_since__isnull=False) | Q(dropped_at__isnull=False)
        ends = unwanted | Exists(withdrawn)
        return self.filter(status=AIJob.Status.SUBMITTED).update(
            status=Case(
                When(ends, then=Value(AIJob.Status.CANCELED)), default=Value(AIJob.Status.QUEUED)
            ),
            finished_at=Coalesce(
                F("erasing_since"), F("dropped_at"), Subquery(withdrawn.values("initiated_at"))
            ),
            batch=None,
            not_before=F("created_at"),
            started_at=None,
            attempts=F("attempts") - 1,
        )

    def held_until(self, moment: datetime) -> Self:
        """Jobs that wait in the queue, until exactly this moment, to be sent."""
        return self.filter(status=AIJob.Status.QUEUED, not_before=moment, answered_by=None)

    def let_go(self) -> int:
        """They need not wait any more, and take the place that they would have had."""
        return self.update(not_before=F("created_at"))

    def next_to_leave(self, now: datetime) -> Self:
        """Jobs of one tenant that wait for nothing but the next batch, the oldest first."""
        waiting = self.filter(
            indexed_status=AIJob.Status.QUEUED,
            route=AIJob.Route.BATCH,
            answered_by=None,
            not_before__lte=now,
        )
        return waiting.order_by("not_before", "pk")

    def leave_now(self, now: datetime, every: timedelta) -> int:
        """Let the oldest of them count as one that has waited `every`, as long as any job may.

        So the next batch is due, and takes along all that wait. No other row changes. Returns 0
        where nothing waits, or the oldest has waited long enough, or is leaving at this moment.
        """
        oldest = self.next_to_leave(now).values("pk")[:1]
        return self.filter(
            pk__in=Subquery(oldest), status=AIJob.Status.QUEUED, not_before__gt=now - every
        ).update(not_before=now - every)

    def hold(self, until: datetime) -> int:
        """They wait in the queue until then, or until they are let go; who asks the same as well.

        Nobody lets the latter go: what becomes of the others ends their wait (pipeline/share.py).
        """
        asking = AIJob.objects.filter(status=AIJob.Status.QUEUED, answered_by__in=self.values("pk"))
        asking.update(not_before=until)
        return self.update(not_before=until)

    def with_shown_status(self) -> Self:
        """Annotate `shown_status`: a job of a batch is processing while Anthropic has the batch.

        Read off the batch, so that nobody rewrites 100,000 rows to say so.
        """
        return self.annotate(
            shown_status=Case(
                When(
                    status=AIJob.Status.SUBMITTED,
                    batch__status__in=[*Batch.REMOTE, Batch.Status.ENDED],
                    then=Value(AIJob.Status.PROCESSING.value),
                ),
                default=F("status"),
            )
        )

    def shown_as(self, status: str) -> Self:
        """Jobs whose shown status is this one."""
        at_anthropic = [*Batch.REMOTE, Batch.Status.ENDED]
        if status == AIJob.Status.PROCESSING:
            return self.filter(Q(indexed_status=status) | _in_batches(status__in=at_anthropic))
        if status == AIJob.Status.SUBMITTED:
            here = ~Q(status__in=[*at_anthropic, *Batch.FINAL])
            return self.filter(_in_batches(here))
        if status == AIJob.Status.COMPLETED:
            return self.filter(status=status)
        return self.filter(indexed_status=status)

    def on_their_way(self) -> Self:
        """Jobs that are submitted or processing."""
        unfinished = ~Q(status__in=Batch.FINAL)
        return self.filter(Q(indexed_status=AIJob.Status.PROCESSING) | _in_batches(unfinished))


def _in_batches(*which: Q, **having: object) -> Q:
    """Submitted jobs of batches such as these, which are few: found first, by their status.

    With their keys as an array, PostgreSQL finds the jobs of a tenant in them by `job_of_batch`.
    """
    keys = ArraySubquery(Batch.objects.filter(*which, **having).values("pk"))
    return Q(IsAnyOf(F("batch"), keys), status=AIJob.Status.SUBMITTED)


class IsAnyOf(Func):
    """Whether a column is in an array that a query makes: each is looked up, also beside an OR."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


def _remembering(now: datetime) -> dict[str, Any]:
    """What a move back into the queue on request keeps: when it had ended, and when that was."""
    moment = models.DateTimeField()
    return {
        "ended_before": _Append(F("ended_before"), F("finished_at")),
        "asked_again": _Append(F("asked_again"), Value(now, moment)),
    }


class _Append(Func):
    function = "array_append"
    output_field = ArrayField(models.DateTimeField())


class AIJob(Movable):
    """One piece of document work that a tenant asked for."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        SUBMITTED = "submitted"
        PROCESSING = "processing"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELED = "canceled"

    class Route(models.TextChoices):
        BATCH = "batch"
        SYNC = "sync"

    FINAL: ClassVar = (Status.COMPLETED, Status.FAILED, Status.CANCELED)

    INDEXED_STATUSES: ClassVar = (Status.QUEUED, Status.PROCESSING, Status.FAILED, Status.CANCELED)

    id = models.UUIDField(primary_key=True, editable=False)
    # Their indexes stand in JOB_INDEXES, each with what else is asked for.
    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    collection = models.ForeignKey(Collection, models.PROTECT, null=True, db_index=False)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, db_index=False)
    job_type = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    route = models.CharField(max_length=5, choices=Route.choices, default=Route.BATCH)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Times it was sent.")
    forgiven_attempts = models.PositiveSmallIntegerField(
        db_default=0,
        help_text="Those before a person last asked for it again: they no longer count.",
    )
    max_tokens_factor = models.PositiveSmallIntegerField(
        default=1, help_text="Multiplies max_tokens, after an answer that was cut off."
    )
    request_bytes = models.PositiveIntegerField(help_text="Size of its line in a batch, at most.")
    reserved_usd = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        db_default=0,
        help_text="What it may cost on its route, of its tenant's budget until it is over.",
    )
    # No foreign key: it would be looked at for each job that is deleted. _retention deletes both.
    answered_by = models.UUIDField(
        null=True,
        help_text="The earlier job with the same question, whose result it has or waits for.",
    )
    created_at = models.DateTimeField()
    needed_by = models.DateTimeField(null=True)
    not_before = models.DateTimeField(help_text="Waits in the queue until then.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Written with the move: once it is queued again, nothing else says what became of it before.
    ended_before = ArrayField(
        models.DateTimeField(),
        null=True,
        help_text="When it had failed or was canceled, each time a person asked for it again.",
    )
    asked_again = ArrayField(
        models.DateTimeField(), null=True, help_text="When a person did: one for each of those."
    )
    erasing_since = models.DateTimeField(
        null=True, help_text="Shown nowhere since then: it is deleted as soon as it has ended."
    )
    dropped_at = models.DateTimeField(
        null=True,
        help_text="Canceled on its way: it goes on and is charged, and its answer is not kept.",
    )
    # When a column changes that any index names, be it in a condition, PostgreSQL writes the row
    # into all indexes anew. So indexes name this column, and not the status: it is null for
    # submitted and for completed jobs, and does not change when a job completes.
    indexed_status = models.GeneratedField(
        expression=Case(When(status__in=INDEXED_STATUSES, then=F("status"))),
        output_field=models.CharField(max_length=10, null=True),
        db_persist=True,
        help_text="Its status, where few jobs have it: not submitted, not completed.",
    )

    objects = AIJobQuerySet.as_manager()

    class Meta:
        verbose_name = "AI job"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "queued",
                        "submitted",
                        "processing",
                        "completed",
                        "failed",
                        "canceled",
                    ]
                ),
                name="job_status_known",
            ),
            models.CheckConstraint(
                condition=Q(route__in=["batch", "sync"]), name="job_route_known"
            ),
            # A job is in a batch exactly while it is on its way in one, or ended in one.
            models.CheckConstraint(
                condition=~Q(status="queued") | Q(batch__isnull=True),
                name="job_queued_is_in_no_batch",
            ),
            models.CheckConstraint(
                condition=~Q(status="submitted") | Q(batch__isnull=False),
                name="job_submitted_is_in_a_batch",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["completed", "failed", "canceled"], finished_at__isnull=False
                )
                | Q(status__in=["queued", "submitted", "processing"], finished_at__isnull=True),
                name="job_finished_at_when_final",
            ),
            # What is sent, or was, has an answer of its own.
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | Q(status__in=["queued", "completed"]),
                name="job_answered_by_another_is_not_sent",
            ),
        ]
        indexes: ClassVar = JOB_INDEXES

    def __str__(self) -> str:
        return f"{self.job_type} {self.pk}"

    @property
    def kind(self) -> jobtypes.JobType:
        return jobtypes.get(self.job_type)

    @property
    def deadline(self) -> datetime | None:
        """When it is needed; none where that is at once, which runs as soon as it can."""
        has_time = self.needed_by is not None and self.needed_by > self.created_at
        return self.needed_by if has_time else None

    def mark_answered(self) -> bool:
        """Given up in doubt, and the answer to that attempt is here after all: back in its call."""
        return self._move(
            [self.Status.FAILED],
            self.Status.PROCESSING,
            Q(attempts=self.attempts, route=self.Route.SYNC),
            finished_at=None,
        )

    def mark_canceled(self, now: datetime) -> bool:
        """Taken out of the queue. What is already on its way cannot be called back alone."""
        return self._move(
            [self.Status.QUEUED], self.Status.CANCELED, finished_at=now, answered_by=None
        )

    def mark_queued(self, not_before: datetime) -> bool:
        """Back in the queue on request, after it failed or was canceled; attempts count anew."""
        ended = [self.Status.FAILED, self.Status.CANCELED]
        if self.collection_id:
            again = AIJob.objects.filter(pk=self.pk, status__in=ended, erasing_since=None)
            Cancellation.objects.filter(Exists(again), pk=self.collection_id).delete()
        return self._move(
            ended,
            self.Status.QUEUED,
            Q(erasing_since=None),
            batch=None,
            forgiven_attempts=F("attempts"),
            not_before=not_before,
            started_at=None,
            finished_at=None,
            dropped_at=None,
            **_remembering(not_before),
        )
