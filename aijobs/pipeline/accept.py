"""accept: check what is asked for, and store it as queued jobs. All of it, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.crash_points import Step, crash_point
from aijobs.documents import Document
from aijobs.models import (
    AIJob,
    Claim,
    Collection,
    JobDocument,
    JobInput,
    KeyTaken,
    dump_json,
    ids_from,
    new_id,
)
from aijobs.pipeline import _repeats
from aijobs.pipeline._again import reserved_by, retry_batch, retry_collection, retry_job
from aijobs.pipeline._checks import (
    LONGEST_DEADLINE,
    Asked,
    Checked,
    Rejected,
    Rejections,
    Row,
    check,
    check_collection,
    check_defaults,
    check_fresh,
    check_rows,
)
from aijobs.pipeline._columns import (
    DOCUMENT_COLUMNS,
    INPUT_COLUMNS,
    JOB_COLUMNS,
    WITH_CLAIM,
    WITHOUT_CLAIM,
    document_arrays,
    document_cells,
)
from aijobs.pipeline._quoting import bill_of
from aijobs.pipeline._seeding import Sowing
from aijobs.pipeline._trial import Trying
from aijobs.postgres.copying import copy_rows
from aijobs.quotes.bill import Bill
from citizenapp.database import prepared_cursor
from citizenapp.tenants.models import Tenant

__all__ = [
    "LONGEST_DEADLINE",
    "Accepted",
    "Asked",
    "Checked",
    "OnError",
    "Rejected",
    "RejectedCollection",
    "Rejections",
    "accept_collection",
    "accept_job",
    "bill_of",
    "check",
    "check_collection",
    "check_fresh",
    "examine",
    "retry_batch",
    "retry_collection",
    "retry_job",
]

OnError = Literal["reject", "skip"]

# Rows of one COPY; what is not their documents waits in memory for the COPYs after it.
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """A collection that was queued, and the rows that were left out."""

    collection: Collection
    accepted: int
    rejected: list[Rejected]
    rejected_count: int
    repeated: int
    """Jobs whose question was asked before: they have its result, or wait for it."""


class RejectedCollection(Exception):
    """Nothing was queued: a row is bad, or none is good."""

    def __init__(self, message: str, rejected: list[Rejected], rejected_count: int) -> None:
        super().__init__(message)
        self.rejected = rejected
        self.rejected_count = rejected_count


def accept_job(
    tenant: Tenant,
    job_type: str,
    raw: Mapping[str, object],
    *,
    now: datetime,
    created_by: str,
    needed_within: object = None,
    documents: Sequence[Document] = (),
    lenient: bool = False,
    fresh: bool = False,
    claim: Claim | None = None,
    answer: Callable[[AIJob], Mapping[str, object]] = lambda _: {},
) -> AIJob:
    """Queue one job.

    `raw` holds the fields of the job type, and maybe a `reference` and `metadata`. `documents` are
    those that came as files; without any, `raw` holds the text.
    `needed_within` is in seconds: 0 means now, at full price; None means up to 24 hours.
    `lenient` reads numbers and lists out of strings, as table cells and forms hold them. `fresh`
    asks anew what was asked before; otherwise the earlier result is this one's (`_repeats`).
    A `claim` is stored with the job, and with the `answer` that whoever repeats it will get.
    Raises UnknownJobType, InvalidInput with the errors by field, KeyTaken, or LimitReached.
    """
    kind = jobtypes.get(job_type)
    checked = check(kind, raw, needed_within, documents, lenient=lenient)
    asked = checked.asked
    queued = AIJob(
        id=new_id(now),
        tenant=tenant,
        job_type=job_type,
        route=asked.route,
        request_bytes=asked.request_bytes,
        reserved_usd=asked.reserved(Bill(tenant, kind, now)),
        created_at=now,
        not_before=now,
        needed_by=asked.needed_by(now),
    )
    parameters: dict[str, Any] = {
        "id": queued.id,
        "tenant": tenant.pk,
        "job_type": job_type,
        "route": asked.route,
        "request_bytes": queued.request_bytes,
        "reserved_usd": queued.reserved_usd,
        "now": now,
        "needed_by": queued.needed_by,
        "options": dump_json(checked.options),
        "source_name": checked.documents[0].name,
        "created_by": created_by,
        "reference": checked.own.reference,
        "metadata": dump_json(checked.own.metadata) if checked.own.metadata else None,
        "expected_tokens": asked.tokens.tokens,
        "most_answer_tokens": asked.max_tokens,
        "document_kind": asked.tokens.kind,
        "question": asked.fingerprint,
        **document_arrays(checked.documents),
    }
    if claim:
        parameters |= claim.parameters(tenant, now, response=answer(queued))
    # Without a limit and a memory, one statement is all that is needed.
    is_one = not (standing.has_limit(tenant) or tenant.repeat_days)
    with nullcontext() if is_one else transaction.atomic():
        with prepared_cursor() as cursor:
            cursor.execute(WITH_CLAIM if claim else WITHOUT_CLAIM, parameters)
            if not cursor.rowcount:
                raise KeyTaken
        if _repeats.recall(tenant, now, job=queued.pk, fingerprint=asked.fingerprint, fresh=fresh):
            queued.refresh_from_db(fields=["status", "finished_at", "not_before", "answered_by"])
            if claim:
                claim.correct(tenant, answer(queued))
        if queued.status == AIJob.Status.QUEUED:
            standing.keep(tenant, queued.reserved_usd, now)
    queued._state.adding = False
    crash_point(Step.ACCEPT_COMMITTED)
    return queued


def accept_collection(
    tenant: Tenant,
    name: str,
    job_type: str,
    rows: Iterable[Row],
    *,
    now: datetime,
    created_by: str,
    defaults: Mapping[str, object] | None = None,
    on_error: OnError = "reject",
    needed_within: object = None,
    lenient: bool = False,
    fields: Iterable[str] | None = None,
    trial: int = 0,
    fresh: object = False,
) -> Accepted:
    """Queue many jobs of one type under one name, in one transaction.

    A row is its number, which its job and its errors bear, and an item: a mapping of the fields of
    the job type, and maybe a `needed_within`, a `reference` and `metadata` of its own; or the
    InvalidInput that reading it has brought. `defaults` fills what an item leaves out, and with
    `lenient` an empty string leaves it out. `on_error="skip"` passes over bad rows.
    Where it is known which `fields` rows have themselves, what is wrong with another one is told
    once, and not of each row. Of so many for a `trial` all others wait until they are let go.
    Raises UnknownJobType, InvalidInput, RejectedCollection, or LimitReached.
    """
    kind = jobtypes.get(job_type)
    check_collection(name, on_error, trial)
    asks_anew = check_fresh(fresh, lenient=lenient)
    if fields is not None:
        check_defaults(kind, defaults or {}, list(fields), lenient=lenient)
    rejections = Rejections()
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
    checked = check_rows(kind, rows, defaults or {}, needed_within, rejections, lenient=lenient)
    # Once it is clear that nothing will be stored, the rest is read for its errors alone.
    worthwhile = (one for one in checked if on_error == "skip" or not rejections.count)
    columns: dict[str, None] = {}
    order = Trying(queued, trial, now) if trial else Sowing(queued, now)
    with transaction.atomic():
        queued.save(force_insert=True)
        while stored := _store(queued, islice(worthwhile, CHUNK), ids, columns, order):
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
        queued.rejected = rejections.count
        queued.columns = list(columns) or None
        queued.save(update_fields=["total", "rejected", "columns"])
        repeated = _repeats.recall(
            tenant, now, collection=queued.pk, jobs=queued.total, fresh=asks_anew
        )
        order.save(repeated)
        standing.keep(tenant, reserved_by(queued), now)
        crash_point(Step.ACCEPT_COUNTED)
    crash_point(Step.ACCEPT_COMMITTED)
    return Accepted(queued, queued.total, rejections.told, rejections.count, repeated)


def examine(
    job_type: str,
    rows: Iterable[Row],
    *,
    defaults: Mapping[str, object],
    needed_within: object = None,
    fields: Iterable[str] | None = None,
    lenient: bool = True,
    refused: Callable[[int, dict[str, list[str]]], None],
) -> Iterator[Checked]:
    """What `accept_collection` would make of these rows. Nothing is stored.

    `refused` is called with the number and the errors of each bad row. Raises UnknownJobType, and
    InvalidInput where there are too many, or all would be wrong in the same way.
    """

    class Told(Rejections):
        def add(self, row: int, errors: dict[str, list[str]]) -> None:
            refused(row, errors)

    kind = jobtypes.get(job_type)
    if fields is not None:
        check_defaults(kind, defaults, list(fields), lenient=lenient)
    yield from check_rows(kind, rows, defaults, needed_within, Told(), lenient=lenient)


def _store(
    collection: Collection,
    requests: Iterable[Checked],
    ids: Iterator[UUID],
    columns: dict[str, None],
    order: Sowing | Trying,
) -> int:
    """Store the documents of requests, then their inputs and jobs, by COPY; returns how many.

    PostgreSQL stores the first documents while the next requests are being checked. The names in
    their metadata are gathered in `columns`, as many as a table of results can have.
    """
    tenant_id, kind, created_by = collection.tenant_id, collection.job_type, collection.created_by
    now = collection.created_at
    bill = Bill(collection.tenant, jobtypes.get(kind), now)
    inputs: list[tuple[object, ...]] = []
    rows: list[tuple[UUID, Asked]] = []

    def documents() -> Iterator[tuple[object, ...]]:
        for one, key in zip(requests, ids, strict=False):
            metadata, asked = one.own.metadata, one.asked
            if metadata and not columns.keys() >= metadata.keys():
                for name in islice(metadata, Collection.MOST_COLUMNS - len(columns)):
                    columns.setdefault(name)
            name = one.documents[0].name
            inputs.append(
                (
                    *(key, tenant_id, kind, created_by, name, one.row, one.own.reference),
                    *(metadata or None, one.options),
                    *(asked.tokens.tokens, asked.max_tokens, asked.tokens.kind),
                    *(one.shares_document, asked.fingerprint),
                )
            )
            for number, document in enumerate(one.documents, 1):
                yield key, number, *document_cells(document)
            one.documents = ()  # They are stored: the others may take their memory.
            rows.append((key, asked))

    copy_rows(JobDocument, DOCUMENT_COLUMNS, documents())
    if rows:
        jobs = (
            (
                *(key, tenant_id, collection.pk, kind, "queued", one.route, 0, 1),
                *(one.request_bytes, one.reserved(bill), now, start, one.needed_by(now)),
            )
            for (key, one), start in zip(rows, order.starts(rows), strict=True)
        )
        copy_rows(JobInput, INPUT_COLUMNS, inputs)
        copy_rows(AIJob, JOB_COLUMNS, jobs)
    return len(rows)
