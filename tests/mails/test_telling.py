"""People are told once, by e-mail, of what they chose: numbers and a link, and no text."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from aijobs.budgets import notices
from aijobs.mails import choosing, inform
from aijobs.models import FailureToTell, Mail, MailKind
from aijobs.webhooks import collections
from citizenapp.tenants.models import Membership, Tenant, User
from tests.factories import NOW, make_charge, make_job, make_tenant, make_user
from tests.webhooks.test_delivery import again, end, make_collection

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "https://app.example.com/"
SECRET = "The insured is called Fox."


def make_reader(tenant: Tenant, name: str, kinds: Sequence[str] = (), role: str = "member") -> User:
    user = make_user(name, tenant, role=role)
    user.email = f"{name}@example.com"
    user.save()
    choosing.choose(tenant, user, [*(kinds or MailKind.values)], root=ROOT)
    return user


def send(at: Any = NOW) -> int:
    collections.tell(at)
    return inform.run(at, lambda: at)


def statuses() -> list[str]:
    return list(Mail.objects.order_by("pk").values_list("status", flat=True))


def test_a_collection_is_one_mail_to_each_who_chose_it_and_not_one_a_job() -> None:
    tenant = make_tenant("Acme")
    ann, bob = make_reader(tenant, "ann"), make_reader(tenant, "bob")
    make_user("cat", tenant)
    collection, jobs = make_collection(tenant, jobs=3)
    end(*jobs[:2])
    assert send() == 0
    end(jobs[2], status="failed")
    assert send() == 2
    assert sorted(one.to[0] for one in mail.outbox) == [ann.email, bob.email]
    [letter, _] = mail.outbox
    assert letter.subject == f"“{collection.name}” is done: 2 answers, 1 failed"
    assert f"{ROOT}collections/{collection.pk}" in letter.body
    assert "Fox" not in letter.body
    assert send(NOW + timedelta(days=1)) == 0
    assert statuses() == ["sent", "sent"]


def test_who_wants_failures_alone_hears_of_collections_with_failures_alone() -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann", [MailKind.JOBS_FAILED])
    _, jobs = make_collection(tenant)
    end(*jobs)
    assert send() == 0
    again(jobs[0])
    end(jobs[0], status="failed")
    assert send() == 1


def test_a_collection_that_was_canceled_is_no_news() -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann")
    _, jobs = make_collection(tenant)
    end(*jobs, status="canceled")
    assert send() == 0
    assert not Mail.objects.exists()


def test_single_jobs_that_fail_within_minutes_are_one_mail() -> None:
    tenant, other = make_tenant("Acme"), make_tenant()
    make_reader(tenant, "ann")
    end(make_job(other), status="failed")
    for minute in range(2):
        end(make_job(tenant, text=SECRET), status="failed", at=NOW + timedelta(minutes=minute))
    end(make_job(tenant, text=SECRET), at=NOW)
    assert send(NOW + timedelta(minutes=1)) == 0
    assert send(NOW + timedelta(minutes=2)) == 1
    assert mail.outbox[0].subject == "2 jobs failed in Acme"
    assert "Fox" not in mail.outbox[0].body
    assert not FailureToTell.objects.exists()
    assert send(NOW + timedelta(hours=1)) == 0


def test_a_spent_budget_is_told_to_those_who_may_see_it() -> None:
    now = timezone.now()
    tenant = make_tenant(budget_usd=Decimal(10))
    make_reader(tenant, "ann", role="owner")
    make_reader(tenant, "bob", role="member")
    make_charge(make_job(tenant), "5.00", created_at=now)
    assert notices.tell(now) == 1
    assert inform.run(now, lambda: now) == 1
    assert mail.outbox[0].to == ["ann@example.com"]
    assert mail.outbox[0].subject.startswith("50 % of the month’s budget is spent")
    notices.tell(now)
    assert inform.run(now, lambda: now) == 0


def test_nobody_who_left_or_thought_better_of_it_gets_what_waits() -> None:
    tenant = make_tenant()
    left, stopped, closed = (make_reader(tenant, name) for name in ("ann", "bob", "cat"))
    nameless = make_reader(tenant, "dan")
    User.objects.filter(pk=nameless.pk).update(email="")
    _, jobs = make_collection(tenant)
    end(*jobs)
    collections.tell(NOW)
    assert Mail.objects.count() == 4
    Membership.objects.filter(user=left).delete()
    choosing.choose(tenant, stopped, [], root=ROOT)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    assert inform.run(NOW, lambda: NOW) == 0
    assert statuses() == ["dropped"] * 3
    assert not mail.outbox


def test_a_name_with_line_breaks_makes_no_header() -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann")
    collection, jobs = make_collection(tenant)
    type(collection).objects.filter(pk=collection.pk).update(name="One\r\nBcc: all@example.com")
    end(*jobs)
    assert send() == 1
    assert mail.outbox[0].subject.startswith("“One Bcc: all@example.com”")
    assert mail.outbox[0].recipients() == ["ann@example.com"]


class Broken(BaseEmailBackend):
    def send_messages(self, email_messages: Any) -> int:  # noqa: ARG002
        raise SMTPServerDisconnected("a text that may quote the e-mail")


def test_a_mail_server_that_fails_is_asked_again_after_pauses_and_then_no_more(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann")
    _, jobs = make_collection(tenant)
    end(*jobs)
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    at = NOW
    for pause in inform.PAUSES:
        assert send(at) == 0
        assert statuses() == ["pending"]
        assert not inform.due(at + pause - timedelta(seconds=1))
        at += pause
    assert send(at) == 0
    assert statuses() == ["failed"]
    assert Mail.objects.get().error == "SMTPServerDisconnected"
    assert "quote" not in caplog.text


def test_what_a_dead_worker_claimed_is_sent_under_the_same_id_when_its_lease_is_over() -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann")
    _, jobs = make_collection(tenant)
    end(*jobs)
    collections.tell(NOW)
    [claimed] = inform._claim(NOW)
    assert not inform.due(NOW + inform.LEASE - timedelta(seconds=1))
    assert send(NOW + inform.LEASE) == 1
    assert str(claimed.public_id) in mail.outbox[0].extra_headers["Message-ID"]


def test_old_ones_are_deleted() -> None:
    tenant = make_tenant()
    make_reader(tenant, "ann")
    _, jobs = make_collection(tenant)
    end(*jobs)
    send()
    assert inform.prune(NOW + timedelta(days=29)) == 0
    assert inform.prune(NOW + timedelta(days=31)) == 1
