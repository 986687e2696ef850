"""Rows as the stages of the pipeline would store them."""

from uuid import UUID

from django.utils import timezone

from aijobs import jobtypes
from aijobs.models import AIJob, JobAttempt
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
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


def make_quote(tenant: Tenant, quote_id: UUID, job_type: str) -> None:
    """A quote of one text that can be confirmed."""
    now = timezone.now()
    stored.keep(
        tenant,
        stored.Request(job_type, {"document_text": "A text."}, [], is_form=False),
        Bill(Terms(tenant, jobtypes.get(job_type), now)),
        id_=quote_id,
        created_by="ann",
        now=now,
    )
