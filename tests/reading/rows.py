"""Charges and collections, as the stages of the pipeline would store them."""

from typing import Any

from aijobs.models import AIJob, Collection, LedgerEntry, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge


def correct(entry: LedgerEntry, cost: str, full: str) -> LedgerEntry:
    """The price of a charge that was stored without one."""
    job = AIJob.objects.get(pk=entry.job_id)
    return make_charge(
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
