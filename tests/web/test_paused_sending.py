"""A tenant is told in plain words when nothing can be sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aijobs.models import CircuitBreaker
from tests.factories import make_batch, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_the_banner_stands_on_the_dashboard_while_sending_is_paused() -> None:
    browser = Client()
    browser.force_login(
        make_user("ada", make_tenant()), "django.contrib.auth.backends.ModelBackend"
    )
    dashboard = reverse("dashboard")
    assert "Sending is paused" not in browser.get(dashboard).content.decode()
    now = timezone.now()
    breaker = CircuitBreaker.objects.create(
        reason="spend_limit",
        message="Cap of 100 USD",
        opened_at=now,
        probe_at=now + timedelta(minutes=1),
    )
    text = browser.get(dashboard).content.decode()
    assert "The spending limit of the Anthropic account is reached." in text
    assert "nothing is lost" in text
    # What Anthropic said of the account is the operator's business.
    assert "100 USD" not in text
    breaker.mark_closed(now)
    assert "Sending is paused" not in browser.get(dashboard).content.decode()


def test_who_is_not_signed_in_is_told_nothing() -> None:
    now = timezone.now()
    CircuitBreaker.objects.create(reason="bad_key", message="", opened_at=now, probe_at=now)
    assert "Sending is paused" not in Client().get(reverse("sign-in")).content.decode()


def test_no_moment_is_promised_while_sending_is_paused(client: Client) -> None:
    now, tenant = timezone.now(), make_tenant()
    client.force_login(make_user("ada", tenant), "django.contrib.auth.backends.ModelBackend")
    batch = make_batch("submitted", submitted_at=now, assembled_at=now)
    job = make_job(tenant, now=now, status="submitted", batch=batch, attempts=1)
    address = reverse("job", args=[job.pk])
    assert "at the latest" in client.get(address).content.decode()
    CircuitBreaker.objects.create(reason="bad_key", message="", opened_at=now, probe_at=now)
    shown = client.get(address).content.decode()
    assert "at the latest" not in shown
    assert "nobody can say when its result comes" in shown
