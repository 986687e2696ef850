"""The dashboard and a collection's page say when the next batch leaves, and send it now."""

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import AIJob
from aijobs.pipeline import assemble
from tests.factories import make_job, make_tenant, make_user
from tests.webhooks.test_delivery import make_collection

pytestmark = pytest.mark.django_db


def test_it_is_said_and_can_be_sent_now(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    assert "next-batch" not in client.get("/").content.decode().replace('id="next-batch"', "")
    now = timezone.now()
    make_job(tenant, now=now)
    page = client.get("/").content.decode()
    assert "Next batch leaves" in page
    assert not assemble.due(now)
    assert client.post("/jobs/send-now")["Location"] == "/"
    assert assemble.due(timezone.now())
    page = client.get("/").content.decode()
    assert "The next batch is leaving" in page
    assert "Send now" not in page


def test_from_a_collection_one_comes_back_to_it(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    collection, _ = make_collection(tenant)
    AIJob.objects.update(not_before=timezone.now())
    assert "Send now" in client.get(f"/collections/{collection.pk}").content.decode()
    answer = client.post("/jobs/send-now", {"collection": str(collection.pk)})
    assert answer["Location"] == f"/collections/{collection.pk}"
    other, _ = make_collection(make_tenant())
    for wrong in (str(other.pk), "nonsense"):
        assert client.post("/jobs/send-now", {"collection": wrong}).status_code == 404


def test_a_viewer_sends_nothing(client: Client) -> None:
    tenant = make_tenant()
    make_job(tenant, now=timezone.now())
    client.force_login(make_user("vera", tenant, role="viewer"))
    page = client.get("/").content.decode()
    assert "Next batch leaves" in page
    assert "Send now" not in page
    assert client.post("/jobs/send-now").status_code == 403
