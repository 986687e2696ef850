"""Downloads: the results of a collection as NDJSON, CSV or a workbook, in flat memory."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from aijobs.api import result_tables, translate, workbooks
from aijobs.models import Collection, dump_json
from aijobs.reading import jobs
from citizenapp.tenants.models import Tenant

Form = Literal["ndjson", "csv", "xlsx"]
NDJSON = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What a spreadsheet takes for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# By this mark Excel knows a CSV as UTF-8. Programs may take it for a part of the first header.
BYTE_ORDER_MARK = "\ufeff"


def download(
    request: HttpRequest, tenant: Tenant, collection: Collection, form: Form, *, bom: bool = False
) -> StreamingHttpResponse:
    """All jobs of a tenant's collection in the order of its rows.

    A line of JSON for each job, or a table with a head; `bom` begins a CSV with a byte order mark.
    Errors while it is sent end it early.
    """
    chunks: Iterator[bytes]
    match form:
        case "csv":
            chunks, media_type = _csv(tenant, collection, bom=bom), f"{CSV}; charset=utf-8"
        case "xlsx":
            chunks, media_type = workbooks.chunks(tenant, collection), XLSX
        case "ndjson":
            chunks, media_type = _ndjson(tenant, collection), NDJSON
    name = slugify(collection.name) or "results"
    return StreamingHttpResponse(
        # Under ASGI Django would gather what a plain iterator yields before sending any of it.
        _from_threads(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type=media_type,
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


def _csv(tenant: Tenant, collection: Collection, *, bom: bool) -> Iterator[bytes]:
    table = result_tables.of(collection)
    yield (BYTE_ORDER_MARK if bom else "").encode() + _lines([table.header])
    for found in jobs.results(tenant, collection):
        yield _lines(table.cells(translate.result_row(one)) for one in found)


def _lines(rows: "list[list[str]] | Iterator[list[str]]") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
