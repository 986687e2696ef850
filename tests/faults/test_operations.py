"""Operations whose workers die: each job moves once, and nothing that is to be erased stays."""

import itertools
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from aijobs.crash_points import Step
from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
    Operation,
    OperationPage,
)
from aijobs.pipeline import (
    accept,
    apply,
    assemble,
    dispatch,
    erase,
    poll,
    settle,
    sweep,
    withdraw,
)
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant
from tests.faults import books, nursery
from tests.faults.world import World

JOBS = 11


@contextmanager
def small_pages() -> Iterator[None]:
    """So that there are several."""
    before = apply.PAGE_JOBS, erase.PIECE_JOBS, erase.AT_ONCE
    apply.PAGE_JOBS = erase.PIECE_JOBS = erase.AT_ONCE = 3
    try:
        yield
    finally:
        apply.PAGE_JOBS, erase.PIECE_JOBS, erase.AT_ONCE = before


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with small_pages():
        yield


def begin(world: World) -> tuple[Tenant, Collection]:
    world.reset()
    tenant = make_tenant()
    items = enumerate([{"document_text": f"Policy {number}."} for number in range(JOBS)], 1)
    found = accept.accept_collection(
        tenant, "May", "summarize", items, now=world.now(), created_by="ann"
    )
    return tenant, found.collection


def die(world: World, order: str, live: Callable[[], object]) -> None:
    pid = nursery.born(world, order, live)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def ask(tenant: Tenant, kind: str, world: World) -> Operation:
    jobs = AIJob.objects.of(tenant)
    return apply.ask(tenant, Operation.Kind(kind), jobs, by="ann", now=world.now())


DEATHS = [
    f"{step}:{times}"
    for step, times in itertools.product((Step.APPLY_MOVED, Step.APPLY_COMMITTED), (1, 2, 4))
]


@pytest.mark.parametrize("order", DEATHS)
@pytest.mark.parametrize("kind", ["cancel", "retry"])
def test_an_operation_whose_worker_dies_goes_on_where_it_was(
    world: World, order: str, kind: str
) -> None:
    tenant, collection = begin(world)
    if kind == "retry":
        withdraw.cancel_collection(collection, now=world.now())
    operation = ask(tenant, kind, world)
    die(world, order, lambda: apply.run(world.now()))
    assert books.always(world) == []
    apply.run(world.now())
    operation.refresh_from_db()
    assert (operation.status, operation.total) == ("completed", JOBS)
    assert (operation.done, operation.changed, operation.skipped) == (JOBS, JOBS, {})
    status = "canceled" if kind == "cancel" else "queued"
    assert set(AIJob.objects.values_list("status", flat=True)) == {status}
    assert not OperationPage.objects.exists()


def test_an_operation_that_was_being_written_down_is_there_or_not(world: World) -> None:
    tenant, _ = begin(world)
    die(world, Step.APPLY_ASKED, lambda: ask(tenant, "cancel", world))
    operation = Operation.objects.get()
    apply.run(world.now())
    operation.refresh_from_db()
    assert operation.changed == JOBS


def test_one_that_fails_and_dies_is_counted(world: World) -> None:
    tenant, _ = begin(world)
    operation = ask(tenant, "cancel", world)
    Operation.objects.filter(pk=operation.pk).update(skipped={"completed": "x"})
    die(world, Step.APPLY_PUT_OFF, lambda: apply.run(world.now()))
    operation.refresh_from_db()
    assert (operation.status, operation.attempts) == ("running", 1)


def test_two_workers_move_each_job_once(world: World) -> None:
    tenant, _ = begin(world)
    operations = [ask(tenant, "cancel", world) for _ in range(2)]
    nursery.outlive(world, lambda: _until_done(world), iter(()), workers=3)
    for one in operations:
        one.refresh_from_db()
    assert {one.status for one in operations} == {"completed"}
    assert sum(one.changed for one in operations) == JOBS
    assert sum(one.skipped.get("canceled", 0) for one in operations) == JOBS


def _until_done(world: World) -> None:
    while apply.due(world.now()):
        apply.run(world.now())


def left() -> dict[str, int]:
    models = (AIJob, JobInput, JobDocument, JobOutput, Collection)
    return {one.__name__: n for one in models if (n := one._default_manager.count())}


def bring_back(world: World) -> None:
    """Every stage until nothing is under way, as long as it takes."""
    for _ in range(40):
        assemble.run(world.now())
        dispatch.run(world.now(), world.now)
        poll.run(world.now())
        settle.run(world.now())
        erase.run(world.now())
        sweep.run(world.now())
        world.stride(20)
        if not left():
            return


@pytest.mark.parametrize(
    "order", [Step.ERASE_ASKED, "erase.deleted:2", "erase.committed", "erase.committed:3"]
)
def test_what_is_erased_goes_though_its_worker_dies(world: World, order: str) -> None:
    _, collection = begin(world)

    def ask_and_work() -> None:
        erase.erase_collection(collection, by="ann", now=world.now())
        erase.run(world.now())

    die(world, order, ask_and_work)
    assert not Collection.objects.of(collection.tenant).exists()
    erase.run(world.now())
    assert left() == {}
    operation = Operation.objects.get()
    assert (operation.status, operation.done) == ("completed", JOBS)


SETTLING = [
    Step.SETTLE_DOWNLOADED,
    Step.ENDINGS_COPIED,
    Step.SETTLE_COMMITTED,
    Step.SETTLE_SETTLED,
    Step.ERASE_DELETED,
    Step.ERASE_COMMITTED,
    Step.SWEEP_DELETED,
]


@pytest.mark.parametrize("step", SETTLING)
def test_what_is_erased_on_its_way_is_charged_and_goes_here_and_at_anthropic(
    world: World, step: Step, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    settings.AIJOBS_QUEUE_SLOTS = 0
    _, collection = begin(world)
    assemble.run(world.now())
    dispatch.run(world.now(), world.now)
    assert erase.erase_collection(collection, by="ann", now=world.now())
    assert AIJob.objects.filter(status="submitted").count() > 0
    die(world, step, lambda: bring_back(world))
    assert not JobOutput.objects.exists()
    bring_back(world)
    sweep.run(world.now())

    assert left() == {}
    stats = world.emulator.stats()
    assert LedgerEntry.objects.filter(corrects=None).count() == stats["rows_billed"] > 0
    assert stats["batches"] == {"deleted": Batch.objects.count()}
    remote = world.emulator.control("GET", "batches")
    assert {one["id"] for one in remote} == {batch.remote_id for batch in Batch.objects.all()}
    connections.close_all()


DROPPING = [
    Step.WITHDRAW_COMMITTED,
    Step.SETTLE_DOWNLOADED,
    Step.SETTLE_LOCKED,
    Step.ENDINGS_COPIED,
    Step.ENDINGS_MOVED,
    Step.SETTLE_COMMITTED,
    Step.SETTLE_SETTLED,
]


@pytest.mark.parametrize("step", DROPPING)
def test_what_is_dropped_on_its_way_is_charged_once_and_not_kept(
    world: World, step: Step, settings: Any
) -> None:
    settings.AIJOBS_QUEUE_SLOTS = 0
    tenant, collection = begin(world)
    accept.accept_job(
        tenant, "summarize", {"document_text": "Kept."}, now=world.now(), created_by="ann"
    )
    world.stride(3_600)
    assemble.run(world.now())
    dispatch.run(world.now(), world.now)

    def drop_and_work() -> None:
        withdraw.withdraw_collection(collection, drops=True, now=world.now())
        work(world)

    die(world, step, drop_and_work)
    work(world)
    mine = AIJob.objects.filter(collection=collection)
    assert Counter(mine.values_list("status", flat=True)) == {"canceled": JOBS}
    assert JobOutput.objects.count() == AIJob.objects.filter(status="completed").count() == 1
    assert LedgerEntry.objects.filter(corrects=None).count() == JOBS + 1
    assert world.emulator.stats()["rows_billed"] == JOBS + 1
    assert books.audit(world, journey=False).wrong == []
    connections.close_all()


def work(world: World) -> None:
    """Every stage until all jobs have ended."""
    for _ in range(40):
        poll.run(world.now())
        settle.run(world.now())
        assemble.run(world.now())
        dispatch.run(world.now(), world.now)
        sweep.run(world.now())
        world.stride(20)
        if not AIJob.objects.exclude(status__in=AIJob.FINAL).exists():
            return
