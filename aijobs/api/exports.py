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
from aijobs.api import shapes, translate
from aijobs.jobtypes.text import utf8
from aijobs.models import Collection, dump_json
from aijobs.reading import jobs
from citizenapp.tenants.models import Tenant

NDJSON = "application/x-ndjson"
CSV = "text/csv"

# What a spreadsheet takes for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def download(
    request: HttpRequest, tenant: Tenant, collection: Collection, form: Literal["ndjson", "csv"]
) -> StreamingHttpResponse:
    """All jobs of a tenant's collection in the order of its rows, in flat memory.

    A line of JSON for each job, or a table with a head. Errors while it is sent end it early.
    """
    lines = _csv(tenant, collection) if form == "csv" else _ndjson(tenant, collection)
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


def _ndjson(tenant: Tenant, collection: Collection) -> Iterator[bytes]:
    for found in jobs.results(tenant, collection):
        rows = (translate.result_row(one).model_dump(mode="json") for one in found)
        yield "".join(f"{dump_json(row)}\n" for row in rows).encode()


def _csv(tenant: Tenant, collection: Collection) -> Iterator[bytes]:
    columns = list(jobtypes.get(collection.job_type).Output.model_fields)
    costs = list(shapes.Cost.model_fields)
    yield _lines([["number", "job_id", "status", *columns, "error_type", "error_message", *costs]])
    for found in jobs.results(tenant, collection):
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
            for row in map(translate.result_row, found)
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
