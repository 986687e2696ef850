"""Downloads: the results of a collection, in flat memory, and what was spent."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Literal

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from aijobs.api import result_tables, translate, workbooks
from aijobs.models import Collection, dump_json
from aijobs.reading import jobs
from aijobs.reading.tables import (
    BYTE_ORDER_MARK,
    Table,
    csv_lines,
    spending_header,
    spending_texts,
    table_texts,
)
from aijobs.reading.usage import Period, Usage
from citizenapp.downloads import streamed
from citizenapp.tenants.models import Tenant

Form = Literal["ndjson", "csv", "xlsx"]
TableForm = Literal["csv", "xlsx"]
ROWS_OF_PIECE = 500
NDJSON = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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
    return streamed(request, chunks, media_type, f"{name}.{form}")


def spending(
    request: HttpRequest,
    found: Usage,
    names: Sequence[str],
    form: TableForm,
    more: Sequence[Table] = (),
    *,
    bom: bool = False,
) -> StreamingHttpResponse:
    """What was spent as a table with a head: a row for each group of these names.

    It is read already, so that nothing ends it early. A workbook has `more` on sheets of their own.
    """
    chunks: Iterator[bytes]
    if form == "xlsx":
        chunks, media_type = workbooks.spending_chunks(found, names, more), XLSX
    else:
        mark = (BYTE_ORDER_MARK if bom else "").encode()
        rows = (spending_texts(group, money) for group, money in found.groups(*names))
        chunks = iter([mark + csv_lines([spending_header(names)]), csv_lines(rows)])
        media_type = f"{CSV}; charset=utf-8"
    return streamed(request, chunks, media_type, f"usage-{found.period.name}.{form}")


def as_csv(
    request: HttpRequest, table: Table, period: Period, *, bom: bool = False
) -> StreamingHttpResponse:
    """A table as CSV, named by the time that it is about."""
    mark = (BYTE_ORDER_MARK if bom else "").encode()
    rows = map(table_texts, table.rows)
    pieces = iter(lambda: csv_lines(islice(rows, ROWS_OF_PIECE)), b"")
    chunks = chain([mark + csv_lines([table.header])], pieces)
    name = f"{table.name}-{period.name}.csv"
    return streamed(request, chunks, f"{CSV}; charset=utf-8", name)


def _ndjson(tenant: Tenant, collection: Collection) -> Iterator[bytes]:
    for found in jobs.results(tenant, collection):
        rows = (translate.result_row(one).model_dump(mode="json") for one in found)
        yield "".join(f"{dump_json(row)}\n" for row in rows).encode()


def _csv(tenant: Tenant, collection: Collection, *, bom: bool) -> Iterator[bytes]:
    table = result_tables.of(collection)
    yield (BYTE_ORDER_MARK if bom else "").encode() + csv_lines([table.header])
    for found in jobs.results(tenant, collection):
        yield csv_lines(table.cells(translate.result_row(one)) for one in found)
