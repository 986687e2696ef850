"""What the API tells of quotes."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from aijobs.api.shapes import RejectedRow, Shape, Usd


class QuotedCost(Shape):
    """In USD. Eight of ten bills are between `low_usd` and `high_usd`."""

    low_usd: Usd
    likely_usd: Usd
    high_usd: Usd


class QuotedTime(Shape):
    """In seconds, from when it is queued to its last result: eight of ten are between these."""

    soonest: int
    latest: int


class QuoteAccuracy(Shape):
    """How your latest quotes compare with what was charged, once their jobs were over."""

    quotes: int
    within_range: int
    typical_error: float | None = Field(
        description="The middle one of |charged / likely − 1|; null without any."
    )


class Quote(Shape):
    """What work would cost. Nothing is queued until the quote is confirmed."""

    quote_id: UUID
    job_type: str
    jobs: int
    batch: QuotedCost | None = Field(description="Null where the model has no price today.")
    at_once: QuotedCost | None
    asked: QuotedCost | None = Field(
        None,
        description="On the road that `needed_within` leads to. With a deadline that a batch meets,"
        " the upper end is the full price: should its batch be late, the rest runs at once.",
    )
    batch_seconds: QuotedTime | None = Field(None, description="How long it takes by batch.")
    at_once_seconds: QuotedTime | None = None
    repeated: int = Field(0, description="Jobs that were asked before: these are free.")
    # Of the upper end not, since the cache may be gone before all jobs have read it.
    cache_saving_usd: Usd = Field(
        Decimal(0), description="By batch, `low_usd` and `likely_usd` are less by this."
    )
    learned_from: int = Field(description="How many charges of the like it is told from, at most.")
    accuracy: QuoteAccuracy
    warnings: list[str]
    rejected: list[RejectedRow]
    rejected_count: int = Field(description="Rows that are left out; may be more than are listed.")
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None = None
    job_id: UUID | None = Field(None, description="What became of it.")
    collection_id: UUID | None = None
    charged_usd: Usd | None = Field(None, description="Once all its jobs are over.")
