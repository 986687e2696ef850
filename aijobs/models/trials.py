"""A collection of which a few jobs run first, for its people to look at."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from aijobs.models.collections import Collection
from aijobs.models.moves import Movable


class Trial(Movable):
    """A few jobs of a collection, spread over its rows, run at once; the others wait for a person.

    Those are held by their `not_before` (`seedings.FOR_A_PERSON`), until they are let go or
    canceled. What ran is not run again.
    """

    class State(models.TextChoices):
        OPEN = "open", "The others wait for a person"
        ENDED = "ended", "They were let go, or canceled"

    MOVED_FIELD: ClassVar[str] = "state"
    MOST: ClassVar = 20

    collection = models.OneToOneField(
        Collection, models.CASCADE, primary_key=True, related_name="trial"
    )
    jobs = models.SmallIntegerField(help_text="That ran first.")
    state = models.CharField(max_length=5, choices=State.choices, default=State.OPEN)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=["open", "ended"]), name="trial_state"),
        ]

    def __str__(self) -> str:
        return f"trial of {self.pk}"

    def mark_ended(self) -> bool:
        return self._move([self.State.OPEN], self.State.ENDED)
