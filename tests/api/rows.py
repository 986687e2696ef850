"""Rows as the stages of the pipeline would store them."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job


def charge(job: AIJob, cost: str = "0.001", **fields: Any) -> LedgerEntry:
    return LedgerEntry.objects.create(
        **{
            "tenant": job.tenant,
            "job_id": job.pk,
            "custom_id": str(uuid4()),
            "job_type": job.job_type,
            "route": job.route,
            "model": "claude-haiku-5-5",
            "priced_as": "claude-haiku-5-5",
            "priced_on": NOW.date(),
            "input_tokens": 100,
            "output_tokens": 10,
            "cost_usd": Decimal(cost),
            "sync_cost_usd": Decimal(cost) * 2,
            "saved_usd": Decimal(cost),
            "created_at": NOW,
        }
        | fields
    )


def make_batch(tenant: Tenant, **fields: Any) -> Batch:
    return Batch.objects.create(
        nonce=uuid4().hex[:16],
        tenant_ids=[tenant.pk],
        requests=1,
        request_bytes=1,
        assembled_at=NOW,
        **fields,
    )


def make_failed(tenant: Tenant, message: str = "It was refused.") -> AIJob:
    job = make_job(tenant, status="failed", finished_at=NOW, attempts=1)
    fail(job, 1, message)
    return job


def fail(job: AIJob, number: int, message: str = "It was refused.") -> JobAttempt:
    return JobAttempt.objects.create(
        job=job, number=number, route="batch", error_type="refusal", message=message, ended_at=NOW
    )
