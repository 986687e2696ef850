"""Whoever dies between the end of a job and of those that wait for its result only delays them."""

import os
import signal
from collections.abc import Callable
from datetime import datetime

import pytest

from aijobs.crash_points import Step
from aijobs.models import AIJob, JobOutput, LedgerEntry
from aijobs.pipeline import accept, assemble, dispatch, poll, settle, share, withdraw
from citizenapp.tenants.models import Tenant
from tests.faults import books, journeys, nursery
from tests.faults.world import World


def ask(world: World, times: int) -> list[AIJob]:
    """The same question so many times."""
    world.reset()
    journeys.found_tenants()
    tenant, raw = Tenant.objects.earliest("pk"), {"document_text": "Hail is covered."}
    return [
        accept.accept_job(tenant, "summarize", raw, now=world.now(), created_by="ann")
        for _ in range(times)
    ]


def die(world: World, step: Step, stage: Callable[[datetime], object]) -> None:
    pid = nursery.born(world, step, lambda: stage(world.now()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def statuses(jobs: list[AIJob]) -> list[str]:
    return [AIJob.objects.get(pk=job.pk).status for job in jobs]


@pytest.mark.parametrize("step", [Step.SETTLE_SETTLED, Step.SHARE_ANSWERED])
def test_what_waits_for_a_result_gets_it_once(world: World, step: Step) -> None:
    jobs = ask(world, 3)
    assemble.run(world.now())
    dispatch.run(world.now(), world.now)
    world.stride(60)
    poll.run(world.now())
    if step == Step.SETTLE_SETTLED:
        die(world, step, settle.run)
        assert statuses(jobs) == ["completed", "queued", "queued"]
    else:
        settle.run(world.now())
        die(world, step, share.run)
        assert statuses(jobs) == ["completed"] * 3
    assert books.always(world) == []
    share.run(world.now())
    assert statuses(jobs) == ["completed"] * 3
    assert (JobOutput.objects.count(), LedgerEntry.objects.count()) == (3, 1)
    assert books.audit(world, journey=False).wrong == []


def test_what_waits_for_a_canceled_job_is_sent(world: World) -> None:
    jobs = ask(world, 2)
    die(world, Step.WITHDRAW_COMMITTED, lambda now: withdraw.cancel_job(jobs[0], now=now))
    die(world, Step.SHARE_RELEASED, share.run)
    assert share.run(world.now()) == 0
    assert assemble.run(world.now()) == 1
    assert statuses(jobs) == ["canceled", "submitted"]
