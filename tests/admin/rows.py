"""Rows of every status for staff to look at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from aijobs.models import AIJob, Collection, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant

LATER = NOW + timedelta(hours=1)


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
