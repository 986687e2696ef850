"""A tenant is told in plain words when nothing can be sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aijobs.models import CircuitBreaker
from tests.factories import make_tenant, make_user

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
