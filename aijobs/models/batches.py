"""A batch: jobs that go to Anthropic together, and how it moves from assembled to settled."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least

from aijobs.models.moves import Movable

if TYPE_CHECKING:
    from aijobs.models.submissions import Submission


class Batch(Movable):
    """Jobs that go to Anthropic in one call. Each time it is sent is a `Submission`."""

    class Status(models.TextChoices):
        ASSEMBLED = "assembled"
        SUBMITTING = "submitting"
        UNCONFIRMED = "unconfirmed"
        SUBMITTED = "submitted"
        CANCELING = "canceling"
        ENDED = "ended"
        SETTLED = "settled"
        REJECTED = "rejected"

    # Anthropic has it, or may have it soon: poll asks about these.
    REMOTE: ClassVar = (Status.SUBMITTED, Status.CANCELING)
    # Nothing will happen to these any more.
    FINAL: ClassVar = (Status.SETTLED, Status.REJECTED)

    class AfterCancel(models.TextChoices):
        """What becomes of the jobs of a batch that was canceled at Anthropic."""

        CANCEL = "cancel", "Cancel the jobs"
        REQUEUE = "requeue", "Queue the jobs again"

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ASSEMBLED)
    after_cancel = models.CharField(
        max_length=8, choices=AfterCancel.choices, default=AfterCancel.REQUEUE
    )
    tenant_ids = ArrayField(
        models.BigIntegerField(), help_text="Whose dashboards to tell when the batch moves."
    )
    requests = models.PositiveIntegerField(help_text="Jobs put into it.")
    request_bytes = models.PositiveBigIntegerField(help_text="Size of the body, about.")
    succeeded = models.PositiveIntegerField(default=0)
    errored = models.PositiveIntegerField(default=0)
    canceled = models.PositiveIntegerField(default=0)
    expired = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failures in a row.")
    retry_at = models.DateTimeField(null=True, help_text="Left alone until then.")
    note = models.CharField(max_length=500, blank=True, help_text="What went wrong last.")
    needs_attention = models.CharField(
        max_length=300, blank=True, help_text="Why a person should look at it."
    )
    assembled_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    remote_deleted_at = models.DateTimeField(
        null=True, help_text="When Anthropic's copy was deleted."
    )
    holds_erased = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A job of it was erased: Anthropic's copy is deleted without delay.",
    )
    needed_by = models.DateTimeField(null=True, help_text="The earliest deadline of its jobs.")
    canceling_at = models.DateTimeField(null=True, help_text="When its end was wished for.")
    rescued_at = models.DateTimeField(
        null=True, help_text="When it was canceled because it threatened deadlines."
    )
    model_names = ArrayField(
        models.CharField(max_length=100),
        default=list,
        db_default=[],
        help_text="That its requests are for.",
    )
    # Seconds at turnaround.model.LEVELS, as they were when it was assembled: by the model, and
    # corrected by what had come true until then.
    foreseen_seconds = ArrayField(models.FloatField(), null=True)
    promised_seconds = ArrayField(models.FloatField(), null=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "assembled",
                        "submitting",
                        "unconfirmed",
                        "submitted",
                        "canceling",
                        "ended",
                        "settled",
                        "rejected",
                    ]
                ),
                name="batch_status_known",
            ),
        ]
        indexes: ClassVar = [
            # Every stage looks for its batches here; finished ones leave it.
            models.Index(
                fields=["status", "id"],
                name="batch_open",
                condition=~Q(status__in=["settled", "rejected"]),
            ),
            # sweep deletes Anthropic's copies of these.
            models.Index(
                fields=["settled_at"],
                name="batch_kept_at_anthropic",
                condition=Q(status="settled", remote_deleted_at__isnull=True),
            ),
            # Staff see these first.
            models.Index(
                fields=["id"], name="batch_needs_attention", condition=~Q(needs_attention="")
            ),
        ]

    def __str__(self) -> str:
        return f"Batch {self.pk}"

    @property
    def submission(self) -> "Submission | None":
        """The one by which it stands now; None while it waits to be sent, and when it was not."""
        return self.submissions.current().first()

    @property
    def remote_id(self) -> str | None:
        """Its id at Anthropic."""
        current = self.submission
        return current.remote_id if current else None

    def mark_submitting(self, *, requests: int, request_bytes: int) -> bool:
        """A body with so many of its jobs is about to be sent; False when jobs left it since."""
        return self._move(
            [self.Status.ASSEMBLED],
            self.Status.SUBMITTING,
            Q(requests=self.requests),
            requests=requests,
            request_bytes=request_bytes,
            note="",
        )

    def mark_reduced(self, requests: int) -> bool:
        """So many jobs stay in it. A body that was written before is not sent any more."""
        return self._move(
            [self.Status.ASSEMBLED], self.Status.ASSEMBLED, Q(requests=self.requests),
            requests=requests,
        )  # fmt: skip

    def mark_unsent(self, retry_at: datetime, note: str) -> bool:
        """Its submission came to nothing: it may be sent again."""
        return self._move(
            [self.Status.SUBMITTING, self.Status.UNCONFIRMED],
            self.Status.ASSEMBLED,
            retry_at=retry_at,
            note=note[:500],
            attempts=self.attempts + 1,
        )

    def mark_unconfirmed(self, note: str) -> bool:
        """It was sent, and Anthropic may have it or not."""
        return self._move([self.Status.SUBMITTING], self.Status.UNCONFIRMED, note=note[:500])

    def mark_disowned(self, note: str) -> bool:
        """What was adopted for it is not it: Anthropic may have it or not, as before."""
        return self._move(
            [self.Status.ENDED],
            self.Status.UNCONFIRMED,
            submitted_at=None,
            expires_at=None,
            polled_at=None,
            canceling_at=None,
            rescued_at=None,
            ended_at=None,
            succeeded=0,
            errored=0,
            canceled=0,
            expired=0,
            retry_at=None,
            note=note[:500],
            needs_attention="",
            attempts=0,
        )

    def mark_released(self, now: datetime, note: str) -> bool:
        """Its submission is given up as lost: it may be sent again."""
        return self._move(
            [self.Status.UNCONFIRMED],
            self.Status.ASSEMBLED,
            retry_at=now,
            note=note[:500],
            needs_attention="",
            attempts=0,
        )

    def mark_submitted(self, now: datetime, expires_at: datetime) -> bool:
        """Anthropic has it: as it answered, or as was found out later."""
        return self._move(
            [self.Status.SUBMITTING, self.Status.UNCONFIRMED, self.Status.ASSEMBLED],
            self.Status.SUBMITTED,
            submitted_at=now,
            expires_at=expires_at,
            polled_at=now,
            retry_at=None,
            note="",
            needs_attention="",
            attempts=0,
        )

    def mark_dissolved(self, now: datetime, note: str) -> bool:
        """Given up before it was sent. Not while it is sent: Anthropic may have it by then."""
        return self._move(
            [self.Status.ASSEMBLED], self.Status.REJECTED, settled_at=now, note=note[:500]
        )

    def mark_rejected(self, now: datetime, note: str) -> bool:
        """Anthropic refused it as a whole."""
        return self._move(
            [self.Status.SUBMITTING], self.Status.REJECTED, settled_at=now, note=note[:500]
        )

    def mark_canceling(
        self,
        submission: "Submission",
        now: datetime,
        after_cancel: "Batch.AfterCancel | None" = None,
        *,
        is_rescue: bool = False,
    ) -> bool:
        """Cancellation was asked for; without `after_cancel` the jobs are queued again."""
        return self._move(
            [self.Status.SUBMITTED],
            self.Status.CANCELING,
            self._stands_by(submission),
            canceling_at=now,
            rescued_at=now if is_rescue else None,
            after_cancel=after_cancel or self.AfterCancel.REQUEUE,
            note="",
        )

    def mark_rewished(self, submission: "Submission", after_cancel: "Batch.AfterCancel") -> bool:
        """Something else becomes of its jobs than what was wished when it was canceled."""
        return self._move(
            [self.Status.CANCELING],
            self.Status.CANCELING,
            self._stands_by(submission) & ~Q(after_cancel=after_cancel),
            after_cancel=after_cancel,
        )

    def mark_polled(self, now: datetime) -> bool:
        """Claim the next question about it; False when somebody else asked meanwhile."""
        polled = type(self).objects.filter(pk=self.pk, status=self.status, polled_at=self.polled_at)
        return bool(polled.update(polled_at=now))

    def mark_ended(
        self, submission: "Submission", ended_at: datetime, counts: dict[str, int]
    ) -> bool:
        """`counts`: succeeded, errored, canceled and expired, as Anthropic says."""
        return self._move(
            self.REMOTE,
            self.Status.ENDED,
            self._stands_by(submission),
            ended_at=ended_at,
            retry_at=None,
            note="",
            needs_attention="",
            attempts=0,
            **counts,
        )

    def mark_settled(self, submission: "Submission", now: datetime) -> bool:
        """Each of its jobs has ended, or is queued again."""
        return self._move(
            [self.Status.ENDED],
            self.Status.SETTLED,
            self._stands_by(submission),
            settled_at=now,
            retry_at=None,
            note="",
            needs_attention="",
        )

    def mark_vanished(self, submission: "Submission", now: datetime, note: str) -> bool:
        """Anthropic no longer has its results. Each job that waited for one ended without."""
        return self._move(
            [*self.REMOTE, self.Status.ENDED],
            self.Status.SETTLED,
            self._stands_by(submission),
            settled_at=now,
            remote_deleted_at=now,
            retry_at=None,
            note=note[:500],
            needs_attention=note[:300],
        )

    def _stands_by(self, submission: "Submission") -> Q:
        """Whether the batch still is what the caller asked Anthropic about.

        A worker that was held up must not move it by what it heard of a batch at Anthropic that
        was adopted for it once, and given back since.
        """
        still = self.submissions.current().filter(pk=submission.pk, remote_id=submission.remote_id)
        return Q(pk__in=still.values("batch"))

    def defer(self, retry_at: datetime, note: str) -> None:
        """Leave it as it is until `retry_at`, and say why."""
        self.attempts += 1
        type(self).objects.filter(pk=self.pk, status=self.status).update(
            # No higher than a smallint holds: a batch that staff must decide about may wait long.
            retry_at=retry_at,
            note=note[:500],
            attempts=Least(F("attempts") + 1, 1_000),
        )

    def flag_for_staff(self, why: str) -> bool:
        """Ask for a person's attention until it moves on; True when nobody was asked for this."""
        called = type(self).objects.filter(pk=self.pk, status=self.status)
        return bool(called.exclude(needs_attention=why[:300]).update(needs_attention=why[:300]))

    def clear_flag(self) -> bool:
        """A person has seen it; False when nobody was asked for."""
        called = type(self).objects.filter(pk=self.pk).exclude(needs_attention="")
        return bool(called.update(needs_attention=""))

    def remark(self, note: str) -> None:
        """Say to staff what went wrong, without any consequence."""
        type(self).objects.filter(pk=self.pk).update(note=note[:500])
