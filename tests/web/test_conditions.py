"""What is unusual at Anthropic stands above the list of jobs, and goes by itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import RateLimit
from tests.factories import make_tenant, make_user
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

SLOW = "Batches take about 10 times as long as usual at the moment."
BUSY = "Claude is too busy for some direct calls at the moment"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(make_user("vera", make_tenant(), role="viewer"))
    return client


def refuse(*, minutes_ago: int, pause_minutes: int = 1) -> None:
    """Anthropic had no room for a direct call, then."""
    then = timezone.now() - minutes_ago * MINUTE
    RateLimit.mark_refused(
        "claude-haiku-5-5", sent_at=then, until=then + pause_minutes * MINUTE, most=50, now=then
    )


def dashboard(client: Client) -> str:
    """What the page says at once, and a list that lies open asks for again."""
    page = client.get("/").content.decode()
    told = page.partition('id="conditions" role="status">')[2].partition("</div>")[0]
    assert told in client.get("/jobs/expected").content.decode()
    return told


def test_on_most_days_there_is_no_line(reader: Client) -> None:
    assert 'id="conditions" role="status"' in reader.get("/").content.decode()
    assert "at the moment" not in dashboard(reader)


def test_slow_batches_are_told_of(reader: Client) -> None:
    # All of the last hour took ten times as long as half of them were promised to.
    ended(500.0, batches=5, now=timezone.now() + timedelta(days=1) - MINUTE, promised=100.0)
    assert SLOW in dashboard(reader)


def test_slow_batches_of_yesterday_are_not(reader: Client) -> None:
    ended(500.0, batches=5, now=timezone.now(), promised=100.0)
    assert "at the moment" not in dashboard(reader)


def test_calls_that_are_refused_are_told_of(reader: Client) -> None:
    refuse(minutes_ago=4)
    assert BUSY in dashboard(reader)


def test_calls_that_wait_since_one_was_refused_are_told_of(reader: Client) -> None:
    refuse(minutes_ago=20, pause_minutes=30)
    assert BUSY in dashboard(reader)


def test_it_is_over_by_itself(reader: Client) -> None:
    refuse(minutes_ago=6)
    assert BUSY not in dashboard(reader)
