"""What a job is called where it is listed: its reference, its file, or its first words."""

import json
from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast, Left

from aijobs.jobtypes.text import utf8
from aijobs.models import JobDocument, JobInput
from citizenapp.tenants.models import Tenant

_OPENING_CHARS = 120
# An escape in JSON takes six characters, and may have been cut anywhere.
OPENING_JSON = 6 * _OPENING_CHARS
_ESCAPE = 6


def labels(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The label of each job. One query, which fetches the beginnings of documents alone."""
    first = JobDocument.objects.filter(job=OuterRef("pk"), number=1)
    openings = JobInput.objects.filter(tenant=tenant, pk__in=list(job_ids)).values_list(
        "pk",
        "reference",
        "source_name",
        Subquery(first.values(opening=Left(Cast("text", TextField()), OPENING_JSON))),
    )
    return {
        job_id: label(job_id, reference or source_name, opening(raw))
        for job_id, reference, source_name, raw in openings
    }


def label(job_id: UUID, name: str, words: str) -> str:
    """Its reference or its file's name, else the first words of the document, else the id."""
    return name or words or str(job_id)


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
