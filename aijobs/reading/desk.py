"""One result of a list as the reading desk shows it: in three queries, whatever the list."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q

from aijobs.models import AIJob, JobDocument, JobOutput, unread_by
from aijobs.reading import neighbours, reviews
from aijobs.reading.labels import beginning, label, opening
from aijobs.reading.neighbours import Listed, Neighbours
from aijobs.reading.reviews import Review
from citizenapp.tenants.models import Tenant, User

DONE = Q(status=AIJob.Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class OnDesk:
    """`unread`: how many results of the list the person has not read, as far as is counted."""

    job: AIJob
    label: str
    output: JobOutput
    review: Review
    beside: Neighbours
    unread: int

    @property
    def result(self) -> Mapping[str, Any]:
        """What counts: the correction, where there is one."""
        corrected = self.review.corrected
        result: Mapping[str, Any] = corrected.result if corrected else self.output.result
        return result


def first(listed: Listed, before: UUID | None = None) -> UUID | None:
    """The first result of a list, or of its page that begins behind this job."""
    return neighbours.first(listed, before)


def results(listed: Listed, person: User, *, unread: bool) -> Listed:
    """Of a list what is done, or what of that the person has not read."""
    where = DONE & unread_by(person) if unread else DONE
    return replace(listed, where=listed.where & where)


def on_desk(
    tenant: Tenant, person: User, job_id: UUID, read_through: Listed, whole: Listed
) -> OnDesk:
    """A result with what stands beside it in `read_through`; `whole`: the list, read or not.

    Raises AIJob.DoesNotExist where there is no such job, or no result of it.
    """
    documents = (
        JobDocument.objects.defer("text", "original")
        .annotate(opening=beginning("text"))
        .order_by("number")
    )
    job = (
        AIJob.objects.of(tenant)
        .filter(DONE, output__isnull=False)
        .select_related("input", "output", "collection")
        .prefetch_related(Prefetch("documents", documents))
        .annotate(
            **reviews.expressions(tenant, person),
            **neighbours.expressions(read_through, job_id),
            unread_results=neighbours.unread(whole, person),
        )
        .get(pk=job_id)
    )
    found = vars(job)
    words = opening(vars(job.documents.all()[0])["opening"])
    return OnDesk(
        job,
        label(job.pk, job.input.reference or job.input.source_name, words),
        job.output,
        reviews.review_of(found),
        neighbours.beside(found),
        found["unread_results"],
    )
