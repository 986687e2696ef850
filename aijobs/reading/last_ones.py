"""The jobs that a collection waits for longest: those that are in no batch yet."""

from collections.abc import Iterable

from django.db.models import Q, Subquery

from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import Tenant

# What a forecast of a job reads of other rows: select them with the jobs.
READS = ("batch", "collection__trial", "collection__seeding")


def last_ones(
    tenant: Tenant, collection: Collection, statuses: Iterable[str]
) -> tuple[list[AIJob], list[AIJob]]:
    """Of those with each status the last one of each route, and the last one that shares a result.

    Then the jobs, maybe of others, whose results are shared. One query.
    """
    jobs = AIJob.objects.of(tenant).filter(collection=collection)
    wanted = Q()
    for status in statuses:
        some = jobs.filter(indexed_status=status)
        sent = some.filter(answered_by=None)
        for route in AIJob.Route.values:
            last = sent.filter(route=route).order_by("-not_before", "-pk")
            wanted |= Q(pk=Subquery(last.values("pk")[:1]))
        sharing = some.exclude(answered_by=None).order_by("-answered_by")
        wanted |= Q(pk=Subquery(sharing.values("pk")[:1]))
        wanted |= Q(pk=Subquery(sharing.values("answered_by")[:1]))
    found = list(AIJob.objects.filter(wanted, tenant=tenant).select_related(*READS))
    own = [one for one in found if one.collection_id == collection.pk and _waits(one)]
    return own, found


def _waits(job: AIJob) -> bool:
    return job.batch_id is None and job.status not in AIJob.FINAL
