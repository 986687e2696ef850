"""A mail with a scan, a Word file and a photo on its whole way, through the real parts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from aijobs.models import AIJob
from aijobs.pipeline import dispatch, expedite, poll, settle
from tests.api.conftest import Caller
from tests.documents.mails import claim
from tests.factories import make_tenant, make_user
from tests.ground import Emulator
from tests.pipeline.steps import at, put_together

DELAY = timedelta(minutes=5)

pytestmark = pytest.mark.django_db(transaction=True)


def queued(caller: Caller, job_type: str, **fields: Any) -> str:
    file = SimpleUploadedFile("claim.eml", claim(), "message/rfc822")
    response = caller.upload(job_type, document=file, **fields)
    assert response.status_code == 202
    return str(response.json()["job_id"])


def test_a_mail_is_sent_with_its_attachments_and_comes_back_with_a_result(
    emulator: Emulator,
) -> None:
    tenant = make_tenant()
    caller = Caller(tenant)
    summary, analysis = queued(caller, "summarize"), queued(caller, "analyze")
    due = AIJob.objects.latest("pk").created_at + DELAY
    batch = put_together(due)
    assert dispatch.run(due, at(due)) == 1
    batch.refresh_from_db()
    assert batch.requests == 2
    assert batch.remote_id
    emulator.end(batch.remote_id)
    assert poll.run(due + DELAY) == 1
    assert settle.run(due + DELAY) == 1

    assert caller.read(f"jobs/{summary}").json()["result"]["summary"]
    job = caller.read(f"jobs/{analysis}").json()
    assert job["status"] == "completed"
    (placed, *_) = [found for found in job["result"]["findings"] if found["document"]]
    text = caller.read(f"jobs/{analysis}/document", number=placed["document"]).content.decode()
    assert placed["quote"] in text

    client = Client()
    client.force_login(make_user("max", tenant))
    for number in (1, 2, 3, 4):
        page = client.get(f"/jobs/{analysis}", {"at": f"{number}.part-1"}).content.decode()
        assert f"Document {number} of 4" in page
    # A quotation leads to its document, and is marked there.
    leads = re.search(r'href="\?at=([^"#&]*quote-1)[^"]*#', page)
    assert leads
    shown = client.get(f"/jobs/{analysis}", {"at": leads[1]}).content.decode()
    assert '<mark id="quote-1"' in shown


def test_an_urgent_mail_is_sent_with_its_attachments(emulator: Emulator) -> None:
    caller = Caller(make_tenant())
    made = queued(caller, "summarize", needed_within="0")
    now = AIJob.objects.get().created_at
    assert expedite.run(now, at(now)) == 1
    assert caller.read(f"jobs/{made}").json()["result"]["summary"]
