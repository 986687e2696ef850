"""What the API answers."""

# Written by generate.py: `make schema` does it anew.

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from citizenapp_client._states import Amount, CollectionState, JobState, OperationState, Shape

API_VERSION = "2026-11-26"


class AnalyzeOutput(Shape):
    findings: list[Finding]
    obligations: list[Obligation]
    risks: list[Risk]
    answers: list[Answer] = Field(default_factory=list)
    """One for each question, where any was asked."""


class Answer(Shape):
    question: str
    answer: str


class BudgetThresholdEvent(Shape):
    type: Literal["budget.threshold"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldBudget


class Caching(Shape):
    """One job went first, so that the others read from Anthropic's cache what all share."""

    state: Literal["waiting", "warm", "cold", "refused"] | str
    message: str
    """The same in plain words."""
    until: AwareDatetime | None = None
    """When the others go at the latest, or until when they read the cache."""
    rows: int
    """Jobs that share the beginning of their prompts."""
    tokens: int
    """Of that beginning, at least."""
    without_usd: Amount
    """What these beginnings cost without the cache."""
    predicted_saving_usd: Amount
    saved_usd: Amount
    """By the charges so far; below zero while nothing is read."""


class ClassifyOutput(Shape):
    category: str
    """One of the categories given, letter by letter."""


class Collection(CollectionState):
    collection_id: UUID
    name: str
    job_type: str
    total: int
    rejected: int
    """Rows that were left out when it was queued."""
    created_by: str
    created_at: AwareDatetime
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount
    eta_from: AwareDatetime | None = None
    """When all of it should be done at the earliest; null where nobody can tell."""
    eta: AwareDatetime | None = None
    """When all of it should be done at the latest."""
    late_reason: str | None = None
    """What it waits for beside its turn, or why it takes longer than usual."""
    counts: Counts
    caching: Caching | None = None
    """Null where no job went first."""
    trial: CollectionTrial | None = None
    """Null where none was asked for."""


class CollectionCanceled(Shape):
    canceled: int
    """Jobs that were still waiting."""
    dropped: int
    """Jobs on their way to Claude whose answers are not kept, by `answers=drop`."""


class CollectionCompletedEvent(Shape):
    type: Literal["collection.completed"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldCollection


class CollectionContinued(Shape):
    continued: int
    """Jobs that need not wait any more."""


class CollectionEvent(Shape):
    event: Literal["collection", "done"] | str
    id: str
    """The ETag of that state."""
    data: str
    """JSON: the collection as `GET collections/{collection_id}`."""


class CollectionPage(Shape):
    results: list[CollectionSummary]
    next: str | None = None
    previous: str | None = None


class CollectionPagePart(Shape):
    results: list[CollectionSummaryPart]
    next: str | None = None
    previous: str | None = None


class CollectionPart(Shape):
    """Collection with the fields that were asked for."""

    collection_id: UUID | None = None
    name: str | None = None
    job_type: str | None = None
    total: int | None = None
    rejected: int | None = None
    """Rows that were left out when it was queued."""
    created_by: str | None = None
    created_at: AwareDatetime | None = None
    cost_usd: Amount | None = None
    sync_cost_usd: Amount | None = None
    saved_usd: Amount | None = None
    eta_from: AwareDatetime | None = None
    """When all of it should be done at the earliest; null where nobody can tell."""
    eta: AwareDatetime | None = None
    """When all of it should be done at the latest."""
    late_reason: str | None = None
    """What it waits for beside its turn, or why it takes longer than usual."""
    counts: Counts | None = None
    caching: Caching | None = None
    """Null where no job went first."""
    trial: CollectionTrial | None = None
    """Null where none was asked for."""


class CollectionRetried(Shape):
    queued: int
    """Jobs that are queued again."""


class CollectionSummary(Shape):
    collection_id: UUID
    name: str
    job_type: str
    total: int
    rejected: int
    """Rows that were left out when it was queued."""
    created_by: str
    created_at: AwareDatetime


class CollectionSummaryPart(Shape):
    """CollectionSummary with the fields that were asked for."""

    collection_id: UUID | None = None
    name: str | None = None
    job_type: str | None = None
    total: int | None = None
    rejected: int | None = None
    """Rows that were left out when it was queued."""
    created_by: str | None = None
    created_at: AwareDatetime | None = None


class CollectionTrial(Shape):
    """A few jobs that run first; while it is open, the others wait for you."""

    jobs: int
    completed: int
    waiting: int
    """Jobs that wait for your word."""
    is_open: bool


class Confirmed(Shape):
    """What queueing it would have answered: the fields of a job, or those of a collection."""

    job_id: UUID | None = None
    status: (
        Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str | None
    ) = None
    answered_by: UUID | None = None
    collection_id: UUID | None = None
    accepted: int | None = None
    rejected: list[RejectedRow] | None = None
    rejected_count: int | None = None
    repeated: int | None = None
    warnings: list[str] | None = None
    message: str


class ConfirmedMinimal(Shape):
    """Confirmed, for who prefers `return=minimal`."""

    job_id: UUID | None = None
    collection_id: UUID | None = None
    status: (
        Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str | None
    ) = None
    accepted: int | None = None
    rejected_count: int | None = None


class Correction(Shape):
    """What a person put in the place of a result, which stays as it was."""

    result: Annotated[
        AnalyzeOutput | ClassifyOutput | RawOutput | SummarizeOutput | dict[str, Any],
        Field(union_mode="left_to_right"),
    ]
    corrected_by: str
    corrected_at: AwareDatetime


class Counts(Shape):
    queued: int
    submitted: int
    processing: int
    completed: int
    failed: int
    canceled: int


class Delivery(Shape):
    """One delivery."""

    delivery_id: UUID
    event_id: str
    """The `webhook-id` that it is sent with."""
    type: str
    status: Literal["pending", "delivered", "failed"] | str
    attempts: int
    created_at: AwareDatetime
    tried_at: AwareDatetime | None = None
    next_at: AwareDatetime | None = None
    """When it is tried next; null once it is over."""
    http_status: int | None = None
    """What the endpoint answered last."""
    error: str


class DeliveryDetail(Shape):
    delivery_id: UUID
    event_id: str
    """The `webhook-id` that it is sent with."""
    type: str
    status: Literal["pending", "delivered", "failed"] | str
    attempts: int
    created_at: AwareDatetime
    tried_at: AwareDatetime | None = None
    next_at: AwareDatetime | None = None
    """When it is tried next; null once it is over."""
    http_status: int | None = None
    """What the endpoint answered last."""
    error: str
    body: dict[str, Any]
    """As it would be sent now."""


class DeliveryMinimal(Shape):
    """Delivery, for who prefers `return=minimal`."""

    status: Literal["pending", "delivered", "failed"] | str


class DeliveryPage(Shape):
    results: list[DeliveryRow]
    next: str | None = None
    previous: str | None = None


class DeliveryRow(Shape):
    delivery_id: UUID
    event_id: str
    """The `webhook-id` that it is sent with."""
    type: str
    status: Literal["pending", "delivered", "failed"] | str
    attempts: int
    created_at: AwareDatetime
    tried_at: AwareDatetime | None = None
    next_at: AwareDatetime | None = None
    """When it is tried next; null once it is over."""
    http_status: int | None = None
    """What the endpoint answered last."""
    error: str


class Document(Shape):
    """What the job was given to read."""

    name: str
    """Of the file; empty where text was sent."""
    media_type: str
    bytes: int
    pages: int | None = None
    """Where the format has pages."""
    characters: int
    """In the text, as it was read."""
    read_as: Literal["text", "original"] | str
    """What of it is sent to Claude."""
    warnings: list[str]
    """What of it is not in the text."""


class FailedAttempt(Shape):
    type: str
    message: str
    number: int
    route: Literal["batch", "sync"] | str
    ended_at: AwareDatetime


class Finding(Shape):
    title: str
    detail: str
    quote: str
    """Stands in the policy word for word; may be empty."""
    document: int | None = None
    """In which it stands, by its number. Only where there are several; null where not known."""
    page: int | None = None
    """Where it stands. Only in documents with pages; null where not known."""


class Job(JobState):
    job_id: UUID
    job_type: str
    status: Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str
    route: Literal["batch", "sync"] | str
    collection_id: UUID | None = None
    row: int | None = None
    """Its row in the collection, as the sender numbers it."""
    reference: str
    metadata: dict[str, str]
    source_name: str
    """The uploaded file; empty where text was sent."""
    attempts: int
    """Times it was sent to Claude."""
    created_at: AwareDatetime
    needed_by: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    answered_by: UUID | None = None
    """The earlier job that asked the same: this one has its result, or waits for it, and costs
    nothing. Null for a job that is sent.
    """
    error: JobError | None = None
    """Why it failed."""
    tags: list[str]
    """In the order of the alphabet."""
    usage: Tokens | None = None
    """Null until there is a charge."""
    estimated: bool
    """Whether tokens and costs are partly estimates: an answer came without usage."""
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount
    eta_from: AwareDatetime | None = None
    """When all of it should be done at the earliest; null where nobody can tell."""
    eta: AwareDatetime | None = None
    """When all of it should be done at the latest."""
    late_reason: str | None = None
    """What it waits for beside its turn, or why it takes longer than usual."""
    document: Document
    """The first of them."""
    documents: list[Document]
    """In their order: a mail, and what is attached to it. Most jobs have one."""
    options: dict[str, Any]
    """Its input, without the document."""
    created_by: str
    model: str
    """That answered; until then, that is asked."""
    result: (
        Annotated[
            AnalyzeOutput | ClassifyOutput | RawOutput | SummarizeOutput | dict[str, Any],
            Field(union_mode="left_to_right"),
        ]
        | None
    ) = None
    failed_attempts: list[FailedAttempt]
    route_reason: str
    """Why it goes by batch, or at once."""
    dropped_at: AwareDatetime | None = None
    """When it was canceled on its way to Claude: it goes on and is charged, its answer is not
    kept, and it ends as canceled.
    """


class JobCanceledEvent(Shape):
    type: Literal["job.canceled"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldJobs


class JobCompletedEvent(Shape):
    type: Literal["job.completed"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldJobs


class JobError(Shape):
    type: str
    message: str


class JobFailedEvent(Shape):
    type: Literal["job.failed"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldJobs


class JobPage(Shape):
    results: list[JobSummary]
    next: str | None = None
    """The page of older ones."""
    previous: str | None = None
    """The page of newer ones."""


class JobPagePart(Shape):
    results: list[JobSummaryPart]
    next: str | None = None
    """The page of older ones."""
    previous: str | None = None
    """The page of newer ones."""


class JobPart(Shape):
    """Job with the fields that were asked for."""

    job_id: UUID | None = None
    job_type: str | None = None
    status: (
        Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str | None
    ) = None
    route: Literal["batch", "sync"] | str | None = None
    collection_id: UUID | None = None
    row: int | None = None
    """Its row in the collection, as the sender numbers it."""
    reference: str | None = None
    metadata: dict[str, str] | None = None
    source_name: str | None = None
    """The uploaded file; empty where text was sent."""
    attempts: int | None = None
    """Times it was sent to Claude."""
    created_at: AwareDatetime | None = None
    needed_by: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    answered_by: UUID | None = None
    """The earlier job that asked the same: this one has its result, or waits for it, and costs
    nothing. Null for a job that is sent.
    """
    error: JobError | None = None
    """Why it failed."""
    tags: list[str] | None = None
    """In the order of the alphabet."""
    usage: Tokens | None = None
    """Null until there is a charge."""
    estimated: bool | None = None
    """Whether tokens and costs are partly estimates: an answer came without usage."""
    cost_usd: Amount | None = None
    sync_cost_usd: Amount | None = None
    saved_usd: Amount | None = None
    eta_from: AwareDatetime | None = None
    """When all of it should be done at the earliest; null where nobody can tell."""
    eta: AwareDatetime | None = None
    """When all of it should be done at the latest."""
    late_reason: str | None = None
    """What it waits for beside its turn, or why it takes longer than usual."""
    document: Document | None = None
    """The first of them."""
    documents: list[Document] | None = None
    """In their order: a mail, and what is attached to it. Most jobs have one."""
    options: dict[str, Any] | None = None
    """Its input, without the document."""
    created_by: str | None = None
    model: str | None = None
    """That answered; until then, that is asked."""
    result: (
        Annotated[
            AnalyzeOutput | ClassifyOutput | RawOutput | SummarizeOutput | dict[str, Any],
            Field(union_mode="left_to_right"),
        ]
        | None
    ) = None
    failed_attempts: list[FailedAttempt] | None = None
    route_reason: str | None = None
    """Why it goes by batch, or at once."""
    dropped_at: AwareDatetime | None = None
    """When it was canceled on its way to Claude: it goes on and is charged, its answer is not
    kept, and it ends as canceled.
    """


class JobSummary(JobState):
    """A job in a list: everything but its result and its history."""

    job_id: UUID
    job_type: str
    status: Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str
    route: Literal["batch", "sync"] | str
    collection_id: UUID | None = None
    row: int | None = None
    """Its row in the collection, as the sender numbers it."""
    reference: str
    metadata: dict[str, str]
    source_name: str
    """The uploaded file; empty where text was sent."""
    attempts: int
    """Times it was sent to Claude."""
    created_at: AwareDatetime
    needed_by: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    answered_by: UUID | None = None
    """The earlier job that asked the same: this one has its result, or waits for it, and costs
    nothing. Null for a job that is sent.
    """
    error: JobError | None = None
    """Why it failed."""
    tags: list[str]
    """In the order of the alphabet."""
    usage: Tokens | None = None
    """Null until there is a charge."""
    estimated: bool
    """Whether tokens and costs are partly estimates: an answer came without usage."""
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount


class JobSummaryPart(Shape):
    """JobSummary with the fields that were asked for."""

    job_id: UUID | None = None
    job_type: str | None = None
    status: (
        Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str | None
    ) = None
    route: Literal["batch", "sync"] | str | None = None
    collection_id: UUID | None = None
    row: int | None = None
    """Its row in the collection, as the sender numbers it."""
    reference: str | None = None
    metadata: dict[str, str] | None = None
    source_name: str | None = None
    """The uploaded file; empty where text was sent."""
    attempts: int | None = None
    """Times it was sent to Claude."""
    created_at: AwareDatetime | None = None
    needed_by: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    answered_by: UUID | None = None
    """The earlier job that asked the same: this one has its result, or waits for it, and costs
    nothing. Null for a job that is sent.
    """
    error: JobError | None = None
    """Why it failed."""
    tags: list[str] | None = None
    """In the order of the alphabet."""
    usage: Tokens | None = None
    """Null until there is a charge."""
    estimated: bool | None = None
    """Whether tokens and costs are partly estimates: an answer came without usage."""
    cost_usd: Amount | None = None
    sync_cost_usd: Amount | None = None
    saved_usd: Amount | None = None


class NewWebhook(Shape):
    """What an endpoint is made of."""

    url: str
    """http or https; no private or reserved address."""
    events: list[
        Literal[
            "job.completed",
            "job.failed",
            "job.canceled",
            "collection.completed",
            "budget.threshold",
            "sending.paused",
            "sending.resumed",
        ]
        | str
    ]
    description: str = ""
    includes_result: bool = False
    """Whether bodies carry the results of completed jobs."""


class Obligation(Shape):
    who: str
    what: str
    when: str
    """Time or condition; may be empty."""


class Operation(OperationState):
    operation_id: UUID
    kind: Literal["retry", "cancel", "drop", "erase", "tag", "untag"] | str
    status: Literal["running", "completed", "failed"] | str
    """Failed where it failed again and again; what it has changed stays changed."""
    tag: str
    """That the jobs get, or lose; empty where it is about no tag."""
    total: int
    """Jobs that it is about, fixed when it was asked for."""
    done: int
    """Jobs that were looked at so far."""
    changed: int
    """Jobs that were retried, canceled, dropped, erased, tagged, or lost a tag."""
    job_id: UUID | None = None
    """The job that is erased."""
    collection_id: UUID | None = None
    """The collection that is erased."""
    created_by: str
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    skipped: list[Skipped]
    """Jobs that did not change, by the reason."""


class OperationMinimal(Shape):
    """Operation, for who prefers `return=minimal`."""

    job_id: UUID | None = None
    """The job that is erased."""
    collection_id: UUID | None = None
    """The collection that is erased."""
    operation_id: UUID
    status: Literal["running", "completed", "failed"] | str
    """Failed where it failed again and again; what it has changed stays changed."""


class OperationPage(Shape):
    results: list[OperationSummary]
    next: str | None = None
    previous: str | None = None


class OperationPagePart(Shape):
    results: list[OperationSummaryPart]
    next: str | None = None
    previous: str | None = None


class OperationPart(Shape):
    """Operation with the fields that were asked for."""

    operation_id: UUID | None = None
    kind: Literal["retry", "cancel", "drop", "erase", "tag", "untag"] | str | None = None
    status: Literal["running", "completed", "failed"] | str | None = None
    """Failed where it failed again and again; what it has changed stays changed."""
    tag: str | None = None
    """That the jobs get, or lose; empty where it is about no tag."""
    total: int | None = None
    """Jobs that it is about, fixed when it was asked for."""
    done: int | None = None
    """Jobs that were looked at so far."""
    changed: int | None = None
    """Jobs that were retried, canceled, dropped, erased, tagged, or lost a tag."""
    job_id: UUID | None = None
    """The job that is erased."""
    collection_id: UUID | None = None
    """The collection that is erased."""
    created_by: str | None = None
    created_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    skipped: list[Skipped] | None = None
    """Jobs that did not change, by the reason."""


class OperationSummary(OperationState):
    operation_id: UUID
    kind: Literal["retry", "cancel", "drop", "erase", "tag", "untag"] | str
    status: Literal["running", "completed", "failed"] | str
    """Failed where it failed again and again; what it has changed stays changed."""
    tag: str
    """That the jobs get, or lose; empty where it is about no tag."""
    total: int
    """Jobs that it is about, fixed when it was asked for."""
    done: int
    """Jobs that were looked at so far."""
    changed: int
    """Jobs that were retried, canceled, dropped, erased, tagged, or lost a tag."""
    job_id: UUID | None = None
    """The job that is erased."""
    collection_id: UUID | None = None
    """The collection that is erased."""
    created_by: str
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class OperationSummaryPart(Shape):
    """OperationSummary with the fields that were asked for."""

    operation_id: UUID | None = None
    kind: Literal["retry", "cancel", "drop", "erase", "tag", "untag"] | str | None = None
    status: Literal["running", "completed", "failed"] | str | None = None
    """Failed where it failed again and again; what it has changed stays changed."""
    tag: str | None = None
    """That the jobs get, or lose; empty where it is about no tag."""
    total: int | None = None
    """Jobs that it is about, fixed when it was asked for."""
    done: int | None = None
    """Jobs that were looked at so far."""
    changed: int | None = None
    """Jobs that were retried, canceled, dropped, erased, tagged, or lost a tag."""
    job_id: UUID | None = None
    """The job that is erased."""
    collection_id: UUID | None = None
    """The collection that is erased."""
    created_by: str | None = None
    created_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class PatchedWebhookChange(Shape):
    """What may change; what is left out stays."""

    url: str | None = None
    events: (
        list[
            Literal[
                "job.completed",
                "job.failed",
                "job.canceled",
                "collection.completed",
                "budget.threshold",
                "sending.paused",
                "sending.resumed",
            ]
            | str
        ]
        | None
    ) = None
    description: str | None = None
    includes_result: bool | None = None
    state: Literal["on", "off"] | str | None = None


class Pause(Shape):
    """Nothing is sent to Claude. Jobs are queued as always, and sent when it is over."""

    reason: (
        Literal["spend_limit", "on_hold", "low_credit", "billing", "bad_key", "no_permission"] | str
    )
    message: str
    since: AwareDatetime


class ProblemDocument(Shape):
    """RFC 9457. `errors` holds messages by field; `rejected` names the bad rows of a collection."""

    type: (
        Literal[
            "/problems/unreadable-request",
            "/problems/invalid-fields",
            "/problems/rejected-collection",
            "/problems/not-authenticated",
            "/problems/limit-reached",
            "/problems/not-allowed",
            "/problems/not-found",
            "/problems/method-not-allowed",
            "/problems/not-acceptable",
            "/problems/conflict",
            "/problems/length-required",
            "/problems/too-large",
            "/problems/unsupported-media-type",
            "/problems/idempotency-key-reused",
            "/problems/idempotency-in-progress",
            "/problems/unknown-version",
            "/problems/rate-limited",
            "/problems/queue-full",
            "/problems/server-error",
            "/problems/not-streamed-here",
        ]
        | str
    )
    """Never changes, and opens a page that says what to do."""
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | None = None
    rejected: list[RejectedRow] | None = None
    rejected_count: int | None = None
    left_usd: Amount | None = None
    """Of the monthly limit that would be exceeded."""
    limit_usd: Amount | None = None
    renews_at: AwareDatetime | None = None
    """When that limit begins anew."""
    versions: list[str] | None = None
    """Of the API, that there are."""
    violated_policies: list[str] | None = None
    """Which limits of calls were reached: `key`, `tenant`."""
    waiting: int | None = None
    """Jobs that are queued or on their way."""
    room: int | None = None
    """How many more of them there may be."""


class Queued(Shape):
    job_id: UUID
    status: Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str
    """Completed where the same was asked before, else queued."""
    answered_by: UUID | None = None
    """The earlier job that asked the same: this one has its result, or waits for it, and costs
    nothing. Null for a job that is sent.
    """
    message: str


class QueuedCollection(Shape):
    collection_id: UUID
    accepted: int
    rejected: list[RejectedRow]
    rejected_count: int
    """May be more than are listed."""
    repeated: int
    """Jobs that have the result of one that asked the same, or wait for it."""
    warnings: list[str]
    """What of the file was passed over."""
    message: str


class QueuedCollectionMinimal(Shape):
    """QueuedCollection, for who prefers `return=minimal`."""

    collection_id: UUID
    accepted: int
    rejected_count: int
    """May be more than are listed."""


class QueuedMinimal(Shape):
    """Queued, for who prefers `return=minimal`."""

    job_id: UUID
    status: Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str
    """Completed where the same was asked before, else queued."""


class Quote(Shape):
    """What work would cost. Nothing is queued until the quote is confirmed."""

    quote_id: UUID
    job_type: str
    jobs: int
    batch: QuotedCost | None = None
    """Null where the model has no price today."""
    at_once: QuotedCost | None = None
    asked: QuotedCost | None = None
    """On the road that `needed_within` leads to. With a deadline that a batch meets, the upper end
    is the full price: should its batch be late, the rest runs at once.
    """
    batch_seconds: QuotedTime | None = None
    """How long it takes by batch."""
    at_once_seconds: QuotedTime | None = None
    repeated: int = 0
    """Jobs that were asked before: these are free."""
    cache_saving_usd: Amount = Decimal("0.0000000000")
    """By batch, `low_usd` and `likely_usd` are less by this."""
    learned_from: int
    """How many charges of the like it is told from, at most."""
    accuracy: QuoteAccuracy
    warnings: list[str]
    rejected: list[RejectedRow]
    rejected_count: int
    """Rows that are left out; may be more than are listed."""
    created_at: AwareDatetime
    expires_at: AwareDatetime
    confirmed_at: AwareDatetime | None = None
    job_id: UUID | None = None
    """What became of it."""
    collection_id: UUID | None = None
    charged_usd: Amount | None = None
    """Once all its jobs are over."""


class QuoteAccuracy(Shape):
    """How your latest quotes compare with what was charged, once their jobs were over."""

    quotes: int
    within_range: int
    typical_error: float | None = None
    """The middle one of |charged / likely − 1|; null without any."""


class QuotedCost(Shape):
    """In USD. Eight of ten bills are between `low_usd` and `high_usd`."""

    low_usd: Amount
    likely_usd: Amount
    high_usd: Amount


class QuotedTime(Shape):
    """In seconds, from when it is queued to its last result: eight of ten are between these."""

    soonest: int
    latest: int


class RawOutput(Shape):
    """The message, with all that Anthropic gave it."""

    id: str
    type: str
    role: str
    model: str
    content: list[dict[str, Any]]
    stop_reason: str | None = None
    usage: dict[str, Any]


class RejectedRow(Shape):
    row: int
    """Counts from 1; in a table, the row that a spreadsheet shows."""
    errors: dict[str, list[str]]


class Replayed(Shape):
    webhook_id: UUID
    replayed: int
    """Events that are sent again."""


class ReplayedMinimal(Shape):
    """Replayed, for who prefers `return=minimal`."""


class ResultRow(Shape):
    """One line of a collection's results, in the order of its rows."""

    row: int
    """As the sender numbers it: in a table, as a spreadsheet shows it."""
    reference: str
    metadata: dict[str, str]
    job_id: UUID
    status: Literal["queued", "submitted", "processing", "completed", "failed", "canceled"] | str
    result: (
        Annotated[
            AnalyzeOutput | ClassifyOutput | RawOutput | SummarizeOutput | dict[str, Any],
            Field(union_mode="left_to_right"),
        ]
        | None
    ) = None
    error: JobError | None = None
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount
    correction: Correction | None = None
    """Where a person has corrected it."""


class Risk(Shape):
    title: str
    severity: Literal["low", "medium", "high"] | str
    detail: str


class SendingPausedEvent(Shape):
    type: Literal["sending.paused"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldSending


class SendingResumedEvent(Shape):
    type: Literal["sending.resumed"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldSending


class Skipped(Shape):
    reason: str
    """A job's status, `limit-reached`, `long-prompt`, `tags-full`, `tagged-already`, `not-tagged`,
    or `gone`: erased, or pruned.
    """
    jobs: int
    message: str


class Span(Shape):
    """Which events: those that happened from `from` on, and before `to`."""

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime | None = None
    """Default: now."""


class Spent(Shape):
    """Sums over the charges of a period."""

    jobs: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount
    answers: int | None = None
    """Charges: one for each answer."""
    batch_sync_cost_usd: Amount | None = None
    """The part of `sync_cost_usd` that went by batch."""
    batch_share: Amount | None = None
    """The same as a share, rounded down."""
    cache_saved_usd: Amount | None = None
    """What reading from the cache saved, less what writing to it cost more; by the lowest tier of
    prices where they rise with the length of the prompt.
    """


class SpentRow(Shape):
    """Of `day`, `job_type` and so on those are there that it is grouped by."""

    day: date | None = None
    job_type: str | None = None
    route: Literal["batch", "sync"] | str | None = None
    model: str | None = None
    """Empty: charged before models were kept."""
    created_by: str | None = None
    """Who queued the jobs, a member's name or a key; empty: charged before it was kept, or after
    the job was deleted.
    """
    collection: str | None = None
    """An id; empty: jobs of no collection."""
    jobs: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Amount
    sync_cost_usd: Amount
    saved_usd: Amount
    answers: int | None = None
    """Charges: one for each answer."""
    batch_sync_cost_usd: Amount | None = None
    """The part of `sync_cost_usd` that went by batch."""
    batch_share: Amount | None = None
    """The same as a share, rounded down."""
    cache_saved_usd: Amount | None = None
    """What reading from the cache saved, less what writing to it cost more; by the lowest tier of
    prices where they rise with the length of the prompt.
    """


class StreamEvent(Shape):
    event: Literal["text", "done"] | str
    data: str
    """JSON: of `done` the job, of `text` what is new of the answer."""


class SummarizeOutput(Shape):
    summary: str
    """Plain text or Markdown."""


class Tokens(Shape):
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


class ToldBudget(Shape):
    month: str
    percent: Literal[50, 80, 100] | str
    url: str


class ToldCollection(Shape):
    collection_id: UUID
    status: Literal["completed"] | str
    counts: ToldCounts
    url: str
    results_url: str


class ToldCounts(Shape):
    completed: int
    failed: int
    canceled: int


class ToldJob(Shape):
    job_id: UUID
    status: Literal["completed", "failed", "canceled"] | str
    reference: str
    """What the sender calls it."""
    collection_id: UUID | None = None
    url: str
    """Where the job is, with its result or its error."""
    result: (
        Annotated[
            AnalyzeOutput | ClassifyOutput | RawOutput | SummarizeOutput | dict[str, Any],
            Field(union_mode="left_to_right"),
        ]
        | None
    ) = None
    """Of completed jobs, where the webhook has `includes_result`."""
    is_result_left_out: bool | None = None
    """True where the results before it filled the body: fetch it by `url`."""


class ToldJobs(Shape):
    jobs: list[ToldJob]


class ToldNothing(Shape):
    pass


class ToldSending(Shape):
    reason: (
        Literal["spend_limit", "on_hold", "low_credit", "billing", "bad_key", "no_permission"] | str
    )


class Usage(Shape):
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    group_by: list[Literal["day", "job_type", "route", "model", "created_by", "collection"] | str]
    rows: list[SpentRow]
    totals: Spent
    estimated_answers: int
    """Answers that came without usage, and are charged by an estimate of it."""
    paused: Pause | None = None
    """Null but while nothing is sent."""


class Webhook(Shape):
    """One endpoint."""

    webhook_id: UUID
    url: str
    description: str
    events: list[
        Literal[
            "job.completed",
            "job.failed",
            "job.canceled",
            "collection.completed",
            "budget.threshold",
            "sending.paused",
            "sending.resumed",
        ]
        | str
    ]
    includes_result: bool
    state: Literal["on", "off", "failed"] | str
    """`failed`: switched off, because nothing got through for a day. What happens is kept, and
    sent when it is switched on again.
    """
    failing_since: AwareDatetime | None = None
    """Null where the last delivery got through."""
    last_error: str
    previous_secret_until: AwareDatetime | None = None
    """Until then, bodies are signed with the secret before as well."""
    created_at: AwareDatetime
    created_by: str


class WebhookList(Shape):
    results: list[WebhookRow]


class WebhookRow(Shape):
    webhook_id: UUID
    url: str
    description: str
    events: list[
        Literal[
            "job.completed",
            "job.failed",
            "job.canceled",
            "collection.completed",
            "budget.threshold",
            "sending.paused",
            "sending.resumed",
        ]
        | str
    ]
    includes_result: bool
    state: Literal["on", "off", "failed"] | str
    """`failed`: switched off, because nothing got through for a day. What happens is kept, and
    sent when it is switched on again.
    """
    failing_since: AwareDatetime | None = None
    """Null where the last delivery got through."""
    last_error: str
    previous_secret_until: AwareDatetime | None = None
    """Until then, bodies are signed with the secret before as well."""
    created_at: AwareDatetime
    created_by: str


class WebhookTestEvent(Shape):
    type: Literal["webhook.test"] | str
    timestamp: AwareDatetime
    """When it happened."""
    data: ToldNothing


class WebhookWithSecret(Shape):
    webhook_id: UUID
    url: str
    description: str
    events: list[
        Literal[
            "job.completed",
            "job.failed",
            "job.canceled",
            "collection.completed",
            "budget.threshold",
            "sending.paused",
            "sending.resumed",
        ]
        | str
    ]
    includes_result: bool
    state: Literal["on", "off", "failed"] | str
    """`failed`: switched off, because nothing got through for a day. What happens is kept, and
    sent when it is switched on again.
    """
    failing_since: AwareDatetime | None = None
    """Null where the last delivery got through."""
    last_error: str
    previous_secret_until: AwareDatetime | None = None
    """Until then, bodies are signed with the secret before as well."""
    created_at: AwareDatetime
    created_by: str
    secret: str
    """Shown now, and never again."""
