"""What jobs, collections and operations can be asked beside their fields."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainSerializer

ENDED = frozenset({"completed", "failed", "canceled"})
UNDER_WAY = ("submitted", "processing")
# Money and shares: exact, and written as digits, never as 0E-10.
Amount: TypeAlias = Annotated[
    Decimal, PlainSerializer(lambda amount: f"{amount:f}", return_type=str, when_used="json")
]


class Shape(BaseModel):
    """An answer of the API. A field that this version does not know is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class JobState(Shape):
    """What the status of a job means."""

    if TYPE_CHECKING:
        status: str

    @property
    def has_ended(self) -> bool:
        """Whether it is completed, failed or canceled."""
        return self.status in ENDED


class CollectionState(Shape):
    """What the counts of a collection mean."""

    if TYPE_CHECKING:
        counts: Any
        trial: Any

    @property
    def ended(self) -> int:
        """Jobs that are completed, failed or canceled."""
        return sum(getattr(self.counts, status) for status in ENDED)

    @property
    def has_ended(self) -> bool:
        """Whether no job is waiting or under way."""
        return not self.counts.queued and not self._under_way

    @property
    def waits_for_you(self) -> bool:
        """Whether nothing happens until you let it continue, or cancel what waits."""
        is_open = self.trial is not None and self.trial.is_open
        return is_open and not self._under_way and self.counts.queued == self.trial.waiting

    @property
    def _under_way(self) -> int:
        return sum(getattr(self.counts, status) for status in UNDER_WAY)


class OperationState(Shape):
    """What the status of an operation means."""

    if TYPE_CHECKING:
        status: str

    @property
    def has_ended(self) -> bool:
        """Whether it is no longer running."""
        return self.status != "running"


class Text(Shape):
    """What Claude wrote from the character `start` on. A later attempt begins anew at 0."""

    attempt: int
    start: int
    text: str
