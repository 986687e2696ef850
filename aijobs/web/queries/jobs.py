"""Jobs as they are listed: one page at a time, by key."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast, Left

from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, Collection
from aijobs.models.jobs import AIJobQuerySet
from aijobs.web.queries.money import Money, spent_on
from citizenapp.tenants.models import Tenant

PAGE_SIZE = 25
_OPENING_CHARS = 120
# An escape in JSON takes six characters, and may have been cut anywhere.
_OPENING_JSON = 6 * _OPENING_CHARS
_ESCAPE = 6


@dataclass(frozen=True, slots=True)
class JobRow:
    job: AIJob
    label: str
    status: str
    money: Money | None


@dataclass(frozen=True, slots=True)
class JobsPage:
    """`older` and `newer` are ids to page on from; None where nothing follows."""

    rows: list[JobRow]
    older: UUID | None
    newer: UUID | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; `status` is a shown status. Empty fields let everything through."""

    status: str = ""
    job_type: str = ""
    collection: Collection | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.status or self.job_type or self.collection)


def page(
    tenant: Tenant,
    only: JobFilter,
    *,
    before: UUID | None = None,
    after: UUID | None = None,
    size: int = PAGE_SIZE,
) -> JobsPage:
    """Jobs from the newest to the oldest: those older than `before`, or newer than `after`."""
    jobs = (
        _filtered(tenant, only)
        .with_shown_status()
        .select_related("collection", "input")
        .defer("input__document", "input__options")
        .annotate(opening=Left(Cast("input__document", TextField()), _OPENING_JSON))
    )
    if after is not None:
        found = list(jobs.filter(pk__gt=after).order_by("pk")[: size + 1])
        shown = found[:size][::-1]
        has_older, has_newer = bool(shown), len(found) > size
    else:
        if before is not None:
            jobs = jobs.filter(pk__lt=before)
        found = list(jobs.order_by("-pk")[: size + 1])
        shown = found[:size]
        has_older, has_newer = len(found) > size, before is not None and bool(shown)
    return JobsPage(
        rows=_rows(tenant, shown),
        older=shown[-1].pk if has_older else None,
        newer=shown[0].pk if has_newer else None,
    )


def label(job: AIJob, opening_json: str) -> str:
    """What a job is called in lists: its file, or the first words of its document."""
    return job.input.source_name or opening(opening_json) or str(job.pk)


def opening(raw: str) -> str:
    """The first words of a document, from the first characters of its JSON; never a surrogate."""
    whole = [raw, *(raw[: len(raw) - cut] + '"' for cut in range(_ESCAPE))]
    for candidate in whole:
        try:
            text = json.loads(candidate)
        except ValueError:
            continue
        return shortened(text)
    return ""


def shortened(document: str) -> str:
    """The first words of a document on one line, without lone surrogates."""
    words = " ".join(utf8(document[: 2 * _OPENING_CHARS]).split())
    return words if len(words) <= _OPENING_CHARS else words[: _OPENING_CHARS - 1] + "…"


def _filtered(tenant: Tenant, only: JobFilter) -> AIJobQuerySet:
    jobs = AIJob.objects.listed(tenant, status=only.status, job_type=only.job_type)
    return jobs.filter(collection=only.collection) if only.collection else jobs


def _rows(tenant: Tenant, jobs: Sequence[AIJob]) -> list[JobRow]:
    money = spent_on(tenant, [job.pk for job in jobs])
    return [
        JobRow(job, label(job, job.opening), job.shown_status, money.get(job.pk))  # type: ignore[attr-defined]
        for job in jobs
    ]
