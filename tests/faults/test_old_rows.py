"""What is done after weeks may be cut off by a death as well."""

import os
import signal
from typing import Any

import pytest

from aijobs.crash_points import Step
from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
)
from aijobs.pipeline import _words, assemble, dispatch, poll, seed, sweep
from citizenapp.tenants.models import Tenant
from tests.factories import make_charge, make_job, make_output
from tests.faults import books, journeys, nursery
from tests.faults.world import World

DAYS = 24 * 3600


def sweep_and_die(world: World, step: Step) -> None:
    pid = nursery.born(world, step, lambda: sweep.run(world.now()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def begin(world: World) -> None:
    world.reset()
    journeys.found_tenants()


def test_jobs_are_pruned_and_charges_stay(world: World, settings: Any) -> None:
    begin(world)
    journeys.live(world)
    charges = LedgerEntry.objects.count()
    settings.AIJOBS_KEEP_JOBS_DAYS = 1
    world.stride(3 * DAYS)
    sweep_and_die(world, Step.SWEEP_PRUNED)
    sweep.run(world.now())
    assert not AIJob.objects.exists()
    assert not JobInput.objects.exists()
    assert not JobDocument.objects.exists()
    assert LedgerEntry.objects.count() == charges


def test_results_that_are_gone_end_their_jobs_once(world: World, settings: Any) -> None:
    settings.AIJOBS_QUEUE_SLOTS = 0
    begin(world)
    journeys.queue_collections(world.now())
    for collection in Collection.objects.all():
        seed.end_trial(collection, world.now())
        seed.let_go_on(collection)
    assemble.run(world.now())
    dispatch.run(world.now(), world.now)
    world.stride(60)
    poll.run(world.now())
    waiting = AIJob.objects.filter(batch__status="ended").count()
    sent = AIJob.objects.filter(answered_by=None, route="batch")
    assert waiting == sent.count()
    world.stride(30 * DAYS)
    sweep_and_die(world, Step.SWEEP_GAVE_UP)
    sweep.run(world.now())
    assert JobAttempt.objects.filter(error_type="results_expired").count() == waiting
    assert set(sent.values_list("status", flat=True)) == {"failed"}
    assert set(Batch.objects.values_list("status", flat=True)) == {"settled"}


def test_charges_that_get_a_price_later_get_one_each(world: World) -> None:
    begin(world)
    [tenant, _] = Tenant.objects.order_by("pk")
    for _ in range(3):
        make_charge(make_job(tenant), "0", priced_as="", model="claude-haiku-5-5")
    sweep_and_die(world, Step.SWEEP_PRICED)
    corrections = LedgerEntry.objects.exclude(corrects=None)
    assert corrections.count() == 1
    sweep.run(world.now())
    assert corrections.count() == 3
    assert not LedgerEntry.objects.unpriced().exists()
    assert all(one.cost_usd for one in corrections)
    assert books.always(world) == ["more charges than Anthropic billed"]


def test_answers_that_get_their_word_later_get_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(world)
    [tenant, _] = Tenant.objects.order_by("pk")
    ended = world.now()
    for _ in range(3):
        job = make_job(tenant, "classify", status="completed", finished_at=ended)
        make_output(job, {"category": "Motor"}, has_word=False)
    monkeypatch.setattr(_words, "PIECE_ROWS", 1)
    sweep_and_die(world, Step.SWEEP_WORDED)
    assert JobOutput.objects.filter(word="Motor").count() == 1
    sweep.run(world.now())
    assert JobOutput.objects.filter(word="Motor").count() == 3
    assert not JobOutput.objects.filter(word=None).exists()
