"""Whatever step a worker dies at, and whatever the network does, nothing is lost or doubled."""

from collections import Counter

import pytest

from aijobs.crash_points import Step
from aijobs.models import AIJob, Batch, LedgerEntry, Seeding, Submission
from tests.faults import scenarios
from tests.faults.journeys import TENANTS
from tests.faults.scenarios import Torture
from tests.faults.world import World


@pytest.fixture
def torture(world: World) -> Torture:
    return Torture(world, seed=1, say=print)


def test_a_death_at_each_step(torture: Torture) -> None:
    assert not torture.every_step_once()
    assert not torture.counter.wrong
    assert torture.counter.deaths >= len(scenarios.DAY)


def test_a_day_without_faults_reads_the_cache(torture: Torture) -> None:
    """Otherwise a day would prove nothing about jobs that wait for the one that goes first."""
    torture.day()
    assert not torture.counter.wrong
    assert LedgerEntry.objects.filter(cache_read_tokens__gt=0).exists()
    states = Counter(Seeding.objects.values_list("state", flat=True))
    assert states == {"warm": 2 * len(TENANTS), "cold": len(TENANTS)}


@pytest.mark.parametrize(
    "at", ["create", "list", "retrieve", "results", "cancel", "delete", "message"]
)
def test_each_fault_of_the_network(torture: Torture, at: str) -> None:
    faults = [fault for fault in scenarios.one_of_each_kind() if fault.at == at]
    # A day makes few calls of some kinds, and a day without a fault would tell nothing.
    for some in filter(None, (faults[:3], faults[3:6], faults[6:])):
        torture.network(some)
    assert not torture.counter.wrong
    assert all(row.times for row in torture.counter.rows.values()), torture.counter.rows


@pytest.mark.parametrize("step", scenarios.STRANGE)
def test_a_strangers_batch(torture: Torture, step: Step) -> None:
    assert step in torture.stranger(step)
    assert not torture.counter.wrong


def test_a_strangers_batch_that_looks_like_one_that_was_given_up(torture: Torture) -> None:
    assert Step.SWEEP_MISTAKEN in torture.mistaken(Step.SWEEP_MISTAKEN)
    assert not torture.counter.wrong


@pytest.mark.parametrize("step", scenarios.SLOW)
def test_batches_that_take_too_long_for_a_deadline(torture: Torture, step: Step) -> None:
    assert step in torture.slow(step)
    assert not torture.counter.wrong
    assert Batch.objects.exclude(rescued_at=None).exists()
    assert LedgerEntry.objects.filter(
        route="sync", job_id__in=AIJob.objects.filter(collection__name="Hurried").values("pk")
    ).exists()


def test_a_list_that_lags_too_long(torture: Torture) -> None:
    """The one case that cannot be mended is noticed, stopped and written down."""
    assert set(torture.late(*scenarios.LATE)) == set(scenarios.LATE)
    assert not torture.counter.wrong
    # What it answered before it was stopped is paid twice: as a rule something, and told.
    assert Submission.objects.filter(state="duplicate").exists()


def test_two_workers_that_die_now_and_then(torture: Torture) -> None:
    torture.together(2, deaths=6)
    assert not torture.counter.wrong
    assert torture.counter.deaths


def test_workers_that_are_stopped_and_wake_up_late(torture: Torture) -> None:
    torture.naps(3, deaths=2)
    assert not torture.counter.wrong


def test_deaths_at_any_moment(torture: Torture) -> None:
    torture.storm(deaths=12)
    assert not torture.counter.wrong
    assert torture.counter.deaths


@pytest.mark.parametrize("fault", ["drop", "html"])
def test_an_hour_without_anthropic(torture: Torture, fault: str) -> None:
    torture.outage(fault, deaths=2)
    assert not torture.counter.wrong
