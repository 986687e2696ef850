"""What people made of a job's result, beside it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Subquery, TextField
from django.db.models.functions import Cast, JSONObject

from aijobs.models import AIJob, Collection, Comment, Correction, ReadMark, Rerun, Seeding
from citizenapp.tenants.models import Tenant, User
from citizenapp.tenants.senders import called

# Of what was made of a job, so many are named.
MOST_RERUNS = 10


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a person put in the place of a result, when, and as the how manieth correction."""

    number: int
    result: Mapping[str, Any]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A comment."""

    key: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """`corrections`: how many there were, whether or not one counts.

    `source` is the job that this one was made of, `reruns` are those that were made of it, the
    latest first. `is_seed`: it went first in its collection, and filled the cache for the others.
    """

    corrected: Corrected | None = None
    corrections: int = 0
    comments: Sequence[Said] = ()
    is_read: bool = False
    source: UUID | None = None
    reruns: Sequence[UUID] = ()
    is_seed: bool = False


def expressions(tenant: Tenant, person: User) -> dict[str, Any]:
    """What to ask of a job, in whatever query, for `review_of`."""
    last = Correction.objects.filter(tenant=tenant, job=OuterRef("pk")).order_by("-number")
    told = JSONObject(
        number="number",
        result=Cast("result", TextField()),
        by=called(tenant, "created_by"),
        at="created_at",
    )
    comments = Comment.objects.filter(tenant=tenant, job=OuterRef("pk")).order_by("pk")
    said = JSONObject(key="pk", text="text", by=called(tenant, "created_by"), at="created_at")
    marks = ReadMark.objects.filter(tenant=tenant, person=person, job=OuterRef("pk"))
    source = Rerun.objects.filter(tenant=tenant, job=OuterRef("pk"))
    # What is erased is named no more.
    made = Rerun.objects.filter(
        tenant=tenant, source_id=OuterRef("pk"), job__erasing_since=None
    ).order_by("-job")
    seeds = Seeding.objects.filter(job_id=OuterRef("pk"), collection__tenant=tenant)
    return {
        "last_correction": Subquery(last.values(told=told)[:1]),
        "all_comments": ArraySubquery(comments.values(said=said)[: Comment.MOST_OF_JOB]),
        "is_read": Exists(marks),
        "made_of": Subquery(source.values("source_id")[:1]),
        "made": ArraySubquery(made.values("job")[:MOST_RERUNS]),
        "is_seed": Exists(seeds),
    }


def review_of(found: Mapping[str, Any]) -> Review:
    """What a query has found for these expressions."""
    correction = found["last_correction"]
    return Review(
        _corrected(correction) if correction and correction["result"] else None,
        correction["number"] if correction else 0,
        [
            Said(one["key"], one["text"], one["by"], _moment(one["at"]))
            for one in found["all_comments"]
        ],
        found["is_read"],
        found["made_of"],
        found["made"],
        found["is_seed"],
    )


def of_job(tenant: Tenant, person: User, job_id: UUID) -> Review:
    """All of it in one query; nothing for a job of somebody else."""
    asked = AIJob.objects.of(tenant).filter(pk=job_id).values(**expressions(tenant, person))
    found = asked.first()
    return review_of(found) if found else Review()


def corrections(tenant: Tenant, job_ids: Iterable[UUID]) -> dict[UUID, Corrected]:
    """What counts in the place of each job's result, where anything does. One query."""
    return {
        key: Corrected(one.number, one.result, one.created_by, one.created_at)
        for key, one in Correction.objects.of_jobs(tenant, job_ids).items()
        if one.result
    }


def has_corrections(tenant: Tenant, collection: Collection) -> bool:
    """Whether somebody has ever corrected a result of a collection."""
    return Correction.objects.filter(tenant=tenant, job__collection=collection).exists()


def _corrected(told: Mapping[str, Any]) -> Corrected:
    return Corrected(told["number"], json.loads(told["result"]), told["by"], _moment(told["at"]))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
