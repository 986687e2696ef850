"""Whoever dies while tags are put, or a job is run again, has done all of it or nothing."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from aijobs.crash_points import Step
from aijobs.models import AIJob, JobInput, JobTag, Operation, OperationPage, Rerun, Reservation, Tag
from aijobs.pipeline import accept, apply, rework, tag, withdraw
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant
from tests.faults import books, nursery
from tests.faults.test_operations import DEATHS, small_pages
from tests.faults.world import World

JOBS = 11


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with small_pages():
        yield


def begin(world: World) -> Tenant:
    world.reset()
    tenant = make_tenant()
    items = enumerate([{"document_text": f"Policy {number}."} for number in range(JOBS)], 1)
    accept.accept_collection(tenant, "May", "summarize", items, now=world.now(), created_by="ann")
    return tenant


def die(world: World, order: str, live: Callable[[], object]) -> None:
    pid = nursery.born(world, order, live)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def tags() -> list[str]:
    return list(JobTag.objects.order_by("tag__name").values_list("tag__name", flat=True))


def test_a_tag_is_on_the_job_once_though_its_worker_dies(world: World) -> None:
    job = AIJob.objects.of(begin(world)).earliest("pk")
    die(world, Step.TAG_COMMITTED, lambda: tag.tag_job(job, "hail"))
    assert tags() == ["hail"]
    # Who got no answer asks again.
    assert tag.tag_job(job, "Hail") == ""
    assert tags() == ["hail"]


def test_a_tag_that_nobody_bears_is_gone_though_its_worker_dies(world: World) -> None:
    job = AIJob.objects.of(begin(world)).earliest("pk")
    tag.tag_job(job, "hail")
    die(world, Step.TAG_COMMITTED, lambda: tag.untag_job(job, "hail"))
    assert (tags(), Tag.objects.count()) == ([], 0)
    tag.untag_job(job, "hail")


@pytest.mark.parametrize("order", DEATHS)
@pytest.mark.parametrize("kind", ["tag", "untag"])
def test_an_operation_of_tags_goes_on_where_it_was(world: World, order: str, kind: str) -> None:
    tenant = begin(world)
    if kind == "untag":
        for job in AIJob.objects.of(tenant):
            tag.tag_job(job, "hail")
    jobs = AIJob.objects.of(tenant)
    operation = apply.ask(tenant, Operation.Kind(kind), jobs, by="ann", now=world.now(), tag="hail")
    die(world, order, lambda: apply.run(world.now()))
    assert books.always(world) == []
    apply.run(world.now())
    operation.refresh_from_db()
    assert (operation.status, operation.total, operation.done) == ("completed", JOBS, JOBS)
    assert (operation.changed, operation.skipped) == (JOBS, {})
    assert tags() == ["hail"] * (JOBS if kind == "tag" else 0)
    assert Tag.objects.count() == (1 if kind == "tag" else 0)
    assert not OperationPage.objects.exists()


def run_again(world: World, source: AIJob) -> AIJob | None:
    def refuse(refusal: Exception) -> None:
        raise refusal

    return rework.run_again(
        *(source, {"document_text": "Policy 0, once more."}, ()),
        now=world.now(),
        created_by="ann",
        needed_within=None,
        fresh=True,
        refused=refuse,
    )


@pytest.mark.parametrize(
    ("step", "made"),
    # The former is within the transaction here.
    [(Step.ACCEPT_COMMITTED, 0), (Step.REWORK_COMMITTED, 1)],
)
def test_a_job_that_is_run_again_is_there_with_its_source_or_not_at_all(
    world: World, step: Step, made: int
) -> None:
    tenant = begin(world)
    source = AIJob.objects.of(tenant).earliest("pk")
    withdraw.cancel_job(source, now=world.now())
    die(world, step, lambda: run_again(world, source))
    assert books.always(world) == []
    assert Rerun.objects.count() == made
    assert AIJob.objects.count() == JobInput.objects.count() == JOBS + made
    assert sum(Reservation.objects.values_list("jobs", flat=True)) == JOBS - 1 + made
    # Who got no answer asks again: nothing stands in the way of that.
    again = run_again(world, source)
    assert again is not None
    rerun = Rerun.objects.get(job=again)
    assert (rerun.source_id, rerun.tenant) == (source.pk, tenant)
