"""Whoever dies while words are read leaves whole pages: all jobs are found in the end."""

import os
import signal

import pytest

from aijobs.crash_points import Step
from aijobs.models import AIJob, JobText, JobToRead
from aijobs.pipeline import accept, index
from aijobs.reading.filters import JobFilter, filtered
from citizenapp.tenants.models import Tenant
from tests.faults import journeys, nursery
from tests.faults.world import World

JOBS = 5


@pytest.mark.parametrize("step", [Step.INDEX_READ, Step.INDEX_READ_OLDER])
def test_all_jobs_are_found_in_the_end(
    world: World, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PAGE_JOBS", 2)
    world.reset()
    journeys.found_tenants()
    tenant = Tenant.objects.earliest("pk")
    for number in range(JOBS):
        raw = {"document_text": f"Hail on roof {number}."}
        accept.accept_job(tenant, "summarize", raw, now=world.now(), created_by="ann")
    if step == Step.INDEX_READ_OLDER:
        JobToRead.objects.all().delete()
        newest = AIJob.objects.latest("pk").pk
        JobToRead.objects.create(job_id=newest, and_older=True)
    pid = nursery.born(world, step, lambda: index.run(world.now()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert JobText.objects.count() == 2
    index.run(world.now())
    missing = 1 if step == Step.INDEX_READ_OLDER else 0
    assert filtered(tenant, JobFilter(text="hail roof")).count() == JOBS - missing
    assert not index.due(world.now())
