"""A browser for tests of accounts, and what people hold in their hands besides."""

import re
from collections.abc import Callable
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client, TestCase

from citizenapp.tenants.models import User

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def committing(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: what waits for a commit happens in the request, as outside tests."""

    def respond(request: HttpRequest) -> HttpResponse:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return get_response(request)

    return respond


class Browser(Client):
    """Django's, with what these tests do again and again."""

    def sign_in(self, name: str, password: str = "", **fields: str) -> Any:
        """By the page; a user of these tests has the name as password."""
        asked = {"username": name, "password": password or name} | fields
        return self.post("/sign-in", asked, headers={"user-agent": FIREFOX})

    @property
    def user(self) -> User | None:
        """Who is signed in."""
        found = self.get("/settings/security")
        return found.context["user"] if found.status_code == 200 else None


class App:
    """An authenticator app, with a clock of its own."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def code(self, now: float, later: int = 0) -> str:
        """What it shows, or will show in so many half minutes."""
        return str(format_hotp_value(hotp_value(self.secret, int(now) // 30 + later)))


def last_link() -> str:
    """The address in the e-mail that was sent last, without its host."""
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]
