"""Jobs as a table to take away: those of a list, with what was answered and what it cost."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from tempfile import NamedTemporaryFile
from typing import Any, cast
from uuid import UUID

import xlsxwriter
from django.db.models import OuterRef, Subquery

from aijobs import jobtypes
from aijobs.jobtypes import JobType
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, Correction, JobAttempt, JobDocument, JobOutput, JobTag, dump_json
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading.money import NOTHING, spent_on_jobs
from aijobs.reading.reviews import Corrected, corrections
from aijobs.reading.status import shown_status
from aijobs.reading.tables import BYTE_ORDER_MARK, csv_lines, table_cells, table_texts
from citizenapp.tenants.models import Tenant

CHUNK = 500
PIECE = 1 << 18
# https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
MOST_ROWS, MOST_CHARS = 1_048_576, 32_767
CUT = " … [cut: a cell holds no more; all of it is in CSV and NDJSON]"
# Rows go to a file one by one. A text is a text, whatever it begins with, and never a link.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
FIRST = (
    *("job_id", "status", "job_type", "reference", "file", "collection", "tags"),
    *("queued_by", "queued_at", "finished_at"),
)
LAST = ("error_type", "cost_usd", "sync_cost_usd", "saved_usd")


def csv_chunks(tenant: Tenant, jobs: AIJobQuerySet) -> Iterator[bytes]:
    """A table with a head; by its first bytes Excel knows it as UTF-8."""
    own = _corrections(tenant)
    yield BYTE_ORDER_MARK.encode() + csv_lines([header(own)])
    for rows in _rows(tenant, jobs):
        yield csv_lines(table_texts(_cells(row, own)) for row in rows)


def ndjson_chunks(tenant: Tenant, jobs: AIJobQuerySet) -> Iterator[bytes]:
    """A line of JSON for each job, with its whole result, and what a person put in its place."""
    for rows in _rows(tenant, jobs):
        lines = (
            dump_json({name: _plain(value) for name, value in row.items() if name != "kind"})
            for row in rows
        )
        yield "".join(f"{line}\n" for line in lines).encode()


def workbook_chunks(tenant: Tenant, jobs: AIJobQuerySet) -> Iterator[bytes]:
    """A workbook, written to a file first: it ends with its index."""
    own = _corrections(tenant)
    head = header(own)
    with NamedTemporaryFile(suffix=".xlsx") as file:
        with xlsxwriter.Workbook(file.name, OPTIONS) as workbook:
            sheet, number = None, MOST_ROWS
            for rows in _rows(tenant, jobs):
                for row in rows:
                    if number == MOST_ROWS or sheet is None:
                        sheet, number = workbook.add_worksheet(), 1
                        sheet.write_row(0, 0, head)
                    for column, cell in enumerate(table_cells(_cells(row, own))):
                        sheet.write(number, column, _fitting(cell))
                    number += 1
            if sheet is None:
                workbook.add_worksheet().write_row(0, 0, head)
        while piece := file.read(PIECE):
            yield piece


def header(corrections: Sequence[str] = ()) -> list[str]:
    """The columns: those of every kind of answer, since a list may have all of them."""
    return [*FIRST, *_answers(), *corrections, *LAST]


def _corrections(tenant: Tenant) -> list[str]:
    """The columns of corrections: one for each of the answers, and who corrected it when."""
    if not Correction.objects.filter(tenant=tenant).exists():
        return []
    return [*(f"corrected_{name}" for name in _answers()), "corrected_by", "corrected_at"]


def _answers() -> list[str]:
    return list(dict.fromkeys(name for kind in jobtypes.all_types() for name in kind.columns))


def _cells(row: dict[str, Any], corrections: Sequence[str]) -> list[Any]:
    first = [_plain(row[name]) for name in FIRST]
    corrected = row["correction"] or dict.fromkeys(("result", "corrected_by", "corrected_at"))
    others = [*_texts(row["kind"], corrected["result"]), *list(corrected.values())[1:]]
    return [
        *(", ".join(one) if isinstance(one, list) else one for one in first),
        *_texts(row["kind"], row["result"]),
        *(others if corrections else ()),
        *(row[name] for name in LAST),
    ]


def _texts(kind: JobType, result: Mapping[str, Any] | None) -> list[str | None]:
    """A result in the columns of all answers; a list in it is JSON."""
    found = kind.cells(result) if result else {}
    answers = [found.get(name) for name in _answers()]
    return [one if one is None or isinstance(one, str) else dump_json(one) for one in answers]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if value is None or isinstance(value, str | int | list | dict):
        return value
    return str(value)


def _fitting(cell: str | int | float) -> str | int | float:
    if isinstance(cell, str) and len(cell) > MOST_CHARS:
        return cell[: MOST_CHARS - len(CUT)] + CUT
    return cell


def _rows(tenant: Tenant, jobs: AIJobQuerySet) -> Iterator[list[dict[str, Any]]]:
    """Some at a time, newest first, each time by queries of their own that go on after the last id.

    So no transaction waits for who reads, and memory stays flat at any size.
    """
    keys = jobs.order_by("-pk").values_list("pk", flat=True)
    some = list(keys[:CHUNK])
    while some:
        yield _chunk(tenant, some)
        some = list(keys.filter(pk__lt=some[-1])[:CHUNK])


def _chunk(tenant: Tenant, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    first = JobDocument.objects.filter(job=OuterRef("pk"), number=1)
    last = JobAttempt.objects.filter(job=OuterRef("pk")).order_by("-number")
    jobs = (
        AIJob.objects.of(tenant)
        .filter(pk__in=ids)
        .with_shown_status()
        .select_related("input", "output", "collection")
        .annotate(
            file=Subquery(first.values("name")), reason=Subquery(last.values("error_type")[:1])
        )
        .order_by("-pk")
    )
    money, tags = spent_on_jobs(tenant, ids), _tags(tenant, ids)
    corrected = corrections(tenant, ids)
    return [
        _row(job, money.get(job.pk, NOTHING), tags.get(job.pk, []), corrected.get(job.pk))
        for job in jobs
    ]


def _row(job: AIJob, money: Any, tags: list[str], corrected: Corrected | None) -> dict[str, Any]:
    output: JobOutput | None = getattr(job, "output", None)
    is_done = job.status == AIJob.Status.COMPLETED
    found = cast(Any, job)
    return {
        "kind": job.kind,
        "job_id": str(job.pk),
        "status": shown_status(job),
        "job_type": job.job_type,
        "reference": job.input.reference,
        "file": utf8(job.input.source_name or found.file or ""),
        "collection": job.collection.name if job.collection else "",
        "tags": tags,
        "queued_by": job.input.created_by,
        "queued_at": job.created_at,
        "finished_at": job.finished_at,
        "result": output.result if output and is_done else None,
        "correction": _told(corrected) if corrected and is_done else None,
        "error_type": found.reason if job.status == AIJob.Status.FAILED else None,
        "cost_usd": money.cost,
        "sync_cost_usd": money.full,
        "saved_usd": money.saved,
    }


def _told(corrected: Corrected) -> dict[str, Any]:
    """As in the downloads of a collection."""
    return {
        "result": dict(corrected.result),
        "corrected_by": corrected.by,
        "corrected_at": corrected.at.isoformat(timespec="seconds"),
    }


def _tags(tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    uses = JobTag.objects.filter(tag__tenant=tenant, job__in=ids).order_by("tag__name")
    for job_id, name in uses.values_list("job_id", "tag__name"):
        found.setdefault(job_id, []).append(name)
    return found
