"""Downloads: the results of a collection as NDJSON or CSV, a chunk at a time."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from aijobs import jobtypes
from aijobs.api import reading, shapes
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, Collection, dump_json

NDJSON = "application/x-ndjson"
CSV = "text/csv"

CHUNK = 500
# What a spreadsheet takes for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def download(
    request: HttpRequest, collection: Collection, form: Literal["ndjson", "csv"]
) -> StreamingHttpResponse:
    """All jobs of the collection in the order of its rows, in flat memory.

    Each chunk is a query of its own that goes on after the last id: no transaction stays open
    however slowly the client reads.
    """
    lines = _csv(collection) if form == "csv" else _ndjson(collection)
    name = slugify(collection.name) or "results"
    return StreamingHttpResponse(
        # Under ASGI Django would gather what a plain iterator yields before sending any of it.
        _from_threads(lines) if isinstance(request, ASGIRequest) else lines,
        content_type=f"{CSV}; charset=utf-8" if form == "csv" else NDJSON,
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


async def _from_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(chunks, None))
    while (chunk := await following()) is not None:
        yield chunk


def _ndjson(collection: Collection) -> Iterator[bytes]:
    for rows in _chunks(collection):
        yield "".join(f"{dump_json(row.model_dump(mode='json'))}\n" for row in rows).encode()


def _csv(collection: Collection) -> Iterator[bytes]:
    columns = list(jobtypes.get(collection.job_type).Output.model_fields)
    costs = list(shapes.Cost.model_fields)
    yield _lines([["number", "job_id", "status", *columns, "error_type", "error_message", *costs]])
    for rows in _chunks(collection):
        yield _lines(
            [
                row.number,
                row.job_id,
                row.status,
                *(_cell((row.result or {}).get(column)) for column in columns),
                _cell(row.error and row.error.type),
                _cell(row.error and row.error.message),
                *(f"{getattr(row, cost):.10f}" for cost in costs),
            ]
            for row in rows
        )


def _lines(rows: "list[list[str]] | Iterator[list[object]]") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = utf8(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _chunks(collection: Collection) -> Iterator[list[shapes.ResultRow]]:
    jobs = (
        AIJob.objects.of(collection.tenant)
        .filter(collection=collection)
        .with_shown_status()
        .select_related("output")
        .order_by("pk")
    )
    number = 0
    chunk = list(jobs[:CHUNK])
    while chunk:
        charges = reading.charges_of([job.pk for job in chunk])
        errors = reading.errors_of(chunk)
        rows = []
        for job in chunk:
            number += 1
            output = getattr(job, "output", None)
            charge = charges.get(job.pk)
            rows.append(
                shapes.ResultRow(
                    number=number,
                    job_id=job.pk,
                    status=reading.shown_status(job),
                    result=output and output.result,
                    error=errors.get(job.pk),
                    **reading.costs_in(charge),
                )
            )
        yield rows
        chunk = list(jobs.filter(pk__gt=chunk[-1].pk)[:CHUNK])
