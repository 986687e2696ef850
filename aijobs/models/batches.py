"""A batch: one call to Anthropic, and how it moves from assembled to settled."""

import secrets
import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least

from aijobs.models.moves import Movable


def new_nonce() -> str:
    """What begins every custom_id of one submission, and of no other."""
    return secrets.token_hex(5)


class BatchQuerySet(models.QuerySet["Batch"]):
    def in_doubt(self) -> Self:
        """Anthropic may have them or not."""
        return self.filter(status__in=[Batch.Status.SUBMITTING, Batch.Status.UNCONFIRMED])


class Batch(Movable):
    """What goes to Anthropic in one call. `nonce` begins every custom_id of it."""

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

    nonce = models.CharField(max_length=16, unique=True)
    remote_id = models.CharField(max_length=100, null=True, unique=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ASSEMBLED)
    after_cancel = models.CharField(
        max_length=8, choices=AfterCancel.choices, default=AfterCancel.REQUEUE
    )
    tenant_ids = ArrayField(
        models.BigIntegerField(), help_text="Whose dashboards to tell when the batch moves."
    )
    requests = models.PositiveIntegerField(help_text="Jobs put into it.")
    request_bytes = models.PositiveBigIntegerField(help_text="Size of the body, about.")
    watermark = models.CharField(
        max_length=100,
        blank=True,
        help_text="Anthropic's newest batch id before submission: what is in doubt is newer.",
    )
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
    submitting_at = models.DateTimeField(null=True)
    unconfirmed_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    remote_deleted_at = models.DateTimeField(
        null=True, help_text="When Anthropic's copy was deleted."
    )

    objects = BatchQuerySet.as_manager()

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
            # Anthropic's id is known exactly when Anthropic has answered.
            models.CheckConstraint(
                condition=Q(remote_id__isnull=True)
                | Q(status__in=["submitted", "canceling", "ended", "settled"]),
                name="batch_remote_id_only_when_there",
            ),
            models.CheckConstraint(
                condition=Q(remote_id__isnull=False)
                | ~Q(status__in=["submitted", "canceling", "ended", "settled"]),
                name="batch_remote_id_when_there",
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

    def custom_id(self, job_id: uuid.UUID) -> str:
        """The key of a job's line: this submission's nonce and the job's id."""
        return f"{self.nonce}-{job_id.hex}"

    def _row(self) -> models.QuerySet[Any]:
        # A worker that was held up must not move a submission that followed its own, nor end it
        # by what it heard of another that was taken for it.
        return super()._row().filter(nonce=self.nonce, remote_id=self.remote_id)

    def mark_submitting(
        self, now: datetime, *, watermark: str, requests: int, request_bytes: int
    ) -> bool:
        """The intent to submit just this body, stored before the call is made."""
        return self._move(
            [self.Status.ASSEMBLED],
            self.Status.SUBMITTING,
            submitting_at=now,
            watermark=watermark,
            requests=requests,
            request_bytes=request_bytes,
            unconfirmed_at=None,
            note="",
        )

    def mark_reduced(self, requests: int) -> bool:
        """So many jobs stay in it: a body that was written before is of another submission."""
        return self._move(
            [self.Status.ASSEMBLED], self.Status.ASSEMBLED, nonce=new_nonce(), requests=requests
        )

    def mark_unsent(self, retry_at: datetime, note: str) -> bool:
        """Anthropic surely has nothing of it: it may be submitted again, as another submission."""
        return self._move(
            [self.Status.SUBMITTING, self.Status.UNCONFIRMED],
            self.Status.ASSEMBLED,
            nonce=new_nonce(),
            retry_at=retry_at,
            note=note[:500],
            attempts=self.attempts + 1,
        )

    def mark_released(self, now: datetime, note: str) -> bool:
        """Given up as lost: it may be sent again, under a nonce of its own.

        Should the lost submission turn up after all, the nonces tell the two apart.
        """
        return self._move(
            [self.Status.UNCONFIRMED],
            self.Status.ASSEMBLED,
            nonce=new_nonce(),
            retry_at=now,
            note=note[:500],
            needs_attention="",
            attempts=0,
        )

    def mark_unconfirmed(self, now: datetime, note: str) -> bool:
        """Anthropic may or may not have it: only reconcile decides."""
        return self._move(
            [self.Status.SUBMITTING],
            self.Status.UNCONFIRMED,
            unconfirmed_at=now,
            note=note[:500],
        )

    def prolong_doubt(self, now: datetime) -> bool:
        """Anthropic could not be asked: once it answers again, its list may still lag."""
        assert self.unconfirmed_at is not None
        return self._move(
            [self.Status.UNCONFIRMED],
            self.Status.UNCONFIRMED,
            # Somebody may be sending until then, though the doubt is known already.
            unconfirmed_at=max(now, self.unconfirmed_at),
        )

    def mark_submitted(self, now: datetime, remote_id: str, expires_at: datetime) -> bool:
        return self._move(
            [self.Status.SUBMITTING, self.Status.UNCONFIRMED],
            self.Status.SUBMITTED,
            submitted_at=now,
            remote_id=remote_id,
            expires_at=expires_at,
            polled_at=now,
            retry_at=None,
            note="",
            needs_attention="",
            attempts=0,
        )

    def mark_found(self, now: datetime, nonce: str, remote_id: str, expires_at: datetime) -> bool:
        """A submission that was given up as lost is there, and was not sent again yet."""
        return self._move(
            [self.Status.ASSEMBLED],
            self.Status.SUBMITTED,
            nonce=nonce,
            # Adopted, and not confirmed by Anthropic: it may have to be given back.
            unconfirmed_at=now,
            submitted_at=now,
            remote_id=remote_id,
            expires_at=expires_at,
            polled_at=now,
            retry_at=None,
            note="",
            needs_attention="",
            attempts=0,
        )

    def mark_recognized(self, nonce: str) -> bool:
        """What was adopted for it is a submission of its own, which had been given up as lost."""
        return self._move([self.Status.ENDED], self.Status.ENDED, nonce=nonce)

    def mark_mistaken(self, now: datetime, note: str) -> bool:
        """What was adopted for it is somebody else's: it is in doubt again, from now on."""
        return self._move(
            [self.Status.ENDED],
            self.Status.UNCONFIRMED,
            unconfirmed_at=now,
            remote_id=None,
            submitted_at=None,
            expires_at=None,
            polled_at=None,
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

    def mark_canceling(self, after_cancel: "Batch.AfterCancel | None" = None) -> bool:
        """Cancellation was asked for; without `after_cancel` the jobs are queued again."""
        return self._move(
            [self.Status.SUBMITTED],
            self.Status.CANCELING,
            after_cancel=after_cancel or self.AfterCancel.REQUEUE,
            note="",
        )

    def mark_polled(self, now: datetime) -> bool:
        """Claim the next question about it; False when somebody else asked meanwhile."""
        polled = type(self).objects.filter(pk=self.pk, status=self.status, polled_at=self.polled_at)
        return bool(polled.update(polled_at=now))

    def mark_ended(self, ended_at: datetime, counts: dict[str, int]) -> bool:
        """`counts`: succeeded, errored, canceled and expired, as Anthropic says."""
        return self._move(
            self.REMOTE,
            self.Status.ENDED,
            ended_at=ended_at,
            retry_at=None,
            note="",
            needs_attention="",
            attempts=0,
            **counts,
        )

    def mark_settled(self, now: datetime) -> bool:
        return self._move(
            [self.Status.ENDED],
            self.Status.SETTLED,
            settled_at=now,
            retry_at=None,
            note="",
            needs_attention="",
        )

    def mark_vanished(self, now: datetime, note: str) -> bool:
        """Anthropic no longer has its results. Each job that waited for one ended without."""
        return self._move(
            [*self.REMOTE, self.Status.ENDED],
            self.Status.SETTLED,
            settled_at=now,
            remote_deleted_at=now,
            retry_at=None,
            note=note[:500],
            needs_attention=note[:300],
        )

    def defer(self, retry_at: datetime, note: str) -> None:
        """Leave it as it is until `retry_at`, and say why."""
        self.attempts += 1
        self._row().filter(status=self.status).update(
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
