"""What may be asked of every job and of every collection, and the calls that ask it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from citizenapp_client._calls import Call, File, Id, Moment, form, json_of, post

JobStatus = Literal["queued", "submitted", "processing", "completed", "failed", "canceled"]
Answers = Literal["keep", "drop"]
ReadAs = Literal["auto", "text", "original"]
WebhookEvent = Literal[
    "job.completed",
    "job.failed",
    "job.canceled",
    "collection.completed",
    "budget.threshold",
    "sending.paused",
    "sending.resumed",
]
OnError = Literal["reject", "skip"]


class JobWishes(TypedDict, total=False):
    """How a job is queued. `needed_within` is in seconds: 0 runs it at once, at full price."""

    needed_within: float
    reference: str
    metadata: Mapping[str, str]
    fresh: bool
    read_as: ReadAs
    accept_partial: bool
    idempotency_key: str


class CollectionWishes(TypedDict, total=False):
    """How the jobs of a collection are queued. `trial` rows run at once; the others wait."""

    defaults: Mapping[str, Any]
    on_error: OnError
    needed_within: float
    trial: int
    fresh: bool
    idempotency_key: str


class UploadWishes(CollectionWishes, total=False):
    """How a file is read: `columns` names the header of the column for each field."""

    columns: Mapping[str, str]
    sheet: str
    read_as: ReadAs
    accept_partial: bool


class JobFilter(TypedDict, total=False):
    """Which jobs, as `jobs.list` takes it."""

    status: JobStatus
    job_type: str
    collection: Id
    reference: str
    created_after: Moment
    created_before: Moment
    tag: str
    q: str


def many(
    path: str,
    ids: Sequence[Id] | None,
    only: JobFilter | None,
    key: str | None,
    more: Mapping[str, Any] | None = None,
    **query: Any,
) -> Call:
    """Do it with all jobs of these ids, or with all that the filter finds now."""
    body = {"ids": ids and [*ids], "filter": only and json_of(only), **(more or {})}
    return post(path, body, key=key, **query)


def job(
    job_type: str,
    text: str | None,
    file: File | Sequence[File] | None,
    options: Mapping[str, Any],
    wishes: JobWishes,
    *,
    quote: bool = False,
) -> Call:
    """Queue one job, or ask what it would cost. Several files are one job's documents."""
    fields: dict[str, Any] = {"document_text": text, **options, **wishes}
    key = fields.pop("idempotency_key", None)
    asked = {"quote": True} if quote else {}
    if file is None:
        return post(job_type, fields, key=key, **asked)
    # A name with its content is a tuple, so a sequence of files is anything else.
    files = file if isinstance(file, Sequence) and not isinstance(file, (str, tuple)) else [file]
    return form(job_type, fields, [("document", one) for one in files], key=key, **asked)


def items(
    name: str,
    job_type: str,
    rows: Sequence[Mapping[str, Any]],
    wishes: CollectionWishes,
    *,
    quote: bool = False,
) -> Call:
    """Queue the rows as a collection, or ask what they would cost."""
    fields: dict[str, Any] = {"name": name, "job_type": job_type, "items": rows, **wishes}
    key = fields.pop("idempotency_key", None)
    return post("collections", fields, key=key, **({"quote": True} if quote else {}))


def table(
    name: str, job_type: str, file: File, wishes: UploadWishes, *, quote: bool = False
) -> Call:
    """Queue the rows of a table, or the documents in a ZIP; or ask what they would cost."""
    fields: dict[str, Any] = {"name": name, "job_type": job_type, **wishes}
    key = fields.pop("idempotency_key", None)
    asked = {"quote": True} if quote else {}
    return form("collections", fields, [("file", file)], key=key, **asked)
