"""E-mails: sent after commit, kept by the mailbox of local mode, and never the end of a request."""

import socket
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from citizenapp.tenants import mail, mailbox
from citizenapp.tenants.models import SentMail, User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import Browser

pytestmark = pytest.mark.django_db
MAILBOX = "citizenapp.tenants.mailbox.MailboxBackend"


@pytest.fixture
def local(settings: Settings) -> None:
    settings.EMAIL_BACKEND = MAILBOX
    settings.MAILBOX = True


def letter(subject: str = "Hail", text: str = "On nine cars.") -> EmailMessage:
    return EmailMessage(subject, text, "us@example.com", ["ada@example.com"])


@pytest.mark.django_db(transaction=True)
def test_none_is_sent_before_the_commit_and_none_after_a_rollback() -> None:
    with transaction.atomic():
        mail.send(letter())
        assert not outbox.outbox
    assert len(outbox.outbox) == 1
    with transaction.atomic():
        mail.send(letter())
        transaction.set_rollback(True)
    assert len(outbox.outbox) == 1


@pytest.mark.usefixtures("local")
def test_the_mailbox_shows_the_newest_first_to_anybody(client: Client) -> None:
    for number in range(3):
        letter(f"Letter {number}").send()
    page = client.get("/mailbox").content.decode()

    assert page.index("Letter 2") < page.index("Letter 1") < page.index("Letter 0")
    assert "ada@example.com" in page
    client.force_login(make_user("ada", make_tenant()))
    assert 'href="/mailbox" aria-current="page"' in client.get("/mailbox").content.decode()


@pytest.mark.usefixtures("local")
def test_the_mailbox_keeps_the_last_ones() -> None:
    SentMail.objects.bulk_create(
        SentMail(subject=f"Letter {number}", text="", recipients="", sender="",
                 sent_at="2026-11-02T09:00Z")
        for number in range(mailbox.KEPT)
    )  # fmt: skip
    letter("The newest").send()
    kept = mailbox.latest()

    assert len(kept) == SentMail.objects.count() == mailbox.KEPT
    assert (kept[0].subject, kept[-1].subject) == ("The newest", "Letter 1")


@pytest.mark.usefixtures("local")
def test_only_addresses_of_this_site_become_links_and_markup_is_text(client: Client) -> None:
    letter(
        "<b>Hail</b>",
        'See http://testserver/confirm/x"y <script>alert(1)</script> '
        "http://evil.example/ javascript:alert(1) http://testserver.evil.example/",
    ).send()
    page = client.get("/mailbox").content.decode()

    assert '<a href="http://testserver/confirm/x" rel="noreferrer">' in page
    assert page.count('href="http') == 1
    assert "<script>alert" not in page
    assert "<b>Hail" not in page


def test_without_a_mailbox_there_is_no_such_page(client: Client, settings: Settings) -> None:
    settings.MAILBOX = False

    assert client.get("/mailbox").status_code == 404
    assert "mailbox" not in client.get("/sign-in").content.decode()


@pytest.fixture
def deaf_server(settings: Settings) -> None:
    """A mail server that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = probe.getsockname()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.usefixtures("deaf_server", "committing")
def test_a_server_that_is_away_breaks_nothing_and_is_said_alike_to_all(caplog: Any) -> None:
    ada = make_user("ada", make_tenant())
    User.objects.filter(pk=ada.pk).update(email="ada@example.com")
    for address in ("ada@example.com", "nobody@example.com"):
        browser = Browser()
        answer = browser.post("/sign-in/forgotten", {"email": address})
        assert answer["Location"] == "/sign-in/sent"
        assert "no e-mail was sent" in browser.get("/sign-in/sent").content.decode()
    assert "could not be sent: ConnectionRefusedError" in caplog.text
    assert "example.com" not in caplog.text


def test_where_no_server_is_set_nothing_looks_as_if_it_were_sent(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "citizenapp.tenants.mail.NoServer"

    with pytest.raises(OSError, match="EMAIL_URL"):
        letter().send()


def test_a_template_s_first_line_is_the_subject_and_people_add_no_header() -> None:
    user = User(username="ada\r\nBcc: all@example.com")
    found = mail.write(
        "password_reset_key",
        "ada@example.com",
        {"user": user, "password_reset_url": "https://x/?a&b"},
    )

    assert found.subject == "A new password for CitizenApp"
    assert "https://x/?a&b\n" in str(found.body)
    assert "\nBcc" not in found.message().as_string().partition("\n\n")[0]
