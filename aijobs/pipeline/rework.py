"""rework: ask anew, with changes, what a job asked. A new job that names the one it was made of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from aijobs.crash_points import Step, crash_point
from aijobs.documents import Document
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, JobDocument, Rerun
from aijobs.pipeline.accept import accept_jobs


def files_of(job: AIJob) -> tuple[Document, ...]:
    """The documents of a job as they were read; none where it was given a text."""
    stored = job.documents.order_by("number")
    return tuple(_read(one) for one in stored if one.name)


def run_again(
    source: AIJob,
    raw: Mapping[str, object],
    documents: Sequence[Document],
    *,
    now: datetime,
    created_by: str,
    needed_within: float | None,
    fresh: bool,
    refused: Callable[[InvalidInput], None],
) -> AIJob | None:
    """Queue a job of the same type; None, and `refused` is told why, where its input is bad.

    It keeps what its sender called the other one. Raises OverLimit.
    """
    given = source.input
    own: dict[str, object] = {"reference": given.reference}
    if given.metadata:
        own["metadata"] = given.metadata
    with transaction.atomic():
        queued = accept_jobs(
            source.tenant,
            source.job_type,
            [({**own, **raw}, documents)],
            now=now,
            created_by=created_by,
            refused=lambda _, errors: refused(errors),
            needed_within=needed_within,
            lenient=True,
            fresh=fresh,
        )
        for job in queued:
            Rerun.objects.create(job=job, tenant=source.tenant, source_id=source.pk)
    crash_point(Step.REWORK_COMMITTED)
    return queued[0] if queued else None


def _read(one: JobDocument) -> Document:
    return Document(
        one.name,
        one.media_type,
        one.size,
        bytes(one.sha256),
        one.text,
        None if one.original is None else bytes(one.original),
        one.pages,
        is_sent_as_file=one.read_as == JobDocument.ReadAs.ORIGINAL,
        warnings=tuple(one.warnings or ()),
    )
