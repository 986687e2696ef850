"""Every address that answers GET answers HEAD, with the same status and headers."""

import re
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from aijobs.api.anthropic.shapes import id_of
from aijobs.models import AIJob
from tests.addresses import ADDRESSES, Address
from tests.factories import make_user
from tests.tenants.belongings import KINDS, Batches, Belongings

pytestmark = pytest.mark.django_db

# Made anew for each answer: moments, and tokens, which change the length of a page that holds one.
FLEETING = {"Set-Cookie", "Content-Length", "Expires", "request-id"}
# Two addresses of the admin are regular expressions.
PATTERNS = {
    r"/admin/^(?P<app_label>[^/]+)/$": "/admin/aijobs/",
    r"/admin/(?P<url>.*)$": "/admin/nowhere",
}


def path_of(address: Address, rows: Belongings) -> str:
    known = re.sub(r"\(\?P<app_label>[^)]*\)", r"(?P<app_label>[^/]+)", address.path)
    if known in PATTERNS:
        return PATTERNS[known]
    is_result = address.path.endswith("/result")
    [path] = address.filled(
        rows.in_addresses
        | {
            "job_id": [str(rows.job_that("completed" if is_result else "failed"))],
            "collection_id": [str(rows.collection)],
            "batch_id": [id_of(rows.ended_messages)],
            "pk": ["1" if address.path.startswith("/api/") else str(rows.row)],
            "job_type": [KINDS[0]],
            "object_id": [str(rows.jobs[0])],
            "content_type_id": [str(ContentType.objects.get_for_model(AIJob).pk)],
            "id": ["1"],
        }
    )
    return path


def caller_of(address: Address, rows: Belongings) -> Client:
    if address.is_api:
        return rows.machine()
    if address.is_anthropic_s:
        return rows.program()
    if not address.path.startswith("/admin/"):
        return rows.browser()
    staff = Client()
    if address.path == "/admin/login/":
        return staff  # Django sends on only by GET who has signed in already.
    person = make_user("staff")
    person.is_staff = person.is_superuser = True
    person.save()
    staff.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return staff


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_head_is_get_without_the_body(address: Address) -> None:
    rows = Belongings("acme", timedelta())
    rows.store(Batches())
    client, path = caller_of(address, rows), path_of(address, rows)
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert {*head.headers} - FLEETING == {*got.headers} - FLEETING
    for name in {*got.headers} - FLEETING:
        assert head[name] == got[name], name
    body = b"".join(head) if head.streaming else head.content
    assert not body


def test_nearly_all_pages_answer_get() -> None:
    """So that the test above compares more than refusals."""
    rows = Belongings("acme", timedelta())
    rows.store(Batches())
    own = [one for one in ADDRESSES if not one.path.startswith("/admin/")]
    statuses = [caller_of(one, rows).get(path_of(one, rows)).status_code for one in own]
    assert statuses.count(200) >= 20
