"""The e-mails of local mode: kept in a table, which a page shows, instead of being sent."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from citizenapp.tenants.models import SentMail

KEPT = 200


class MailboxBackend(BaseEmailBackend):
    """Django's backend of e-mails in local mode."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        now = timezone.now()
        for message in email_messages:
            SentMail.objects.create(
                sent_at=now,
                sender=message.from_email[:320],
                recipients=", ".join(message.recipients()),
                subject=str(message.subject),
                text=str(message.body),
            )
        latest = SentMail.objects.order_by("-pk").values("pk")[KEPT - 1 : KEPT]
        SentMail.objects.filter(pk__lt=latest).delete()
        return len(email_messages)


def latest() -> list[SentMail]:
    """What is kept, the newest first."""
    return list(SentMail.objects.order_by("-pk")[:KEPT])
