"""accept: check what is asked for, and store it as queued jobs. All of it, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Literal
from uuid import UUID

from django.db import transaction

from aijobs import jobtypes
from aijobs.budgets import standing
from aijobs.budgets.room import refuse_when_full
from aijobs.crash_points import Step, crash_point
from aijobs.documents import Document
from aijobs.jobtypes import InvalidInput
from aijobs.models import (
    AIJob,
    Claim,
    Collection,
    JobDocument,
    JobInput,
    KeyTaken,
    ids_from,
    new_id,
)
from aijobs.pipeline import _repeats
from aijobs.pipeline._again import (
    price_of_retry,
    reserved_by,
    retry_batch,
    retry_collection,
    retry_job,
    why_not_retriable,
)
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
    document_cells,
    insert_job,
)
from aijobs.pipeline._quoting import bill_of
from aijobs.pipeline._seeding import CHUNK, Sowing
from aijobs.pipeline._single import job_of, parameters_of, store_new
from aijobs.pipeline._trial import Trying
from aijobs.postgres.copying import copy_rows
from aijobs.quotes.terms import Terms
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
    "Row",
    "accept_collection",
    "accept_job",
    "accept_jobs",
    "bill_of",
    "check",
    "check_collection",
    "check_fresh",
    "examine",
    "price_of_retry",
    "retry_batch",
    "retry_collection",
    "retry_job",
    "why_not_retriable",
]

OnError = Literal["reject", "skip"]

MOVED_BY_RECALL = ["status", "finished_at", "not_before", "answered_by"]


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
    Raises UnknownJobType, InvalidInput with the errors by field, KeyTaken, or OverLimit.
    """
    terms = Terms(tenant, jobtypes.get(job_type), now)
    checked = check(terms, raw, needed_within, documents, lenient=lenient)
    queued = job_of(terms, checked, new_id(now))
    parameters = parameters_of(queued, checked, created_by)
    if claim:
        parameters |= claim.parameters(tenant, now, response=answer(queued))
    if fresh or not store_new(queued, parameters, claim=claim):
        with transaction.atomic():
            with prepared_cursor() as cursor:
                cursor.execute(insert_job(with_claim=claim is not None), parameters)
                if not cursor.rowcount:
                    raise KeyTaken
            if _repeats.recall(
                tenant, now, job=queued.pk, fingerprint=checked.asked.fingerprint, fresh=fresh
            ):
                queued.refresh_from_db(fields=MOVED_BY_RECALL)
                if claim:
                    claim.correct(tenant, answer(queued))
            if queued.status == AIJob.Status.QUEUED:
                standing.keep(tenant, queued.reserved_usd, now, jobs=1)
    queued._state.adding = False
    crash_point(Step.ACCEPT_COMMITTED)
    return queued


def accept_jobs(
    tenant: Tenant,
    job_type: str,
    requests: Iterable[tuple[Mapping[str, object], Sequence[Document]]],
    *,
    now: datetime,
    created_by: str,
    refused: Callable[[int, InvalidInput], None],
    needed_within: object = None,
    lenient: bool = False,
    fresh: bool = False,
) -> list[AIJob]:
    """Queue several jobs of one type, or none of them: `raw` and `documents` as of `accept_job`.

    `refused` is called with the position and the errors of each bad one; then there are none.
    Raises UnknownJobType or OverLimit.
    """
    terms = Terms(tenant, jobtypes.get(job_type), now)
    ids, queued, has_bad = ids_from(now), list[AIJob](), False
    with transaction.atomic():
        for position, (raw, documents) in enumerate(requests):
            try:
                checked = check(terms, raw, needed_within, documents, lenient=lenient)
            except InvalidInput as refusal:
                refused(position, refusal)
                has_bad = True
                continue
            one = job_of(terms, checked, next(ids))
            with prepared_cursor() as cursor:
                cursor.execute(
                    insert_job(with_claim=False), parameters_of(one, checked, created_by)
                )
            one._state.adding = False
            queued.append(one)
        if has_bad:
            transaction.set_rollback(True)
            return []
        # What others may wait for is taken last, and by all in the same order: first questions,
        # then the tenant's limit. Taken job by job, two uploads would wait for each other.
        keys = [one.pk for one in queued]
        if _repeats.recall(tenant, now, several=keys, jobs=len(keys), fresh=fresh):
            for one in queued:
                one.refresh_from_db(fields=MOVED_BY_RECALL)
        if waiting := [one for one in queued if one.status == AIJob.Status.QUEUED]:
            reserved = sum((one.reserved_usd for one in waiting), Decimal(0))
            standing.keep(tenant, reserved, now, jobs=len(waiting))
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
    model: str = "",
) -> Accepted:
    """Queue many jobs of one type under one name, in one transaction.

    A row is its number, which its job and its errors bear, and an item: a mapping of the fields of
    the job type, and maybe a `needed_within`, a `reference` and `metadata` of its own; or the
    InvalidInput that reading it has brought. `defaults` fills what an item leaves out, and with
    `lenient` an empty string leaves it out. `on_error="skip"` passes over bad rows.
    Where it is known which `fields` rows have themselves, what is wrong with another one is told
    once, and not of each row. Of so many for a `trial` all others wait until they are let go.
    `model` is asked instead of that of the job type.
    Raises UnknownJobType, InvalidInput, RejectedCollection, or OverLimit.
    """
    kind = jobtypes.get(job_type)
    check_collection(tenant, name, on_error, trial)
    refuse_when_full(tenant)
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
    terms = Terms(tenant, kind, now, wanted=model)
    checked = check_rows(terms, rows, defaults or {}, needed_within, rejections, lenient=lenient)
    # Once it is clear that nothing will be stored, the rest is read for its errors alone.
    worthwhile = (one for one in checked if on_error == "skip" or not rejections.count)
    columns: dict[str, None] = {}
    order = Trying(queued, trial, now) if trial else Sowing(queued, now)
    with transaction.atomic():
        queued.save(force_insert=True)
        while stored := _store(queued, islice(worthwhile, CHUNK), ids, columns, order, terms):
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
        repeated = 0
        if not kind.passes_on:
            repeated = _repeats.recall(
                tenant, now, collection=queued.pk, jobs=queued.total, fresh=asks_anew
            )
        order.save(repeated)
        reserved, waiting = reserved_by(queued)
        standing.keep(tenant, reserved, now, jobs=waiting)
        crash_point(Step.ACCEPT_COUNTED)
    crash_point(Step.ACCEPT_COMMITTED)
    return Accepted(queued, queued.total, rejections.told, rejections.count, repeated)


def examine(
    terms: Terms,
    rows: Iterable[Row],
    *,
    defaults: Mapping[str, object],
    needed_within: object = None,
    fields: Iterable[str] | None = None,
    lenient: bool = True,
    refused: Callable[[int, dict[str, list[str]]], None],
) -> Iterator[Checked]:
    """What `accept_collection` would make of these rows. Nothing is stored.

    `refused` is called with the number and the errors of each bad row. Raises InvalidInput where
    there are too many, or all would be wrong in the same way.
    """

    class Told(Rejections):
        def add(self, row: int, errors: dict[str, list[str]]) -> None:
            refused(row, errors)

    if fields is not None:
        check_defaults(terms.kind, defaults, list(fields), lenient=lenient)
    yield from check_rows(terms, rows, defaults, needed_within, Told(), lenient=lenient)


def _store(
    collection: Collection,
    requests: Iterable[Checked],
    ids: Iterator[UUID],
    columns: dict[str, None],
    order: Sowing | Trying,
    terms: Terms,
) -> int:
    """Store the documents of requests, then their inputs and jobs, by COPY; returns how many.

    PostgreSQL stores the first documents while the next requests are being checked. The names in
    their metadata are gathered in `columns`, as many as a table of results can have.
    """
    tenant_id, kind, created_by = collection.tenant_id, collection.job_type, collection.created_by
    now = collection.created_at
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
                    *(one.shares_document, asked.fingerprint, asked.model),
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
                *(one.request_bytes, one.reserved(terms), now, start, one.needed_by(now)),
            )
            for (key, one), start in zip(rows, order.starts(rows), strict=True)
        )
        copy_rows(JobInput, INPUT_COLUMNS, inputs)
        copy_rows(AIJob, JOB_COLUMNS, jobs)
    return len(rows)
