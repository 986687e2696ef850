"""A page of jobs that are erased together, in the transaction of whoever asks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from aijobs.models import AIJob, Operation, ids_from
from aijobs.pipeline import _erasing
from citizenapp.tenants.models import Tenant

# What is on its way is looked for so often (`erase`).
AGAIN = timedelta(seconds=10)


@transaction.atomic
def erase_page(tenant: Tenant, ids: Sequence[UUID], by: str, now: datetime) -> int:
    """Show them no more, delete those that are over, and have the others looked for; how many."""
    locked = AIJob.objects.of(tenant).filter(pk__in=ids).order_by("pk")
    mine = list(locked.select_for_update(no_key=True).values_list("pk", flat=True))
    jobs = AIJob.objects.filter(pk__in=mine)
    jobs.mark_erasing(now)
    _erasing.forget("job.id = ANY(%s::uuid[])", [mine])
    for one in mine:
        _erasing.empty_requests(tenant, one)
    _erasing.delete_over(jobs, len(mine))
    Operation.objects.bulk_create(
        Operation(
            id=key,
            tenant=tenant,
            kind=Operation.Kind.ERASE,
            job_id=job,
            total=1,
            created_by=by,
            created_at=now,
            look_at=now + AGAIN,
        )
        for key, job in zip(ids_from(now), jobs.values_list("pk", flat=True), strict=False)
    )
    return len(mine)
