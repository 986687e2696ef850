"""Rows as the stages of the pipeline would store them."""

from aijobs.models import AIJob, JobAttempt
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job


def make_failed(tenant: Tenant, message: str = "It was refused.") -> AIJob:
    job = make_job(tenant, status="failed", finished_at=NOW, attempts=1)
    fail(job, 1, message)
    return job


def fail(job: AIJob, number: int, message: str = "It was refused.") -> JobAttempt:
    return JobAttempt.objects.create(
        job=job, number=number, route="batch", error_type="refusal", message=message, ended_at=NOW
    )
