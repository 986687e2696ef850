"""Things that tests need, made by plain functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aijobs import jobtypes
from aijobs.models import AIJob, JobInput, JobOutput, new_id
from citizenapp.tenants.models import APIKey, Membership, Tenant, User

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CATEGORIES = ["motor", "home", "travel"]
OPTIONS: Mapping[str, dict[str, Any]] = {
    "summarize": {"max_length": 100},
    "classify": {"categories": CATEGORIES},
    "analyze": {"questions": []},
}

_numbers = count(1)


def make_tenant(name: str = "", **fields: Any) -> Tenant:
    slug = name.lower() or f"tenant-{next(_numbers)}"
    return Tenant.objects.create(name=name or slug.title(), slug=slug, **fields)


def make_user(username: str, tenant: Tenant | None = None, role: str = "member") -> User:
    """A user whose password is the user's name."""
    user = User.objects.create_user(username, password=username)
    if tenant is not None:
        Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


def make_key(tenant: Tenant, role: str = "member") -> str:
    return str(APIKey.objects.create_key(name="test", tenant=tenant, role=role)[1])


def make_job(
    tenant: Tenant,
    job_type: str = "summarize",
    text: str = "The quick brown fox jumps over the lazy dog.",
    *,
    now: datetime = NOW,
    options: Mapping[str, Any] | None = None,
    **fields: Any,
) -> AIJob:
    """A job as accept would store it; `fields` overrides its columns."""
    jobtypes.get(job_type)
    job = AIJob.objects.create(
        **{
            "id": new_id(now),
            "tenant": tenant,
            "job_type": job_type,
            "request_bytes": len(text) + 1_000,
            "created_at": now,
            "not_before": now,
        }
        | fields
    )
    JobInput.objects.create(
        job=job,
        tenant=tenant,
        job_type=job_type,
        document=text,
        options=dict(OPTIONS[job_type] if options is None else options),
        created_by="test",
    )
    return job


def make_output(job: AIJob, result: Mapping[str, Any] | None = None) -> JobOutput:
    return JobOutput.objects.create(
        job=job, result=dict(result or {"summary": "A fox."}), model="m", stop_reason="end_turn"
    )
