"""A submission: one POST of a batch to Anthropic, and what is known of it."""

import secrets
import uuid
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from aijobs.models.batches import Batch
from aijobs.models.moves import Movable


def new_nonce() -> str:
    """What begins every custom_id of one submission, and of no other: 10 hexadecimal digits."""
    return secrets.token_hex(5)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def current(self) -> Self:
        """Those by which their batches stand now: at most one a batch."""
        return self.filter(state__in=Submission.CURRENT)

    def in_doubt(self) -> Self:
        """Anthropic may have them or not."""
        return self.filter(state__in=[Submission.State.SENDING, Submission.State.IN_DOUBT])


class Submission(Movable):
    """One POST of a batch. It is stored before the call as the intent, and never used again.

    A batch whose submission surely came to nothing, or was given up, is sent again by a further
    submission. `nonce` begins every custom_id of the request, so that results tell whose they are.
    """

    class State(models.TextChoices):
        SENDING = "sending", "Being sent"
        UNSENT = "unsent", "Surely not at Anthropic"
        IN_DOUBT = "in_doubt", "In doubt"
        CONFIRMED = "confirmed", "Confirmed by Anthropic"
        ADOPTED = "adopted", "Found at Anthropic"
        RELEASED = "released", "Given up as lost"
        DUPLICATE = "duplicate", "Turned up after its batch was sent again"

    MOVED_FIELD: ClassVar = "state"
    # The batch stands by one of these; the others are history, or may still turn up.
    CURRENT: ClassVar = (State.SENDING, State.IN_DOUBT, State.CONFIRMED, State.ADOPTED)
    # Anthropic is known to have these.
    THERE: ClassVar = (State.CONFIRMED, State.ADOPTED, State.DUPLICATE)

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="submissions")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENDING)
    nonce = models.CharField(max_length=16, unique=True)
    watermark = models.CharField(
        max_length=100,
        blank=True,
        help_text="Anthropic's newest batch id before the call: what is in doubt is newer.",
    )
    requests = models.PositiveIntegerField(help_text="Lines in the body.")
    sent_at = models.DateTimeField(help_text="When the intent was stored.")
    doubt_at = models.DateTimeField(
        null=True, help_text="Since when it may be lost; nobody was sending any more by then."
    )
    remote_id = models.CharField(max_length=100, null=True, unique=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(
        max_length=150, blank=True, help_text="Who gave it up; empty: reconcile, after the grace."
    )
    # Of a duplicate. Its cost stands here and not in the ledger, for no tenant asked for it.
    found_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    succeeded = models.PositiveIntegerField(
        default=0, help_text="Requests that were answered, and charged, before it was canceled."
    )
    cost_usd = models.DecimalField(max_digits=16, decimal_places=10, default=Decimal(0))

    remote_deleted_at = models.DateTimeField(
        null=True, help_text="Of a duplicate: when Anthropic's copy was deleted."
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "sending",
                        "unsent",
                        "in_doubt",
                        "confirmed",
                        "adopted",
                        "released",
                        "duplicate",
                    ]
                ),
                name="submission_state_known",
            ),
            # Anthropic's id is known exactly while it is known to be there.
            models.CheckConstraint(
                condition=Q(
                    state__in=["confirmed", "adopted", "duplicate"], remote_id__isnull=False
                )
                | Q(
                    state__in=["sending", "unsent", "in_doubt", "released"], remote_id__isnull=True
                ),
                name="submission_remote_id_when_there",
            ),
            models.UniqueConstraint(
                fields=["batch"],
                condition=Q(state__in=["sending", "in_doubt", "confirmed", "adopted"]),
                name="submission_one_current_a_batch",
            ),
        ]
        indexes: ClassVar = [
            # reconcile and dispatch look for what is in doubt.
            models.Index(
                fields=["id"],
                name="submission_in_doubt",
                condition=Q(state__in=["sending", "in_doubt"]),
            ),
            # sweep looks for those that may still turn up.
            models.Index(
                fields=["released_at"],
                name="submission_released",
                condition=Q(state="released"),
            ),
            # sweep cancels and follows these until they have ended.
            models.Index(
                fields=["id"],
                name="submission_open_duplicate",
                condition=Q(state="duplicate", ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"submission {self.nonce}"

    def custom_id(self, job: uuid.UUID | str) -> str:
        """The key of a job's line: this nonce and the job's id as 32 hexadecimal digits."""
        return f"{self.nonce}-{job if isinstance(job, str) else job.hex}"

    def mark_unsent(self) -> bool:
        """Anthropic surely has nothing of it."""
        return self._move([self.State.SENDING, self.State.IN_DOUBT], self.State.UNSENT)

    def mark_in_doubt(self, now: datetime) -> bool:
        """No answer that can be trusted came: only reconcile decides."""
        return self._move([self.State.SENDING], self.State.IN_DOUBT, doubt_at=now)

    def prolong_doubt(self, now: datetime) -> bool:
        """Anthropic could not be asked: once it answers again, its list may still lag."""
        assert self.doubt_at is not None
        return self._move(
            [self.State.IN_DOUBT],
            self.State.IN_DOUBT,
            # `doubt_at` may lie ahead: until then its worker may still be sending.
            doubt_at=max(now, self.doubt_at),
        )

    def mark_confirmed(self, remote_id: str) -> bool:
        """Anthropic answered with its id."""
        return self._move(
            [self.State.SENDING, self.State.IN_DOUBT], self.State.CONFIRMED, remote_id=remote_id
        )

    def mark_adopted(self, remote_id: str) -> bool:
        """A batch at Anthropic is taken for it, which may turn out to be wrong."""
        return self._move(
            [self.State.IN_DOUBT, self.State.RELEASED],
            self.State.ADOPTED,
            remote_id=remote_id,
            released_at=None,
            released_by="",
        )

    def mark_disowned(self, now: datetime) -> bool:
        """What was adopted for it is somebody else's: it is in doubt again, from now on."""
        return self._move(
            [self.State.ADOPTED],
            self.State.IN_DOUBT,
            self._still_it(),
            doubt_at=now,
            remote_id=None,
        )

    def mark_superseded(self, now: datetime) -> bool:
        """What was adopted for it is an earlier one of its batch: this one may be the lost one."""
        return self._move(
            [self.State.ADOPTED],
            self.State.RELEASED,
            self._still_it(),
            remote_id=None,
            released_at=now,
            released_by="",
        )

    def mark_released(self, now: datetime, by: str = "") -> bool:
        """Given up as lost. Should Anthropic have it after all, its nonce tells."""
        return self._move(
            [self.State.IN_DOUBT], self.State.RELEASED, released_at=now, released_by=by
        )

    def mark_duplicate(self, remote_id: str, now: datetime) -> bool:
        """It was given up and is there after all, beside the one that was sent in its place."""
        return self._move(
            [self.State.RELEASED], self.State.DUPLICATE, remote_id=remote_id, found_at=now
        )

    def mark_mistaken(self) -> bool:
        """What turned up is somebody else's: it may still turn up itself."""
        return self._move(
            [self.State.DUPLICATE],
            self.State.RELEASED,
            self._still_it(),
            remote_id=None,
            found_at=None,
        )

    def _still_it(self) -> Q:
        """Whether it still is taken for the same batch at Anthropic as when the caller read it.

        A worker that was held up must not give back what another one adopted meanwhile.
        """
        return Q(remote_id=self.remote_id)


class StrangerBatch(models.Model):
    """A batch at Anthropic that is no submission of ours: somebody else has the same key.

    Written down once its results say so, so that nobody looks into it again.
    """

    remote_id = models.CharField(max_length=100, unique=True)
    requests = models.PositiveIntegerField()
    created_at = models.DateTimeField(help_text="By Anthropic's clock.")
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "stranger batches"

    def __str__(self) -> str:
        return self.remote_id
