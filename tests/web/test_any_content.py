"""Whatever any form of any page sends: it is taken, or refused in words, and nothing breaks."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from aijobs.models import Collection, MailChoice
from aijobs.pipeline import accept, tag
from citizenapp.tenants.models import Tenant, User
from tests.factories import (
    NOW,
    make_invitation,
    make_job,
    make_key,
    make_output,
    make_tenant,
    make_upload,
    make_user,
    make_webhook,
)

pytestmark = pytest.mark.django_db

NONSENSE = (
    "a\0b",
    "\u202e\U0001f600\r\nBcc: all@example.com",
    "9" * 400,
    "1e400",
    "²",
    "00000000-0000-0000-0000-000000000000",
    "//evil.example",
    "x" * 70_000,
)
# By these a form says what is to be done with the rest of it.
KEPT = ("once", "workspace", "job_type", "do", "urgency")
# What leads out of the pages, or is fetched by scripts and downloads: nothing of it holds a form.
_ELSEWHERE = re.compile(
    r"^/(static|api|admin|v1|problems|mailbox|samples)\b|\.csv|/download|/result"
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|/\d+(?=/|$)|/[A-Za-z0-9]{8}\.[^/]{20,}(?=/)")


class _Page(HTMLParser):
    """The links and the forms of a page."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address, self.links = address, set[str]()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self._fields: dict[str, str] = {}
        self._select = ""
        self.feed(text)

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attributes}
        match name:
            case "a" if given.get("href"):
                self.links.add(urljoin(self.address, given["href"]).partition("#")[0])
            case "form":
                self._fields = {}
                action = urljoin(self.address, given.get("action") or self.address)
                self.forms.append((given.get("method", "get").lower(), action, self._fields))
            case "select" if given.get("name"):
                self._select = given["name"]
                self._fields.setdefault(self._select, "")
            case "option" if "selected" in given or not self._fields.get(self._select):
                self._fields[self._select] = given.get("value", "")
            case "input" | "textarea" | "button" if given.get("name"):
                self._fields.setdefault(given["name"], given.get("value", ""))


@pytest.fixture
def owner(client: Client) -> Client:
    tenant = make_tenant("Acme")
    olga = make_user("olga", tenant, "owner")
    _fill(tenant, olga)
    client.force_login(olga)
    client.raise_request_exception = False
    return client


def _fill(tenant: Tenant, olga: User) -> None:
    """Something of everything that has a form."""
    make_user("max", tenant)
    ended: dict[str, Any] = {"finished_at": NOW}
    done = make_job(tenant, "classify", status="completed", reference="P-1", **ended)
    make_output(done, {"category": "a"})
    tag.tag_job(done, "hail")
    make_job(tenant, status="failed", **ended)
    make_job(tenant, status="canceled", **ended)
    make_job(tenant)
    accept.accept_collection(
        tenant, "May", "classify", [(n, {"text": f"Letter {n}"}) for n in range(1, 4)],
        now=NOW, created_by="olga", defaults={"categories": ["motor", "home"]},
    )  # fmt: skip
    made = Collection.objects.get()
    make_job(tenant, "classify", collection=made, status="failed", row_number=4, **ended)
    make_key(tenant)
    make_webhook(tenant)
    make_invitation(tenant)
    make_upload(tenant, "olga")
    MailChoice.objects.create(tenant=tenant, user=olga, kinds=[], root="http://testserver/")


def _pages(client: Client) -> Iterator[_Page]:
    """All that one reaches by links, one page of each kind."""
    waiting, seen = ["/", "/settings/"], set[str]()
    while waiting:
        address = waiting.pop(0)
        kind = _ID.sub("…", urlsplit(address).path)
        if (
            kind in seen
            or _ELSEWHERE.search(address)
            or urlsplit(address).netloc not in ("", "testserver")
        ):
            continue
        seen.add(kind)
        response = client.get(address)
        assert response.status_code < 500, address
        if response.status_code == 200 and "html" in response.headers.get("Content-Type", ""):
            page = _Page(address, response.content.decode())
            yield page
            waiting += sorted(page.links)


def test_no_form_breaks_whatever_is_sent(owner: Client) -> None:
    sent, broken = set[tuple[str, ...]](), list[str]()
    for page in list(_pages(owner)):
        for method, action, fields in page.forms:
            path = urlsplit(action).path
            name = (method, _ID.sub("…", path), *sorted(fields))
            if method == "dialog" or name in sent or _ELSEWHERE.search(path):
                continue
            sent.add(name)
            for nonsense in NONSENSE:
                given = {key: value if key in KEPT else nonsense for key, value in fields.items()}
                savepoint = transaction.savepoint()
                response = (owner.post if method == "post" else owner.get)(path, given)
                if response.status_code >= 500:
                    broken.append(f"{method} {path} {nonsense[:30]!r}")
                transaction.savepoint_rollback(savepoint)
    assert not broken
    assert len(sent) > 40
