"""manage.py simulate."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from pytest_django import Settings

from aijobs.management import simulation
from aijobs.management.simulation import Customer, simulate
from aijobs.models import AIJob, Batch, Turn
from citizenapp.tenants.models import Tenant
from tests.factories import make_job, make_tenant

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def run(*arguments: str) -> str:
    told = StringIO()
    call_command("simulate", *arguments, stdout=told)
    return told.getvalue()


def test_it_tells_what_each_tenant_gets_and_how_long_it_waits() -> None:
    told = run(
        *("--tenant", "giant=500", "--tenant", "small=3x4@2", "--slots", "100", "--batch", "50")
    )
    heads, giant, small, _, last = told.splitlines()
    assert heads.split() == [
        *("tenant", "jobs", "weight", "places", "while", "waiting"),
        *("batches:", "median", "longest", "minutes:", "median", "longest"),
    ]
    assert giant.split()[:3] == ["giant", "500", "1"]
    assert small.split()[0] == "small"
    assert small.split()[2] == "2"
    # Who comes with a few jobs is in the next batch.
    assert small.split()[-4:-2] == ["1", "1"]
    assert re.fullmatch(
        r"1\d batches, the last after [\d.]+ hours. Slots in use at most: 100 of 100.", last
    )


def test_the_same_numbers_draw_the_same_day() -> None:
    arguments = ("--tenant", "a=20x5", "--tenant", "b=20x5@3", "--slots", "20", "--batch", "10")
    assert run(*arguments) == run(*arguments)
    assert run(*arguments) != run(*arguments, "--seed", "2")


def test_weights_three_and_one_share_three_to_one_while_both_wait(settings: Settings) -> None:
    settings.AIJOBS_QUEUE_SLOTS = settings.AIJOBS_BATCH_REQUESTS = 100
    heavy, light = simulate(
        [Customer("heavy", 3_000, weight=3), Customer("light", 3_000)],
        seed=1,
        length=timedelta(minutes=1),
        turnaround=HOUR,
        request_bytes=2_000,
    ).courses
    assert heavy.share == light.share == 0.5
    assert heavy.share_while_waiting == pytest.approx(0.75, abs=0.02)
    assert heavy.longest_batches == pytest.approx(40, abs=2)
    assert light.longest_batches == pytest.approx(60, abs=2)


def test_nothing_that_exists_is_seen_or_changed() -> None:
    job = make_job(make_tenant("acme"))
    run("--tenant", "acme=30", "--batch", "10")
    assert list(AIJob.objects.values_list("pk", "status")) == [(job.pk, "queued")]
    assert [tenant.name for tenant in Tenant.objects.all()] == ["acme"]
    assert not Batch.objects.exists()
    assert not Turn.objects.exists()


def test_a_table_that_was_not_thought_of_cannot_be_named() -> None:
    with (
        simulation._scratch(),
        connection.cursor() as cursor,
        pytest.raises(ProgrammingError, match="does not exist"),
    ):
        cursor.execute("SELECT FROM django_migrations")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--tenant", "acme"), "must be such as"),
        (("--tenant", "acme=0"), "a job at least"),
        (("--tenant", "acme=1@101"), "a weight from 1 to 100"),
        (("--slots", "-1"), "at least 0"),
        (("--batch", "100001"), "from 1 to 100000"),
        (("--batch", "many"), "a whole number"),
        (("--tenant", "acme=9000000"), "too long"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], error: str) -> None:
    with pytest.raises(CommandError, match=error):
        run(*arguments)


def test_without_a_limit_it_says_so() -> None:
    assert run("--tenant", "acme=10", "--slots", "0").endswith("at most: 10 without a limit.\n")
