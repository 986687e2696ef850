"""The columns of a job, its input and its documents, as accept stores them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from aijobs.budgets.standing import HOLD
from aijobs.documents import Document
from aijobs.models import JobDocument, dump_json
from aijobs.models.idempotency import CLAIM_KEY_FROM

INPUT_COLUMNS = [
    "job_id",
    "tenant_id",
    "job_type",
    "created_by",
    "source_name",
    "row_number",
    "reference",
    "metadata",
    "options",
    "expected_tokens",
    "most_answer_tokens",
    "document_kind",
    "shares_document",
    "fingerprint",
    "model",
]
DOCUMENT_COLUMNS = [
    "job_id",
    "number",
    "name",
    "media_type",
    "text",
    "characters",
    "original",
    "size",
    "sha256",
    "pages",
    "read_as",
    "warnings",
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
    "reserved_usd",
    "created_at",
    "not_before",
    "needed_by",
]

# One statement stores a job and its input. With a claim, it also stores the idempotency key, or
# nothing at all where the key exists. Of identical requests at once, PostgreSQL lets the second
# wait in this statement until the first is committed, and then it stores nothing.
INSERT_JOB = """
WITH room AS (
    SELECT COALESCE(sum(jobs), 0) AS waiting,
           count(*) FILTER (WHERE collection_id IS NULL AND NOT is_compacted) AS fresh
    FROM aijobs_reservation WHERE tenant_id = %(tenant)s
), start AS ({start}), claim AS ({claim}), job AS (
    INSERT INTO aijobs_aijob (
        id, tenant_id, job_type, status, route, attempts, max_tokens_factor, request_bytes,
        reserved_usd, created_at, not_before, needed_by
    )
    SELECT %(id)s, %(tenant)s, %(job_type)s, 'queued', %(route)s, 0, 1, %(request_bytes)s,
           %(reserved_usd)s, %(now)s, %(now)s, %(needed_by)s
    FROM claim
), document AS (
    INSERT INTO aijobs_jobdocument (
        job_id, number, name, media_type, text, characters, original, size, sha256, pages, read_as,
        warnings
    )
    SELECT %(id)s, number, name, media_type, text, characters, original, size, sha256, pages,
           read_as, warnings
    FROM claim CROSS JOIN unnest(
        %(names)s::text[], %(media_types)s::text[], %(texts)s::json[], %(characters)s::int[],
        %(originals)s::bytea[], %(sizes)s::int[], %(sha256s)s::bytea[], %(pages)s::int[],
        %(read_as)s::text[], %(warnings)s::json[]
    ) WITH ORDINALITY AS document (
        name, media_type, text, characters, original, size, sha256, pages, read_as, warnings,
        number
    )
)
INSERT INTO aijobs_jobinput (
    job_id, tenant_id, job_type, options, source_name, created_by, reference, metadata,
    expected_tokens, most_answer_tokens, document_kind, fingerprint, model
)
SELECT %(id)s, %(tenant)s, %(job_type)s, %(options)s, %(source_name)s, %(created_by)s,
       %(reference)s, %(metadata)s, %(expected_tokens)s, %(most_answer_tokens)s,
       %(document_kind)s, %(question)s, %(model)s
FROM claim
RETURNING (SELECT fresh FROM room)
"""
# Nothing is stored where so many jobs wait. Those that are being stored just now are not counted:
# otherwise all would wait for one another.
HAS_ROOM = "waiting < %(most_waiting)s"
# Nor where the question is known.
IS_NEW = """
NOT EXISTS (
    SELECT FROM aijobs_question WHERE tenant_id = %(tenant)s AND fingerprint = %(question)s
)
"""
# Of those who ask the same at once, the second waits for the first, and has an error then.
REMEMBER_NEW = """
INSERT INTO aijobs_question (tenant_id, fingerprint, job_id)
SELECT tenant_id, %(question)s, id FROM aijobs_aijob WHERE id = %(id)s
"""
HOLD_NEW = f"{HOLD} FROM aijobs_aijob WHERE id = %(id)s"


@cache
def insert_job(*, with_claim: bool, if_new: bool = False, if_room: bool = False) -> str:
    """The statement for one job; `if_new`, `if_room`: only where this holds.

    Returns how many rows tell of single jobs (`room.compact`).
    """
    conditions = [IS_NEW] * if_new + [HAS_ROOM] * if_room
    start = f"SELECT FROM room WHERE {' AND '.join(conditions)}" if conditions else "SELECT"
    return INSERT_JOB.format(
        start=start,
        claim=CLAIM_KEY_FROM.format(source="start") if with_claim else "SELECT FROM start",
    )


def document_cells(document: Document) -> tuple[object, ...]:
    """The columns of a document, from its name on, in the order of DOCUMENT_COLUMNS."""
    read_as = JobDocument.ReadAs.ORIGINAL if document.is_sent_as_file else JobDocument.ReadAs.TEXT
    return (
        document.name,
        document.media_type,
        document.text,
        len(document.text),
        document.data,
        document.size,
        document.sha256,
        document.pages,
        read_as.value,
        list(document.warnings) or None,
    )


def document_arrays(documents: Sequence[Document]) -> dict[str, list[Any]]:
    """The same columns of all documents of one job, as arrays for INSERT_JOB."""
    names, media_types, texts, characters, originals, sizes, sha256s, pages, read_as, warnings = (
        map(list, zip(*map(document_cells, documents), strict=True))
    )
    return {
        "names": names,
        "media_types": media_types,
        "texts": [dump_json(text) for text in texts],
        "characters": characters,
        "originals": originals,
        "sizes": sizes,
        "sha256s": sha256s,
        "pages": pages,
        "read_as": read_as,
        "warnings": [dump_json(one) if one else None for one in warnings],
    }
