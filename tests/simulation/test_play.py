"""The day that is played: by the real code, in tables that nobody else sees."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from aijobs.management.simulation import Outcome, scratch, simulate
from aijobs.management.simulation.anthropic import Anthropic, Slow
from aijobs.management.simulation.arrivals import START, Customer, drawn
from aijobs.models import AIJob, Batch, Turn
from citizenapp.tenants.models import Tenant
from tests.factories import make_job, make_tenant

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CUSTOMERS = st.lists(
    st.builds(
        Customer,
        name=st.just("acme"),
        jobs=st.integers(1, 30),
        times=st.integers(1, 4),
        weight=st.integers(1, 3),
        needed_within=st.sampled_from([None, (0, 0), (60, 600), (600, 3_600), (3_600, 86_400)]),
    ),
    min_size=1,
    max_size=3,
)


def play(customers: list[Customer], anthropic: Anthropic, length: timedelta = DAY) -> Outcome:
    return simulate(customers, drawn(customers, 1, length), anthropic, request_bytes=2_000)


@given(CUSTOMERS, st.integers(0, 99), st.sampled_from([0.0, 0.5, 2.0]), st.sampled_from([1, 20]))
@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_answered_once_and_nothing_beats_the_bound(
    customers: list[Customer], seed: int, spread: float, slow: int
) -> None:
    periods = [Slow(START + 6 * HOUR, START + 15 * HOUR, slow)]
    outcome = play(customers, Anthropic(seed, spread=spread, slow=periods))
    came = sum(one.jobs for one in drawn(customers, 1, DAY))
    ours, *others = outcome.schedules
    assert ours.twice == 0
    for one in outcome.schedules:
        assert one.by_batch + one.at_once - one.twice == came
        assert 0 <= one.met <= one.deadlines
    if others:
        cheapest = others[0]
        assert cheapest.met == cheapest.deadlines
        # The bound sends whole batches: of one that is canceled, a part was answered for less.
        bounded = others if outcome.rescues else outcome.schedules
        for one in bounded:
            assert one.met < cheapest.met or one.usd >= cheapest.usd


def test_a_batch_that_is_too_slow_is_canceled_and_what_it_answered_is_not_asked_again() -> None:
    customers = [Customer("gold", 60, needed_within=(7_200, 7_200))]
    # Nearly half is answered when it is canceled.
    outcome = play(customers, Anthropic(1, median=14_000.0, spread=0.0))
    ours = outcome.schedules[0]
    assert outcome.rescues == 1
    assert (ours.met, ours.twice) == (60, 0)
    assert 20 < ours.by_batch < 40
    assert ours.by_batch + ours.at_once == 60
    again = outcome.schedules[-1]
    assert (again.met, again.twice) == (60, 60)
    assert again.usd > ours.usd


def test_what_is_wanted_at_once_runs_at_once() -> None:
    customers = [Customer("now", 20, needed_within=(0, 0)), Customer("later", 5)]
    (ours,) = play(customers, Anthropic(1)).schedules
    assert (ours.at_once, ours.by_batch) == (20, 5)


def test_rows_that_are_put_away_meanwhile_count() -> None:
    customers = [Customer("acme", 20, times=6, needed_within=(600, 7_200))]
    kept, put_away = (
        simulate(
            customers,
            drawn(customers, 1, DAY),
            Anthropic(1),
            request_bytes=2_000,
            put_away_at=most,
        )
        for most in (1_000, 10)
    )
    assert put_away == kept


def test_weights_three_and_one_share_three_to_one_while_both_wait(settings: Settings) -> None:
    settings.AIJOBS_QUEUE_SLOTS = settings.AIJOBS_BATCH_REQUESTS = 100
    heavy, light = play(
        [Customer("heavy", 3_000, weight=3), Customer("light", 3_000)],
        Anthropic(1, median=3_600.0),
        timedelta(minutes=1),
    ).courses
    assert heavy.share == light.share == 0.5
    assert heavy.share_while_waiting == pytest.approx(0.75, abs=0.02)
    assert heavy.longest_batches == pytest.approx(40, abs=2)
    assert light.longest_batches == pytest.approx(60, abs=2)


def test_nothing_that_exists_is_seen_or_changed() -> None:
    job = make_job(make_tenant("acme"))
    play([Customer("acme", 30, needed_within=(60, 60)), Customer("bolt", 30)], Anthropic(1))
    assert list(AIJob.objects.values_list("pk", "status")) == [(job.pk, "queued")]
    assert [tenant.name for tenant in Tenant.objects.all()] == ["acme"]
    assert not Batch.objects.exists()
    assert not Turn.objects.exists()


def test_a_table_that_was_not_thought_of_cannot_be_named() -> None:
    with (
        scratch.scratch(),
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="does not exist"),
    ):
        cursor.execute("SELECT FROM django_migrations")
