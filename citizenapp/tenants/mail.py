"""E-mails: written from a template, sent after commit, and never the end of what caused them.

A template is templates/mail/<name>.txt: its first line is the subject, the rest the text.
"""

import logging
import smtplib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)


class MailServerMissing(OSError):
    """Outside local mode, EMAIL_URL says which server sends e-mails. It is not set."""


class NoServer(BaseEmailBackend):
    """Sends nothing, and says so: what is not sent must not look as if it were."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if email_messages:
            raise MailServerMissing("EMAIL_URL is not set")
        return 0


def write(name: str, to: str, context: Mapping[str, Any]) -> EmailMessage:
    """The e-mail that a template makes. What people have written cannot add a header to it."""
    written = render_to_string(f"mail/{name}.txt", dict(context)).strip()
    subject, _, text = written.partition("\n")
    return EmailMessage(
        " ".join(subject.split()), text.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to]
    )


def send(message: EmailMessage, on_failure: Callable[[], None] = lambda: None) -> None:
    """Send it, in a transaction once that is committed; `on_failure` where no server took it.

    Neither the text nor the address is logged.
    """

    def deliver() -> None:
        try:
            message.send()
        except (OSError, smtplib.SMTPException) as error:
            logger.error("An e-mail could not be sent: %s", type(error).__name__)  # noqa: TRY400
            on_failure()

    transaction.on_commit(deliver)
