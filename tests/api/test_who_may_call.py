"""Who may call the API at all: over every address there is."""

from uuid import uuid4

import pytest
from django.test import Client

from aijobs.models import AIJob, Collection, WebhookEvent
from tests.addresses import OF_TENANTS
from tests.api.conftest import Caller
from tests.factories import NOW, make_job, make_user, make_webhook

ADDRESSES = [one.path for one in OF_TENANTS if one.path.startswith("/api/ai/")]


@pytest.fixture
def ids(caller: Caller) -> dict[str, str]:
    """What the addresses name: a job and a collection of the caller's tenant."""
    made = caller.send(
        "collections",
        {"name": "May", "job_type": "summarize", "items": [{"document_text": "A text."}]},
    ).json()["collection_id"]
    job = make_job(caller.tenant, status="failed", finished_at=NOW)
    quote = caller.send("summarize?quote=true", {"document_text": "A text."}).json()["quote_id"]
    webhook = make_webhook(caller.tenant)
    event = WebhookEvent.objects.create(
        tenant=caller.tenant, type="webhook.test", subjects=[], happened_at=NOW
    )
    delivery = webhook.deliveries.create(
        event=event, next_at=NOW, created_at=NOW, public_id=uuid4()
    )
    operation = caller.send("jobs/retry", {"ids": [str(job.pk)]}).json()["operation_id"]
    return {
        "<uuid:webhook_id>": str(webhook.pk),
        "<uuid:delivery_id>": str(delivery.public_id),
        "<uuid:job_id>": str(job.pk),
        "<uuid:collection_id>": made,
        "<uuid:quote_id>": quote,
        "<uuid:operation_id>": operation,
    }


def of(address: str, ids: dict[str, str]) -> str:
    for variable, value in ids.items():
        address = address.replace(variable, value)
    assert "<" not in address, f"Add an id for {address} to this test."
    return address


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_a_stranger_gets_401(address: str, method: str, db: None) -> None:
    kinds = ("job", "collection", "quote", "webhook", "delivery", "operation")
    somewhere = of(address, {f"<uuid:{kind}_id>": str(uuid4()) for kind in kinds})

    response = Client().generic(method, somewhere)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["", "nonsense", "abcdefgh.0123456789abcdef"])
def test_a_key_that_does_not_hold_is_401(key: str, db: None) -> None:
    response = Client(headers={"authorization": f"Bearer {key}"}).get("/api/ai/jobs")

    assert response.status_code == 401
    assert response.json()["detail"] == "The API key is unknown, revoked or expired."


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_viewer_reads_but_does_not_post(
    address: str, caller: Caller, ids: dict[str, str]
) -> None:
    viewer = Caller(caller.tenant, role="viewer")

    post = viewer.post(of(address, ids), {}, content_type="application/json")
    read = viewer.get(of(address, ids))

    assert post.status_code == 403
    assert post.json()["detail"] == "Your role may read but not change anything."
    # An export takes everything at once, and addresses of webhooks may carry secrets.
    is_refused = address.endswith("/export") or "/webhooks" in address
    # 501: what is streamed while it has not ended, which WSGI cannot.
    assert read.status_code in ({403} if is_refused else {200, 405, 501})
    assert Collection.objects.count() == 1


def test_the_members_of_a_tenant_may_use_their_session(caller: Caller) -> None:
    job = make_job(caller.tenant)
    ann = make_user("ann", caller.tenant)
    browser = Client()
    browser.force_login(ann)

    assert browser.get(f"/api/ai/jobs/{job.pk}").status_code == 200


def test_a_session_without_a_csrf_token_changes_nothing(caller: Caller) -> None:
    ann = make_user("ann", caller.tenant)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)

    response = browser.post(
        "/api/ai/summarize", {"document_text": "a"}, content_type="application/json"
    )

    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    assert not AIJob.objects.exists()


def test_who_belongs_to_no_tenant_is_told_so(db: None) -> None:
    browser = Client()
    browser.force_login(make_user("nobody"))

    response = browser.get("/api/ai/jobs")

    assert (response.status_code, response.json()["detail"]) == (403, "You belong to no tenant.")
