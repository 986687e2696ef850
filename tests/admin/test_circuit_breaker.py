"""Staff see why nothing is sent, and resume by hand."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from aijobs.models import CircuitBreaker
from tests.admin.rows import act, page, told
from tests.admin.test_permissions import make_staff


def make_breaker() -> CircuitBreaker:
    now = timezone.now()
    return CircuitBreaker.objects.create(
        reason="low_credit",
        message="Your credit balance is <b>too low</b>.",
        opened_at=now,
        probe_at=now + timedelta(minutes=9),
    )


def test_the_overview_says_why_nothing_is_sent(staff: Client) -> None:
    assert "Nothing is sent" not in page(staff, "index")
    make_breaker()
    text = page(staff, "index")
    assert "The credit of the Anthropic account is used up." in text
    assert "&lt;b&gt;too low" in text


def test_resuming_asks_first_and_says_who_did_it(staff: Client) -> None:
    breaker = make_breaker()
    act(staff, "circuitbreaker", "resume", breaker.pk, confirmed=False)
    assert CircuitBreaker.objects.open().exists()
    assert told(act(staff, "circuitbreaker", "resume", breaker.pk)) == ["Sending resumed: 1."]
    breaker.refresh_from_db()
    assert breaker.closed_at
    assert breaker.closed_by == "root"
    assert LogEntry.objects.get().get_change_message() == "Sending resumed"
    assert told(act(staff, "circuitbreaker", "resume", breaker.pk)) == [
        "Left as they were: 1. Sending had been resumed before."
    ]


@pytest.mark.usefixtures("db")
def test_who_may_only_look_resumes_nothing() -> None:
    breaker = make_breaker()
    act(make_staff("view_circuitbreaker"), "circuitbreaker", "resume", breaker.pk)
    assert CircuitBreaker.objects.open().exists()
