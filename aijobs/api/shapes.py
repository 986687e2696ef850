"""What the API answers: the models from which both the JSON and the OpenAPI schema come."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from aijobs import jobtypes
from aijobs.api import problem_types
from aijobs.api.expectations import Expectation
from aijobs.models import BlockReason
from aijobs.reading.parameters import Status
from aijobs.reading.usage import GroupBy

Route = Literal["batch", "sync"]

# A decimal string, never a float: sums of money stay exact on the client's side too.
Usd = Annotated[
    Decimal,
    PlainSerializer(lambda sum_: f"{sum_:.10f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{10}$", "examples": ["0.0012500000"]}),
]


ProblemUri = Annotated[
    str,
    Field(
        description="Never changes, and opens a page that says what to do.",
        json_schema_extra={
            "format": "uri-reference",
            "enum": [kind.uri for kind in problem_types.ALL],
        },
    ),
]


class _AnyResult:
    """Documents the results of all job types. Stored ones are handed out as they are."""

    def __get_pydantic_json_schema__(
        self,
        schema: CoreSchema,
        handler: GetJsonSchemaHandler,
    ) -> JsonSchemaValue:
        outputs = [kind.Output for kind in jobtypes.all_types()]
        return {"anyOf": [handler(output.__pydantic_core_schema__) for output in outputs]}


Result = Annotated[dict[str, Any], _AnyResult()]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Shape):
    """RFC 9457. `errors` holds messages by field; `rejected` names the bad rows of a collection."""

    type: ProblemUri
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | None = None
    rejected: "list[RejectedRow] | None" = None
    rejected_count: int | None = None
    left_usd: Usd | None = Field(None, description="Of the monthly limit that would be exceeded.")
    limit_usd: Usd | None = None
    renews_at: datetime | None = Field(None, description="When that limit begins anew.")
    versions: list[str] | None = Field(None, description="Of the API, that there are.")
    violated_policies: list[str] | None = Field(
        None, description="Which limits of calls were reached: `key`, `tenant`."
    )
    waiting: int | None = Field(None, description="Jobs that are queued or on their way.")
    room: int | None = Field(None, description="How many more of them there may be.")


_ANSWERED_BY = (
    "The earlier job that asked the same: this one has its result, or waits for it, and costs"
    " nothing. Null for a job that is sent."
)


class Queued(Shape):
    job_id: UUID
    status: Status = Field(description="Completed where the same was asked before, else queued.")
    answered_by: UUID | None = Field(description=_ANSWERED_BY)
    message: str


class Cost(Shape):
    """What the answers so far cost, what they would have cost at full price, the difference."""

    cost_usd: Usd
    sync_cost_usd: Usd
    saved_usd: Usd


class Tokens(Shape):
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


class JobError(Shape):
    type: str
    message: str


class FailedAttempt(JobError):
    number: int
    route: Route
    ended_at: datetime


class _JobFields(Shape):
    job_id: UUID
    job_type: str
    status: Status
    route: Route
    collection_id: UUID | None
    row: int | None = Field(description="Its row in the collection, as the sender numbers it.")
    reference: str
    metadata: dict[str, str]
    source_name: str = Field(description="The uploaded file; empty where text was sent.")
    attempts: int = Field(description="Times it was sent to Claude.")
    created_at: datetime
    needed_by: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    answered_by: UUID | None = Field(description=_ANSWERED_BY)
    error: JobError | None = Field(description="Why it failed.")
    tags: list[str] = Field(description="In the order of the alphabet.")
    usage: Tokens | None = Field(description="Null until there is a charge.")
    estimated: bool = Field(
        description="Whether tokens and costs are partly estimates: an answer came without usage."
    )


# Fields of the last base come first: a row begins with what it is, and ends with what it cost.
class JobSummary(Cost, _JobFields):
    """A job in a list: everything but its result and its history."""


class Document(Shape):
    """What the job was given to read."""

    name: str = Field(description="Of the file; empty where text was sent.")
    media_type: str
    bytes: int
    pages: int | None = Field(description="Where the format has pages.")
    characters: int = Field(description="In the text, as it was read.")
    read_as: Literal["text", "original"] = Field(description="What of it is sent to Claude.")
    warnings: list[str] = Field(description="What of it is not in the text.")


class Job(Expectation, JobSummary):
    document: Document = Field(description="The first of them.")
    documents: list[Document] = Field(
        description="In their order: a mail, and what is attached to it. Most jobs have one."
    )
    options: dict[str, Any] = Field(description="Its input, without the document.")
    created_by: str
    model: str = Field(description="That answered; until then, that is asked.")
    result: Result | None
    failed_attempts: list[FailedAttempt]
    route_reason: str = Field(description="Why it goes by batch, or at once.")
    dropped_at: datetime | None = Field(
        description="When it was canceled on its way to Claude: it goes on and is charged, its"
        " answer is not kept, and it ends as canceled."
    )


class JobPage(Shape):
    results: list[JobSummary]
    next: str | None = Field(description="The page of older ones.")
    previous: str | None = Field(description="The page of newer ones.")


class RejectedRow(Shape):
    row: int = Field(description="Counts from 1; in a table, the row that a spreadsheet shows.")
    errors: dict[str, list[str]]


class QueuedCollection(Shape):
    collection_id: UUID
    accepted: int
    rejected: list[RejectedRow]
    rejected_count: int = Field(description="May be more than are listed.")
    repeated: int = Field(
        description="Jobs that have the result of one that asked the same, or wait for it."
    )
    warnings: list[str] = Field(description="What of the file was passed over.")
    message: str


class Confirmed(Shape):
    """What queueing it would have answered: the fields of a job, or those of a collection."""

    job_id: UUID | None = None
    status: Status | None = None
    answered_by: UUID | None = None
    collection_id: UUID | None = None
    accepted: int | None = None
    rejected: list[RejectedRow] | None = None
    rejected_count: int | None = None
    repeated: int | None = None
    warnings: list[str] | None = None
    message: str


class CollectionTrial(Shape):
    """A few jobs that run first; while it is open, the others wait for you."""

    jobs: int
    completed: int
    waiting: int = Field(description="Jobs that wait for your word.")
    is_open: bool


class CollectionSummary(Shape):
    collection_id: UUID
    name: str
    job_type: str
    total: int
    rejected: int = Field(description="Rows that were left out when it was queued.")
    created_by: str
    created_at: datetime


class Counts(Shape):
    queued: int
    submitted: int
    processing: int
    completed: int
    failed: int
    canceled: int


class Caching(Shape):
    """One job went first, so that the others read from Anthropic's cache what all share."""

    state: Literal["waiting", "warm", "cold", "refused"]
    message: str = Field(description="The same in plain words.")
    until: datetime | None = Field(
        description="When the others go at the latest, or until when they read the cache."
    )
    rows: int = Field(description="Jobs that share the beginning of their prompts.")
    tokens: int = Field(description="Of that beginning, at least.")
    without_usd: Usd = Field(description="What these beginnings cost without the cache.")
    predicted_saving_usd: Usd
    saved_usd: Usd = Field(description="By the charges so far; below zero while nothing is read.")


class Collection(Expectation, Cost, CollectionSummary):
    counts: Counts
    caching: Caching | None = Field(description="Null where no job went first.")
    trial: CollectionTrial | None = Field(description="Null where none was asked for.")


class CollectionPage(Shape):
    results: list[CollectionSummary]
    next: str | None
    previous: str | None


class CollectionCanceled(Shape):
    canceled: int = Field(description="Jobs that were still waiting.")
    dropped: int = Field(
        description="Jobs on their way to Claude whose answers are not kept, by `answers=drop`."
    )


class CollectionContinued(Shape):
    continued: int = Field(description="Jobs that need not wait any more.")


class CollectionRetried(Shape):
    queued: int = Field(description="Jobs that are queued again.")


class _ResultFields(Shape):
    row: int = Field(description="As the sender numbers it: in a table, as a spreadsheet shows it.")
    reference: str
    metadata: dict[str, str]
    job_id: UUID
    status: Status
    result: Result | None
    error: JobError | None


class Correction(Shape):
    """What a person put in the place of a result, which stays as it was."""

    result: Result
    corrected_by: str
    corrected_at: datetime


class ResultRow(Cost, _ResultFields):
    """One line of a collection's results, in the order of its rows."""

    correction: Correction | None = Field(None, description="Where a person has corrected it.")


class _Jobs(Shape):
    jobs: int


Share = Annotated[
    Decimal,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[01]\.\d{4}$", "examples": ["0.6500"]}),
]


class _Details(Shape):
    answers: int | None = Field(None, description="Charges: one for each answer.")
    batch_sync_cost_usd: Usd | None = Field(
        None, description="The part of `sync_cost_usd` that went by batch."
    )
    batch_share: Share | None = Field(None, description="The same as a share, rounded down.")
    cache_saved_usd: Usd | None = Field(
        None,
        description="What reading from the cache saved, less what writing to it cost more; by the"
        " lowest tier of prices where they rise with the length of the prompt.",
    )


class Spent(_Details, Cost, Tokens, _Jobs):
    """Sums over the charges of a period."""


class _Group(Shape):
    day: date | None = None
    job_type: str | None = None
    route: Route | None = None
    model: str | None = Field(None, description="Empty: charged before models were kept.")
    created_by: str | None = Field(
        None,
        description="Who queued the jobs, a member's name or a key; empty: charged before it was"
        " kept, or after the job was deleted.",
    )
    collection: str | None = Field(None, description="An id; empty: jobs of no collection.")


class SpentRow(Spent, _Group):
    """Of `day`, `job_type` and so on those are there that it is grouped by."""


class Pause(Shape):
    """Nothing is sent to Claude. Jobs are queued as always, and sent when it is over."""

    reason: BlockReason
    message: str
    since: datetime


class Usage(Shape):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    group_by: list[GroupBy]
    rows: list[SpentRow]
    totals: Spent
    estimated_answers: int = Field(
        description="Answers that came without usage, and are charged by an estimate of it."
    )
    paused: Pause | None = Field(description="Null but while nothing is sent.")
