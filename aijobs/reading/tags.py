"""The tags that jobs have."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from aijobs.models import JobTag
from citizenapp.tenants.models import Tenant


def names(tenant: Tenant) -> ArraySubquery:
    """The names of the tags of the job of an outer query, in the order of the alphabet."""
    tagged = JobTag.objects.filter(job=OuterRef("pk"), tag__tenant=tenant).order_by("tag__name")
    return ArraySubquery(tagged.values("tag__name"))
