"""inform: send the e-mails that wait.

A stage like those of the pipeline: it finds its work by rows, and is harmless when run twice. An
e-mail is claimed, sent, and marked as sent. Whoever dies in between leaves it to be sent again
when its lease is over, under the same Message-ID: at least once, and rarely twice. Sending is a
call over the network, so no transaction is open meanwhile.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.template.loader import render_to_string

from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes.text import cut
from aijobs.mails import leaving, writing
from aijobs.models import Collection, FailureToTell, Mail, MailKind
from citizenapp.tenants import reader
from citizenapp.tenants.models import Membership, Role

logger = logging.getLogger(__name__)

TURN = timedelta(seconds=60)
ANSWER_SECONDS = 30
CLAIMED_AT_ONCE = 10
# Longer than those that are claimed together take, if each waits for an answer as long as it may.
LEASE = timedelta(seconds=2 * ANSWER_SECONDS * CLAIMED_AT_ONCE)
# After the first failure, the second, and so on; after the last one it is given up.
PAUSES = tuple(timedelta(minutes=one) for one in (1, 5, 30, 120, 480))
KEPT = timedelta(days=30)

CLAIM = """
UPDATE aijobs_mail SET attempts = LEAST(attempts + 1, 1000), next_at = %(until)s
WHERE id IN (
    SELECT id FROM aijobs_mail WHERE status = 'pending' AND next_at <= %(now)s
    ORDER BY next_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def due(now: datetime) -> bool:
    """Whether an e-mail waits to be sent, or failures have been gathered for long enough."""
    waiting = Mail.objects.filter(status=Mail.Status.PENDING, next_at__lte=now)
    gathered = FailureToTell.objects.filter(happened_at__lte=now - FailureToTell.GATHERED_FOR)
    return waiting.exists() or gathered.exists()


def run(
    now: datetime,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send until nothing is due, for TURN at most; returns how many were sent."""
    if not due(now):
        return 0
    writing.gather_failures(now)
    crash_point(Step.INFORM_WRITTEN)
    sent, door = 0, get_connection(timeout=ANSWER_SECONDS)
    try:
        while (moment := clock()) < now + TURN and not is_stopping():
            claimed = _claim(moment)
            if not claimed:
                break
            sent += _send_all(claimed, door, clock, is_stopping)
    finally:
        door.close()
    if sent:
        logger.info("%s e-mails were sent.", sent)
    return sent


def _claim(now: datetime) -> list[Mail]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "until": now + LEASE, "most": CLAIMED_AT_ONCE})
        keys = [key for (key,) in cursor.fetchall()]
    crash_point(Step.INFORM_CLAIMED)
    return list(
        Mail.objects.filter(pk__in=keys)
        .select_related("choice__tenant", "choice__user")
        .order_by("pk")
    )


def _send_all(
    mails: list[Mail],
    door: BaseEmailBackend,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool],
) -> int:
    sent = 0
    for mail in mails:
        if is_stopping():
            break  # The rest waits until its lease is over.
        sent += _send(mail, door, clock)
        crash_point(Step.INFORM_STORED)
    return sent


def _send(mail: Mail, door: BaseEmailBackend, clock: Callable[[], datetime]) -> bool:
    """Whether it was sent, and is marked so."""
    letter = letter_of(mail) if _is_wanted(mail) else None
    if letter is None:
        mail.mark_dropped()
        return False
    letter.connection = door
    try:
        letter.send()
    except Exception as error:
        kind = type(error).__name__
        logger.warning("An e-mail could not be sent: %s.", kind)
        if mail.attempts > len(PAUSES):
            mail.mark_failed(kind)
        else:
            mail.mark_put_off(clock() + PAUSES[mail.attempts - 1], kind)
        door.close()  # What is left of a broken connection helps nobody.
        return False
    crash_point(Step.INFORM_SENT)
    return mail.mark_sent()


def _is_wanted(mail: Mail) -> bool:
    """Whether the person still chose it, still belongs there, and may still know."""
    choice = mail.choice
    user, tenant = choice.user, choice.tenant
    chosen = {*choice.kinds}
    if mail.kind == MailKind.COLLECTION_DONE and mail.data["failed"]:
        wanted = chosen & {MailKind.COLLECTION_DONE, MailKind.JOBS_FAILED}
    else:
        wanted = chosen & {mail.kind}
    if not (wanted and user.email and user.is_active and tenant.is_active):
        return False
    membership = Membership.objects.filter(user=user, tenant=tenant).first()
    if membership is None:
        return False
    return mail.kind != MailKind.BUDGET_REACHED or Role(membership.role).can_administer


def letter_of(mail: Mail) -> EmailMessage | None:
    """The e-mail itself; None where what it tells of is gone."""
    choice, data = mail.choice, mail.data
    root = choice.root.rstrip("/")
    stop = f"{root}/notices/stop/{leaving.token_of(choice)}"
    told: dict[str, object] = {
        "data": data,
        "workspace": _on_a_line(choice.tenant.name),
        "stop": stop,
        "settings": f"{root}/settings/notices",
    }
    match mail.kind:
        case MailKind.COLLECTION_DONE:
            assert mail.collection_id is not None
            collection = Collection.objects.filter(
                pk=mail.collection_id, tenant=choice.tenant_id, erasing_since=None
            ).first()
            if collection is None:
                return None
            told["name"] = _on_a_line(collection.name)
            told["link"] = f"{root}/collections/{collection.pk}"
            template = "collection_done"
        case MailKind.JOBS_FAILED:
            told["link"] = f"{root}/?status=failed"
            template = "jobs_failed"
        case _:
            told["link"] = f"{root}/settings/budget"
            template = "budget_reached"
    with reader.reading(lambda: reader.of_person(choice.user, choice.tenant)):
        subject, _, body = render_to_string(f"mail/{template}.txt", told).partition("\n")
    host = urlsplit(choice.root).hostname or "localhost"
    return EmailMessage(
        subject,
        body.lstrip("\n"),
        settings.DEFAULT_FROM_EMAIL,
        [choice.user.email],
        headers={
            "Message-ID": f"<{mail.public_id}@{host}>",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def _on_a_line(name: str) -> str:
    """A header has one line, and a subject is read at a glance."""
    return cut(" ".join(name.split()), 80)


def prune(now: datetime) -> int:
    """Delete what happened long ago, whatever became of it; returns how many."""
    return Mail.objects.filter(happened_at__lt=now - KEPT).delete()[0]
