"""What the API answers about operations, and what it is asked for them."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from aijobs.api.shapes import Shape
from aijobs.models import Operation as Row
from aijobs.pipeline import apply

MOST_IDS = 10_000


class Skipped(Shape):
    reason: str = Field(
        description="A job's status, `limit-reached`, `long-prompt`, `tags-full`, `tagged-already`,"
        " `not-tagged`, or `gone`: erased, or pruned."
    )
    jobs: int
    message: str


class OperationSummary(Shape):
    operation_id: UUID
    kind: Literal["retry", "cancel", "drop", "erase", "tag", "untag"]
    status: Literal["running", "completed", "failed"] = Field(
        description="Failed where it failed again and again; what it has changed stays changed."
    )
    tag: str = Field(description="That the jobs get, or lose; empty where it is about no tag.")
    total: int = Field(description="Jobs that it is about, fixed when it was asked for.")
    done: int = Field(description="Jobs that were looked at so far.")
    changed: int = Field(
        description="Jobs that were retried, canceled, dropped, erased, tagged, or lost a tag."
    )
    job_id: UUID | None = Field(description="The job that is erased.")
    collection_id: UUID | None = Field(description="The collection that is erased.")
    created_by: str
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """An operation as it stands."""
        return cls(
            **{name: getattr(row, name) for name in _COLUMNS},
            operation_id=row.pk,
            **cls._more(row),
        )

    @classmethod
    def _more(cls, row: Row) -> dict[str, Any]:  # noqa: ARG003
        return {}


class Operation(OperationSummary):
    skipped: list[Skipped] = Field(description="Jobs that did not change, by the reason.")

    @classmethod
    def _more(cls, row: Row) -> dict[str, Any]:
        return {
            "skipped": [
                Skipped(reason=reason, jobs=jobs, message=apply.why(row.kind, reason))
                for reason, jobs in sorted(row.skipped.items())
            ]
        }


_COLUMNS = OperationSummary.model_fields.keys() - {"operation_id"}


class OperationPage(Shape):
    results: list[OperationSummary]
    next: str | None
    previous: str | None
