"""What the jobs of a collection were given, read again: its documents need not be sent twice.

They are written to a file first. Whoever queues them anew stores them as they are read, and asks
the database for nothing meanwhile; and documents may be larger than memory.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

from django.db.models import Prefetch, TextField
from django.db.models.functions import Cast

from aijobs.documents import Document
from aijobs.jobtypes import TEXT_FIELD
from aijobs.models import AIJob, Collection, JobDocument, JobInput
from aijobs.reading import rows
from aijobs.reading.rows import EVERY_ROW
from citizenapp.tenants.models import Tenant

# Documents may be long.
ROWS_AT_ONCE = 50

Row = tuple[int, object, *tuple[Document, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a collection, on disk.

    `shared_text` is the one document of all rows, where none has its own.
    """

    file: IO[bytes]
    shared_text: str | None

    @property
    def defaults(self) -> dict[str, object]:
        """What holds for all rows."""
        return {} if self.shared_text is None else {TEXT_FIELD: self.shared_text}

    def rows(self, options: Mapping[str, object], *, keeps_own: bool) -> Iterator[Row]:
        """Each row with these options. `keeps_own`: what they leave out stays the row's own."""
        self.file.seek(0)
        while line := self.file.readline():
            told = json.loads(line)
            item = (told["options"] if keeps_own else {}) | dict(options)
            item |= {"reference": told["reference"], "metadata": told["metadata"]}
            yield told["row"], item, *[self._document(one) for one in told["documents"]]

    def _document(self, told: dict[str, Any]) -> Document:
        length = told.pop("length")
        told["data"] = None if length is None else self.file.read(length)
        told["sha256"], told["warnings"] = bytes.fromhex(told["sha256"]), tuple(told["warnings"])
        return Document(**told)


def common_options(tenant: Tenant, collection: Collection) -> dict[str, Any] | None:
    """The options that all its rows have; None where they have others. One query."""
    inputs = JobInput.objects.filter(
        tenant=tenant, job__collection=collection, job__erasing_since=None
    )
    raw = inputs.annotate(raw=Cast("options", TextField())).order_by()
    found = list(raw.values_list("raw", flat=True).distinct()[:2])
    if len(found) != 1:
        return None
    options: dict[str, Any] = json.loads(found[0])
    return options


@contextmanager
def of(tenant: Tenant, collection: Collection) -> Iterator[Source]:
    """Its rows, in their order, as long as the block lasts."""
    with TemporaryFile() as file:
        yield Source(file, _write(tenant, collection, file))


def _write(tenant: Tenant, collection: Collection, file: IO[bytes]) -> str | None:
    documents = Prefetch("documents", JobDocument.objects.order_by("number"))
    jobs = rows.filtered(tenant, collection, EVERY_ROW).order_by("collection_id", "pk")
    jobs = jobs.select_related("input")
    shared_text, number = None, 0
    chunk = list(jobs.prefetch_related(documents)[:ROWS_AT_ONCE])
    while chunk:
        for job in chunk:
            number += 1
            own: Sequence[JobDocument] = list(job.documents.all())
            if job.input.shares_document and own:
                shared_text, own = own[0].text, ()
            _write_row(file, job, number, own)
        chunk = list(jobs.filter(pk__gt=chunk[-1].pk).prefetch_related(documents)[:ROWS_AT_ONCE])
    return shared_text


def _write_row(file: IO[bytes], job: AIJob, number: int, documents: Sequence[JobDocument]) -> None:
    told = {
        "row": job.input.row_number or number,
        "options": job.input.options,
        "reference": job.input.reference,
        "metadata": job.input.metadata or {},
        "documents": [_told(one) for one in documents],
    }
    file.write(json.dumps(told).encode() + b"\n")
    for one in documents:
        file.write(one.original or b"")


def _told(one: JobDocument) -> dict[str, Any]:
    return {
        "name": one.name,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": bytes(one.sha256).hex(),
        "text": one.text,
        "pages": one.pages,
        "is_sent_as_file": one.read_as == JobDocument.ReadAs.ORIGINAL,
        "warnings": one.warnings or [],
        "length": None if one.original is None else len(one.original),
    }
