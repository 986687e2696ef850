"""What is unusual at Anthropic stands on the dashboard, and goes by itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import JobAttempt
from aijobs.turnaround import calls
from tests.factories import make_job, make_tenant, make_user
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

SLOW = "Batches take about 10 times as long as usual at the moment."
BUSY = "Claude is too busy for some direct calls at the moment"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(make_user("vera", make_tenant(), role="viewer"))
    return client


def refuse(times: int, *, minutes: int, error: str = "overloaded_error") -> None:
    job = make_job(make_tenant())
    JobAttempt.objects.bulk_create(
        JobAttempt(
            job=job,
            number=number,
            route="sync",
            error_type=error,
            ended_at=timezone.now() - minutes * MINUTE,
        )
        for number in range(1, times + 1)
    )


def dashboard(client: Client) -> str:
    return client.get("/").content.decode()


def test_on_most_days_there_is_no_line(reader: Client) -> None:
    page = dashboard(reader)
    assert 'id="conditions" role="status" data-live' in page
    assert "at the moment" not in page


def test_slow_batches_are_told_of(reader: Client) -> None:
    # All of the last hour took ten times as long as half of them were promised to.
    ended(500.0, batches=5, now=timezone.now() + timedelta(days=1) - MINUTE, promised=100.0)
    assert SLOW in dashboard(reader)


def test_slow_batches_of_yesterday_are_not(reader: Client) -> None:
    ended(500.0, batches=5, now=timezone.now(), promised=100.0)
    assert "at the moment" not in dashboard(reader)


def test_calls_that_are_refused_are_told_of(reader: Client) -> None:
    refuse(calls.FEW, minutes=5)
    assert BUSY in dashboard(reader)


@pytest.mark.parametrize(
    ("times", "minutes", "error"),
    [
        (calls.FEW - 1, 5, "overloaded_error"),
        (calls.FEW, 11, "overloaded_error"),
        (calls.FEW, 5, "refusal"),
    ],
)
def test_few_or_old_or_other_refusals_are_not(
    reader: Client, times: int, minutes: int, error: str
) -> None:
    refuse(times, minutes=minutes, error=error)
    assert BUSY not in dashboard(reader)


def test_only_the_latest_attempts_are_looked_at() -> None:
    refuse(calls.FEW, minutes=0)
    now = timezone.now()
    assert calls.told(now)
    refuse(calls.ATTEMPTS, minutes=0, error="refusal")
    assert not calls.told(now)
