"""The tags that a job has."""

from uuid import UUID

from aijobs.models import JobTag
from citizenapp.tenants.models import Tenant


def tags_of(tenant: Tenant, job_id: UUID) -> list[str]:
    """The names of a job's tags, in the order of the alphabet. One query."""
    tagged = JobTag.objects.filter(job=job_id, tag__tenant=tenant).order_by("tag__name")
    return list(tagged.values_list("tag__name", flat=True))
