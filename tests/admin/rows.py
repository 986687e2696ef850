"""Rows of every status for staff to look at."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from aijobs.models import AIJob, Batch, Collection, LedgerEntry, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant

LATER = NOW + timedelta(hours=1)


def make_batch(status: str = "submitted", **fields: Any) -> Batch:
    """A batch in a status; one that Anthropic knows has a remote id."""
    nonce = f"nonce{Batch.objects.count()}"
    remote = status in {"submitted", "canceling", "ended", "settled"}
    return Batch.objects.create(
        **{
            "nonce": nonce,
            "status": status,
            "remote_id": f"msgbatch_{nonce}" if remote else None,
            "tenant_ids": [],
            "requests": 1,
            "request_bytes": 2_000,
            "assembled_at": NOW,
            "submitted_at": NOW if remote else None,
        }
        | fields
    )


def make_failed_job(tenant: Tenant | None = None, status: str = "failed", **fields: Any) -> AIJob:
    return make_job(tenant or make_tenant(), status=status, finished_at=LATER, **fields)


def make_collection(tenant: Tenant, name: str = "Policies") -> Collection:
    return Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name=name,
        job_type="summarize",
        total=1,
        created_by="ada",
        created_at=NOW,
    )


def make_charge(job: AIJob, batch: Batch | None = None) -> LedgerEntry:
    return LedgerEntry.objects.create(
        tenant=job.tenant,
        job_id=job.pk,
        batch=batch,
        custom_id=f"nonce-{job.pk.hex}",
        job_type=job.job_type,
        route="batch",
        model="claude-haiku-5-5",
        priced_as="claude-haiku-5-5",
        priced_on=NOW.date(),
        input_tokens=1_000,
        output_tokens=100,
        cost_usd=Decimal("0.5"),
        sync_cost_usd=Decimal("1.0"),
        saved_usd=Decimal("0.5"),
        created_at=LATER,
    )


def page(client: Client, name: str, *args: object, **query: str) -> str:
    """The text of an admin page that must be there."""
    answer = client.get(reverse(f"admin:{name}", args=args), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def act(
    client: Client, model: str, action: str, *rows: object, confirmed: bool = True, **fields: str
) -> Any:
    """Run an action on rows: the answer of the test client. `fields`: what else was filled in."""
    data: Mapping[str, Any] = {
        "action": action,
        "_selected_action": [str(row) for row in rows],
        **fields,
    }
    if confirmed:
        data = {**data, "confirmed": "yes"}
    answer = client.post(reverse(f"admin:aijobs_{model}_changelist"), data, follow=True)
    assert answer.status_code == 200
    return answer


def told(answer: Any) -> list[str]:
    """What the person is told above the page."""
    return [str(message) for message in answer.context["messages"]]
