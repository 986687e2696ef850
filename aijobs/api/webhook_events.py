"""The bodies that webhooks bring, as OpenAPI 3.1 describes them under `webhooks`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema
from pydantic import Field, WithJsonSchema, create_model

from aijobs.api.shapes import Result, Shape
from aijobs.models import TEST_EVENT, BlockReason, EventType


class ToldJob(Shape):
    job_id: UUID
    status: Literal["completed", "failed", "canceled"]
    reference: str = Field(description="What the sender calls it.")
    collection_id: UUID | None
    url: str = Field(description="Where the job is, with its result or its error.")
    result: Result | None = Field(
        None, description="Of completed jobs, where the webhook has `includes_result`."
    )
    is_result_left_out: bool | None = Field(
        None, description="True where the results before it filled the body: fetch it by `url`."
    )


class ToldJobs(Shape):
    jobs: list[ToldJob] = Field(min_length=1, max_length=100)


class ToldCounts(Shape):
    completed: int
    failed: int
    canceled: int


class ToldCollection(Shape):
    collection_id: UUID
    status: Literal["completed"]
    counts: ToldCounts
    url: str
    results_url: str


class ToldBudget(Shape):
    month: str = Field(examples=["2026-11"])
    percent: Literal[50, 80, 100]
    url: str


class ToldSending(Shape):
    reason: BlockReason


class ToldNothing(Shape):
    pass


_DATA: dict[str, type[Shape]] = {
    EventType.JOB_COMPLETED: ToldJobs,
    EventType.JOB_FAILED: ToldJobs,
    EventType.JOB_CANCELED: ToldJobs,
    EventType.COLLECTION_COMPLETED: ToldCollection,
    EventType.BUDGET_THRESHOLD: ToldBudget,
    EventType.SENDING_PAUSED: ToldSending,
    EventType.SENDING_RESUMED: ToldSending,
    TEST_EVENT: ToldNothing,
}


def _body(kind: str, data: type[Shape]) -> Any:
    name = "".join(word.title() for word in kind.replace(".", " ").split()) + "Event"
    fields: dict[str, Any] = {
        "type": (Annotated[str, WithJsonSchema({"type": "string", "const": kind})], ...),
        "timestamp": (datetime, Field(description="When it happened.")),
        "data": (data, ...),
    }
    return create_model(name, __base__=Shape, **fields)


BODIES: dict[str, Any] = {kind: _body(kind, data) for kind, data in _DATA.items()}

EVENTS = [
    OpenApiWebhook(
        name=str(kind),
        decorator=extend_schema(
            summary=str(EventType(kind).label) if kind in EventType.values else "A test",
            request=body,
            responses={
                "2XX": OpenApiResponse(
                    description="Taken. Anything else is a failure, and sent again."
                )
            },
        ),
    )
    for kind, body in BODIES.items()
]
