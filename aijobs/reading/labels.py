"""What a job is called where it is listed: its reference, its file, or its first words."""

import json
from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast, Left

from aijobs.jobtypes.text import cut, utf8
from aijobs.models import Collection, JobDocument, JobInput
from citizenapp.tenants.models import Tenant

_OPENING_CHARS = 120
# An escape in JSON takes six characters, and may have been cut anywhere.
OPENING_JSON = 6 * _OPENING_CHARS
_ESCAPE = 6


def labels(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The label of each job. One query, which fetches the beginnings of documents alone."""
    openings = JobInput.objects.filter(tenant=tenant, pk__in=list(job_ids)).values_list(
        "pk", "reference", "source_name", first_words("pk")
    )
    return {
        job_id: label(job_id, reference or source_name, opening(raw))
        for job_id, reference, source_name, raw in openings
    }


def of_collections(tenant: Tenant, keys: Iterable[str]) -> dict[str, str]:
    """The names of collections by their keys; those that are gone are left out. One query."""
    known = Collection.objects.filter(tenant=tenant, erasing_since=None)
    named = known.filter(pk__in=[key for key in keys if key]).values_list("pk", "name")
    return {str(key): name for key, name in named}


def first_words(job: str) -> Subquery:
    """The beginning of the JSON of the first document of a job, for `opening`."""
    first = JobDocument.objects.filter(job=OuterRef(job), number=1)
    return Subquery(first.values(opening=beginning("text")))


def names_of(tenant: Tenant, job_id: UUID) -> tuple[str, list[str]]:
    """A job's label, and what the files of its documents are called. Two queries."""
    documents = JobDocument.objects.filter(job=job_id, job__tenant=tenant).order_by("number")
    names = list(documents.values_list("name", flat=True))
    return labels(tenant, [job_id]).get(job_id, str(job_id)), names


def label(job_id: UUID, name: str, words: str) -> str:
    """Its reference or its file's name, else the first words of the document, else the id."""
    return name or words or str(job_id)


def beginning(name: str) -> Left:
    """As much of a document's JSON as its first words can take."""
    return Left(Cast(name, TextField()), OPENING_JSON)


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
    return cut(words, _OPENING_CHARS)
