"""Charges and collections, as the stages of the pipeline would store them."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from aijobs.models import AIJob, Collection, LedgerEntry, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW


def charge(job: AIJob, cost: str, full: str, **fields: Any) -> LedgerEntry:
    """USD, as decimal strings."""
    return LedgerEntry.objects.create(
        **{
            "tenant": job.tenant,
            "job_id": job.pk,
            "custom_id": uuid4().hex,
            "job_type": job.job_type,
            "route": job.route,
            "model": "m",
            "priced_as": "m",
            "priced_on": NOW.date(),
            "input_tokens": 10,
            "output_tokens": 5,
            "cost_usd": Decimal(cost),
            "sync_cost_usd": Decimal(full),
            "saved_usd": Decimal(full) - Decimal(cost),
            "created_at": NOW,
        }
        | fields
    )


def correct(entry: LedgerEntry, cost: str, full: str) -> LedgerEntry:
    """The price of a charge that was stored without one."""
    job = AIJob.objects.get(pk=entry.job_id)
    return charge(
        job, cost, full, corrects=entry, custom_id=entry.custom_id, input_tokens=0, output_tokens=0
    )


def make_collection(tenant: Tenant, name: str = "October", **fields: Any) -> Collection:
    return Collection.objects.create(
        **{
            "id": new_id(NOW),
            "tenant": tenant,
            "name": name,
            "job_type": "summarize",
            "total": 0,
            "created_by": "max",
            "created_at": NOW,
        }
        | fields
    )
