"""accept: check what is asked for, and store it as queued jobs. All of it, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from aijobs import jobtypes
from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes import InvalidInput, JobType
from aijobs.models import (
    AIJob,
    Claim,
    Collection,
    JobInput,
    KeyTaken,
    dump_json,
    ids_from,
    new_id,
)
from aijobs.models.idempotency import CLAIM_KEY
from aijobs.postgres.copying import copy_rows
from citizenapp.database import prepared_cursor
from citizenapp.tenants.models import Tenant

OnError = Literal["reject", "skip"]

# Beyond this nobody gains by naming a deadline: a batch that was not answered expires after a day.
LONGEST_DEADLINE = 7 * 24 * 3600
# What a job's line in a batch may hold besides the params. custom_id, braces, quotes and comma are
# at most 91 bytes. Whoever changes a model's setting while the job waits may give it a longer name:
# at most 99 bytes more, as checks.MODEL_NAME_BYTES says.
LINE_BYTES = 200
# Rows of one COPY; the narrow rows of so many jobs wait in memory for the second one.
CHUNK = 10_000
# The answer tells the errors of so many bad rows, and only counts the others.
REJECTED_TOLD = 1_000

# One statement stores a job and its input. With a claim, it also stores the idempotency key, or
# nothing at all where the key exists. Of identical requests at once, PostgreSQL lets the second
# wait in this statement until the first is committed, and then it stores nothing.
INSERT_JOB = """
WITH claim AS ({claim}), job AS (
    INSERT INTO aijobs_aijob (
        id, tenant_id, job_type, status, route, attempts, max_tokens_factor, request_bytes,
        created_at, not_before, needed_by
    )
    SELECT %(id)s, %(tenant)s, %(job_type)s, 'queued', %(route)s, 0, 1, %(request_bytes)s,
           %(now)s, %(now)s, %(needed_by)s
    FROM claim
)
INSERT INTO aijobs_jobinput (
    job_id, tenant_id, job_type, document, options, source_name, created_by
)
SELECT %(id)s, %(tenant)s, %(job_type)s, %(document)s, %(options)s, %(source_name)s,
       %(created_by)s
FROM claim
"""
WITHOUT_CLAIM = INSERT_JOB.format(claim="SELECT")
WITH_CLAIM = INSERT_JOB.format(claim=CLAIM_KEY)

INPUT_COLUMNS = [
    "job_id",
    "tenant_id",
    "job_type",
    "created_by",
    "source_name",
    "document",
    "options",
]
JOB_COLUMNS = [
    "id",
    "tenant_id",
    "collection_id",
    "job_type",
    "status",
    "route",
    "attempts",
    "max_tokens_factor",
    "request_bytes",
    "created_at",
    "not_before",
    "needed_by",
]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that no job can be made of, by the number its sender knows."""

    row: int
    errors: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A collection that was queued, and the rows that were left out."""

    collection: Collection
    accepted: int
    rejected: list[Rejected]
    rejected_count: int


class RejectedCollection(Exception):
    """Nothing was queued: a row is bad, or none is good."""

    def __init__(self, message: str, rejected: list[Rejected], rejected_count: int) -> None:
        super().__init__(message)
        self.rejected = rejected
        self.rejected_count = rejected_count


@dataclass(slots=True)
class _Checked:
    """One valid request: the columns that differ from job to job."""

    document: str
    options: dict[str, Any]
    request_bytes: int
    needed_within: float | None

    @property
    def route(self) -> str:
        return (AIJob.Route.SYNC if self.needed_within == 0 else AIJob.Route.BATCH).value

    def needed_by(self, now: datetime) -> datetime | None:
        return None if self.needed_within is None else now + timedelta(seconds=self.needed_within)


@dataclass(slots=True)
class _Rejections:
    told: list[Rejected] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, errors: dict[str, list[str]]) -> None:
        self.count += 1
        if len(self.told) < REJECTED_TOLD:
            self.told.append(Rejected(row, errors))


def accept_job(
    tenant: Tenant,
    job_type: str,
    raw: Mapping[str, object],
    *,
    now: datetime,
    created_by: str,
    needed_within: object = None,
    source_name: str = "",
    lenient: bool = False,
    claim: Claim | None = None,
    answer: Callable[[AIJob], Mapping[str, object]] = lambda _: {},
) -> AIJob:
    """Queue one job.

    `needed_within` is in seconds: 0 means now, at full price; None means up to 24 hours.
    `lenient` reads numbers and lists out of strings, as table cells and forms hold them.
    A `claim` is stored with the job, and with the `answer` that whoever repeats it will get.
    Raises UnknownJobType, InvalidInput with the errors by field, or KeyTaken.
    """
    checked = _check(jobtypes.get(job_type), raw, needed_within, lenient=lenient)
    queued = AIJob(
        id=new_id(now),
        tenant=tenant,
        job_type=job_type,
        route=checked.route,
        request_bytes=checked.request_bytes,
        created_at=now,
        not_before=now,
        needed_by=checked.needed_by(now),
    )
    parameters: dict[str, Any] = {
        "id": queued.id,
        "tenant": tenant.pk,
        "job_type": job_type,
        "route": checked.route,
        "request_bytes": queued.request_bytes,
        "now": now,
        "needed_by": queued.needed_by,
        "document": dump_json(checked.document),
        "options": dump_json(checked.options),
        "source_name": _file_name(source_name),
        "created_by": created_by,
    }
    if claim:
        parameters |= claim.parameters(tenant, now, response=answer(queued))
    with prepared_cursor() as cursor:
        cursor.execute(WITH_CLAIM if claim else WITHOUT_CLAIM, parameters)
        if not cursor.rowcount:
            raise KeyTaken
    queued._state.adding = False
    crash_point(Step.ACCEPT_COMMITTED)
    return queued


def accept_collection(
    tenant: Tenant,
    name: str,
    job_type: str,
    rows: Iterable[tuple[int, object]],
    *,
    now: datetime,
    created_by: str,
    defaults: Mapping[str, object] | None = None,
    on_error: OnError = "reject",
    needed_within: object = None,
    lenient: bool = False,
) -> Accepted:
    """Queue many jobs of one type under one name, in one transaction.

    A row is its number, by which it is told when it is bad, and an item: a mapping of the fields
    of the job type, and maybe a `needed_within` of its own. `defaults` fills what an item leaves
    out, and with `lenient` an empty string leaves it out. `on_error="skip"` passes over bad rows.
    Raises UnknownJobType, InvalidInput, or RejectedCollection.
    """
    kind = jobtypes.get(job_type)
    _check_collection(name, on_error)
    rejections = _Rejections()
    queued = Collection(
        id=new_id(now),
        tenant=tenant,
        name=name.strip(),
        job_type=job_type,
        total=0,
        created_by=created_by,
        created_at=now,
    )
    ids = ids_from(now)
    checked = _check_rows(kind, rows, defaults or {}, needed_within, rejections, lenient=lenient)
    # Once it is clear that nothing will be stored, the rest is read for its errors alone.
    worthwhile = (one for one in checked if on_error == "skip" or not rejections.count)
    with transaction.atomic():
        queued.save(force_insert=True)
        while stored := _store(queued, islice(worthwhile, CHUNK), ids, now):
            queued.total += stored
            crash_point(Step.ACCEPT_COPIED)
        if rejections.count and on_error == "reject":
            raise RejectedCollection(
                "Nothing was queued: some rows have errors.", rejections.told, rejections.count
            )
        if not queued.total:
            raise RejectedCollection(
                "Nothing was queued: there is no valid row.", rejections.told, rejections.count
            )
        queued.save(update_fields=["total"])
        crash_point(Step.ACCEPT_COUNTED)
    crash_point(Step.ACCEPT_COMMITTED)
    return Accepted(queued, queued.total, rejections.told, rejections.count)


def retry_job(job: AIJob, *, now: datetime) -> bool:
    """Queue a failed or canceled job again; False when it is neither."""
    moved = job.mark_queued(now)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def retry_collection(collection: Collection, *, now: datetime) -> int:
    """Queue the failed jobs of a collection again; returns how many."""
    moved = AIJob.objects.filter(collection=collection).queue_failed_again(now)
    crash_point(Step.RETRY_COMMITTED)
    return moved


def _check(
    kind: JobType, raw: Mapping[str, object], needed_within: object, *, lenient: bool
) -> _Checked:
    errors: dict[str, list[str]] = {}
    within = None
    try:
        within = _deadline(needed_within, lenient=lenient)
    except ValueError as error:
        errors["needed_within"] = [str(error)]
    try:
        given = kind.validate(raw, lenient=lenient)
    except InvalidInput as error:
        raise InvalidInput(errors | error.errors) from None
    if errors:
        raise InvalidInput(errors)
    options = given.model_dump()
    return _Checked(
        document=options.pop(kind.text_field),
        options=options,
        # A second attempt may have twice the max_tokens: a digit more, which LINE_BYTES covers.
        request_bytes=len(orjson.dumps(kind.params(given))) + LINE_BYTES,
        needed_within=within,
    )


def _check_rows(
    kind: JobType,
    rows: Iterable[tuple[int, object]],
    defaults: Mapping[str, object],
    needed_within: object,
    rejections: _Rejections,
    *,
    lenient: bool,
) -> Iterator[_Checked]:
    for count, (row, item) in enumerate(rows, 1):
        if count > settings.AIJOBS_COLLECTION_ITEMS:
            limit = f"{settings.AIJOBS_COLLECTION_ITEMS:,}"
            raise InvalidInput({"items": [f"A collection holds at most {limit} items."]})
        if not isinstance(item, Mapping):
            rejections.add(row, {"non_field_errors": ["Must be an object."]})
            continue
        said = {field: value for field, value in item.items() if not lenient or value != ""}
        raw = {**defaults, **said}
        own = raw.pop("needed_within", needed_within)
        try:
            yield _check(kind, raw, own, lenient=lenient)
        except InvalidInput as error:
            rejections.add(row, error.errors)


def _check_collection(name: object, on_error: object) -> None:
    errors: dict[str, list[str]] = {}
    if not isinstance(name, str) or not name.strip():
        errors["name"] = ["This field is required."]
    elif len(name.strip()) > 200:
        errors["name"] = ["Must have at most 200 characters."]
    elif "\0" in name or name != name.encode("utf-8", "replace").decode():
        errors["name"] = ["Holds a character that no name can have."]
    if on_error not in ("reject", "skip"):
        errors["on_error"] = ["Must be “reject” or “skip”."]
    if errors:
        raise InvalidInput(errors)


def _deadline(value: object, *, lenient: bool) -> float | None:
    """Seconds from now, checked. Raises ValueError with a sentence for the sender."""
    if lenient and isinstance(value, str):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            raise ValueError("Must be a number of seconds.") from None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Must be a number of seconds.")  # noqa: TRY004  (a sentence, no bug)
    if not 0 <= value <= LONGEST_DEADLINE:
        raise ValueError(f"Must be from 0 to {LONGEST_DEADLINE:,} seconds.")
    return float(value)


def _file_name(name: str) -> str:
    """A file's name as it can be stored: without folders, control characters or excess."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last.encode("utf-8", "replace").decode() if c.isprintable())[:255]


def _store(
    collection: Collection, requests: Iterable[_Checked], ids: Iterator[UUID], now: datetime
) -> int:
    """Store the inputs of requests, then their jobs, in two COPYs; returns how many.

    PostgreSQL stores the first inputs while the next requests are being checked.
    """
    tenant_id, kind, created_by = collection.tenant_id, collection.job_type, collection.created_by
    jobs: list[tuple[object, ...]] = []

    def inputs() -> Iterator[tuple[object, ...]]:
        for one, key in zip(requests, ids, strict=False):
            jobs.append(
                (
                    *(key, tenant_id, collection.pk, kind, "queued", one.route, 0, 1),
                    *(one.request_bytes, now, now, one.needed_by(now)),
                )
            )
            yield key, tenant_id, kind, created_by, "", one.document, one.options

    copy_rows(JobInput, INPUT_COLUMNS, inputs())
    if jobs:
        copy_rows(AIJob, JOB_COLUMNS, jobs)
    return len(jobs)
