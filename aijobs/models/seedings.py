"""A collection of which one job goes first: it writes the cache that the others read."""

from datetime import UTC, datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from aijobs.models.collections import Collection
from aijobs.models.moves import Movable

# Jobs that a person must decide about wait until then.
FOR_A_PERSON = datetime(9999, 1, 1, tzinfo=UTC)


class SeedingQuerySet(models.QuerySet["Seeding"]):
    def waiting(self) -> "SeedingQuerySet":
        return self.filter(state=Seeding.State.WAITING)

    def in_use(self, now: datetime) -> "SeedingQuerySet":
        """Those whose seed writes the cache, or whose other jobs may read it now."""
        return self.filter(
            Q(state=Seeding.State.WAITING) | Q(state=Seeding.State.WARM, warm_until__gt=now)
        )


class Seeding(Movable):
    """What was planned for a collection, and what became of its seed, the job that goes first.

    The other jobs with the same beginning are held by their `not_before`: until `give_up_at` while
    the seed is waited for, and without an end where a person must decide.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "The others wait for the seed"
        WARM = "warm", "The cache is there: the others read it"
        COLD = "cold", "The others go without the cache"
        REFUSED = "refused", "The seed failed: a person decides about the others"

    MOVED_FIELD: ClassVar[str] = "state"

    collection = models.OneToOneField(
        Collection, models.CASCADE, primary_key=True, related_name="seeding"
    )
    job_id = models.UUIDField(help_text="The seed. No foreign key: jobs may be pruned.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    note = models.CharField(max_length=300, blank=True, help_text="Why it is in this state.")
    model = models.CharField(max_length=100)
    prefix_sha256 = models.BinaryField(help_text="Of the beginning that the jobs share.")
    prefix_tokens = models.IntegerField(help_text="Of that beginning, at least.")
    prompt_tokens = models.IntegerField(help_text="Of a whole prompt, about.")
    rows = models.IntegerField(help_text="Jobs that share it, the seed among them.")
    without_usd = models.DecimalField(
        max_digits=16, decimal_places=10, help_text="What the beginnings cost without the cache."
    )
    saving_usd = models.DecimalField(
        max_digits=16, decimal_places=10, help_text="What the cache should save."
    )
    give_up_at = models.DateTimeField(help_text="The others go then, whatever became of the seed.")
    warm_until = models.DateTimeField(null=True, help_text="Jobs that are sent later go without.")

    objects = SeedingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "warm", "cold", "refused"]),
                name="seeding_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="warm") | Q(warm_until__isnull=False),
                name="seeding_warm_until_then",
            ),
        ]
        indexes: ClassVar = [
            # seed and assemble look for these every second.
            models.Index(fields=["job_id"], name="seeding_waiting", condition=Q(state="waiting")),
            # dispatch asks which caches are there.
            models.Index(fields=["warm_until"], name="seeding_warm", condition=Q(state="warm")),
        ]

    def __str__(self) -> str:
        return f"seeding of {self.pk}"

    @property
    def held_until(self) -> datetime:
        """The `not_before` by which its jobs are held."""
        return FOR_A_PERSON if self.state == self.State.REFUSED else self.give_up_at

    def mark_warm(self, until: datetime) -> bool:
        """The seed wrote the cache, which lasts until then for sure."""
        return self._move([self.State.WAITING], self.State.WARM, warm_until=until)

    def mark_cold(self, note: str) -> bool:
        """The others go without the cache, and do not wait any more."""
        return self._move(
            [self.State.WAITING, self.State.REFUSED], self.State.COLD, note=note[:300]
        )

    def mark_refused(self, note: str) -> bool:
        """The seed failed for a reason that the others share."""
        return self._move([self.State.WAITING], self.State.REFUSED, note=note[:300])
