"""What was read, in the shapes that the API answers with. Nothing here asks the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rest_framework.request import Request

from aijobs.api import shapes
from aijobs.api.operation_shapes import OperationPage, OperationSummary
from aijobs.api.parameters import newer_than, older_than
from aijobs.models import BlockReason, CircuitBreaker, Collection, JobAttempt, JobDocument
from aijobs.models import Operation as OperationRow
from aijobs.reading.caching import Caching
from aijobs.reading.collections import CollectionDetail
from aijobs.reading.forecast import Expected
from aijobs.reading.jobs import JobDetail, JobResult, JobRow
from aijobs.reading.money import NOTHING, Money
from aijobs.reading.pages import Page
from aijobs.reading.reviews import Corrected
from aijobs.reading.usage import GroupBy, Usage


def job_page(request: Request, page: Page[JobRow]) -> shapes.JobPage:
    """A page of jobs, with the addresses of the pages beside it."""
    return shapes.JobPage(
        results=[shapes.JobSummary(**_job(row)) for row in page.rows],
        next=next_page(request, page),
        previous=previous_page(request, page),
    )


def job(found: JobDetail) -> shapes.Job:
    """One job with its result, its failed attempts and when it should be done."""
    documents = [_document(one) for one in found.job.documents.all()]
    return shapes.Job(
        **_job(found),
        document=documents[0],
        documents=documents,
        options=found.job.input.options,
        created_by=found.job.input.created_by,
        model=found.output.model if found.output else found.job.input.asked_model,
        result=found.output.result if found.output else None,
        failed_attempts=[
            shapes.FailedAttempt(
                type=attempt.error_type,
                message=attempt.message,
                number=attempt.number,
                route=attempt.route,
                ended_at=attempt.ended_at,
            )
            for attempt in found.attempts
        ],
        route_reason=found.route_reason,
        dropped_at=found.job.dropped_at,
        **_expected(found.expected),
    )


def result_row(found: JobResult) -> shapes.ResultRow:
    """One line of a collection's results."""
    return shapes.ResultRow(
        row=found.row,
        reference=found.reference,
        metadata=found.metadata,
        job_id=found.job_id,
        status=found.status,
        result=found.result,
        error=_error(found.error),
        correction=_correction(found.corrected) if found.corrected else None,
        **_cost(found.money),
    )


def _correction(found: Corrected) -> shapes.Correction:
    return shapes.Correction(
        result=dict(found.result), corrected_by=found.by, corrected_at=found.at
    )


def collection_page(request: Request, page: Page[Collection]) -> shapes.CollectionPage:
    """A page of collections, with the addresses of the pages beside it."""
    return shapes.CollectionPage(
        results=[shapes.CollectionSummary(**_collection(one)) for one in page.rows],
        next=next_page(request, page),
        previous=previous_page(request, page),
    )


def collection(found: CollectionDetail) -> shapes.Collection:
    """One collection with its counts, its cost in USD so far and when all should be done."""
    return shapes.Collection(
        **_collection(found.collection),
        **_cost(found.money),
        counts=shapes.Counts(**found.progress.counts),
        **_expected(found.expected),
        caching=_caching(found.caching) if found.caching else None,
        trial=shapes.CollectionTrial(**asdict(found.trial)) if found.trial else None,
    )


def operation_page(request: Request, page: Page[OperationRow]) -> OperationPage:
    """A page of operations, with the addresses of the pages beside it."""
    return OperationPage(
        results=[OperationSummary.of(row) for row in page.rows],
        next=next_page(request, page),
        previous=previous_page(request, page),
    )


def usage(
    found: Usage, group_by: Sequence[GroupBy], pause: CircuitBreaker | None, *, details: bool
) -> shapes.Usage:
    """A report: a row for each group that has a charge, and the totals."""
    return shapes.Usage(
        since=found.period.since,
        until=found.period.until,
        group_by=[*group_by],
        rows=[
            shapes.SpentRow(
                **dict(zip(group_by, group, strict=True)), **_spent(money, details=details)
            )
            for group, money in found.groups(*group_by)
        ],
        totals=shapes.Spent(**_spent(found.total, details=details)),
        estimated_answers=found.estimated,
        paused=shapes.Pause(
            reason=BlockReason(pause.reason),
            message=pause.get_reason_display(),
            since=pause.opened_at,
        )
        if pause
        else None,
    )


def _job(row: JobRow) -> dict[str, Any]:
    job = row.job
    return {
        "job_id": job.pk,
        "job_type": job.job_type,
        "status": row.status,
        "route": job.route,
        "collection_id": job.collection_id,
        "row": job.input.row_number,
        "reference": job.input.reference,
        "metadata": job.input.metadata or {},
        "source_name": job.input.source_name,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "needed_by": job.needed_by,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "answered_by": job.answered_by,
        "error": _error(row.error),
        "tags": row.tags,
        "usage": shapes.Tokens(**_tokens(row.money)) if row.money else None,
        "estimated": bool(row.money and row.money.estimated),
        **_cost(row.money),
    }


def _document(document: JobDocument) -> shapes.Document:
    return shapes.Document(
        name=document.name,
        media_type=document.media_type,
        bytes=document.size,
        pages=document.pages,
        characters=document.characters,
        read_as=document.read_as,
        warnings=document.warnings or [],
    )


def _caching(caching: Caching) -> shapes.Caching:
    return shapes.Caching.model_validate(
        {
            "state": caching.state,
            "message": caching.message,
            "until": caching.until,
            "rows": caching.rows,
            "tokens": caching.tokens,
            "without_usd": caching.without,
            "predicted_saving_usd": caching.predicted,
            "saved_usd": caching.saved,
        }
    )


def _collection(collection: Collection) -> dict[str, Any]:
    return {
        "collection_id": collection.pk,
        "name": collection.name,
        "job_type": collection.job_type,
        "total": collection.total,
        "rejected": collection.rejected,
        "created_by": collection.created_by,
        "created_at": collection.created_at,
    }


def _expected(found: Expected) -> dict[str, Any]:
    return {"eta_from": found.soonest, "eta": found.latest, "late_reason": found.late}


def _error(attempt: JobAttempt | None) -> shapes.JobError | None:
    if attempt is None:
        return None
    return shapes.JobError(type=attempt.error_type, message=attempt.message)


def _spent(money: Money, *, details: bool) -> dict[str, Any]:
    more: dict[str, Any] = {
        "answers": money.answers,
        "batch_sync_cost_usd": money.batch_full,
        "batch_share": money.batch_share,
        "cache_saved_usd": money.cache_saved,
    }
    return {
        "jobs": money.jobs, **_tokens(money), **_cost(money), **(more if details else {}),
    }  # fmt: skip


def _tokens(money: Money) -> dict[str, Any]:
    return {
        "input_tokens": money.input_tokens,
        "output_tokens": money.output_tokens,
        "cache_read_tokens": money.cache_read_tokens,
        "cache_write_tokens": money.cache_write_tokens,
    }


def _cost(money: Money | None) -> dict[str, Any]:
    money = money or NOTHING
    return {"cost_usd": money.cost, "sync_cost_usd": money.full, "saved_usd": money.saved}


def next_page(request: Request, page: Page[Any]) -> str | None:
    """The address of the page of older rows."""
    return _address(request, older_than(page.older)) if page.older else None


def previous_page(request: Request, page: Page[Any]) -> str | None:
    """The address of the page of newer rows."""
    return _address(request, newer_than(page.newer)) if page.newer else None


def _address(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
