"""Requests of programs come back under their own custom_id, whoever died on the way."""

import json
import os
import random
import signal
from datetime import timedelta
from typing import Any

from aijobs.crash_points import Step
from aijobs.models import AIJob, Collection
from aijobs.pipeline import (
    accept,
    assemble,
    dispatch,
    poll,
    reconcile,
    settle,
    sweep,
    withdraw,
)
from citizenapp.tenants.models import Tenant
from tests.api.anthropic.conftest import PATH, Program, requests_of
from tests.factories import make_tenant
from tests.faults import books, nursery
from tests.faults.journeys import LONGEST_STRIDE_SECONDS, MOST_ROUNDS, Stuck
from tests.faults.world import World

REQUESTS = 24
ORDERS: tuple[Step, ...] = (
    *(Step.ASSEMBLE_CLAIMED, Step.DISPATCH_INTENT, Step.DISPATCH_ANSWERED, Step.DISPATCH_SENDING),
    *(Step.RECONCILE_LISTED, Step.DISPATCH_CONFIRMED, Step.POLL_COMMITTED, Step.SETTLE_DOWNLOADED),
    *(Step.ENDINGS_COPIED, Step.ENDINGS_MOVED, Step.SETTLE_STORED, Step.SETTLE_COMMITTED),
)


def live(world: World) -> None:
    """Let the stages run until nothing is left to do."""
    idle = 0
    for _ in range(MOST_ROUNDS):
        waiting = AIJob.objects.exclude(status__in=AIJob.FINAL)
        before = list(waiting.order_by("pk").values_list("status", "batch__status"))
        assemble.run(world.now())
        reconcile.run(world.now())
        dispatch.run(world.now(), world.now)
        poll.run(world.now())
        settle.run(world.now())
        sweep.run(world.now())
        if not waiting.exists():
            return
        is_idle = before == list(waiting.order_by("pk").values_list("status", "batch__status"))
        idle = idle + 1 if is_idle else 0
        if idle:
            world.stride(min(2.0**idle, LONGEST_STRIDE_SECONDS))
    raise Stuck


def begin(world: World) -> Program:
    world.reset()
    return Program(make_tenant("acme"))


def test_every_answer_stands_under_its_own_custom_id(world: World) -> None:
    program = begin(world)
    texts = [f"Clause {n} says that the insurer must pay for hail." for n in range(REQUESTS)]
    requests = requests_of(*texts)
    name = program.create(requests).json()["id"]
    orders: list[Any] = [*ORDERS, *(random.uniform(0.05, 0.5) for _ in range(4))]
    deaths = nursery.outlive(world, lambda: live(world), iter(orders))
    assert deaths.total >= len(ORDERS) - 2, deaths

    answer = program.read(name).json()
    assert answer["request_counts"]["succeeded"] == REQUESTS
    for custom_id, row in program.rows(name).items():
        [said] = row["message"]["content"]
        assert f"Clause {custom_id[1:]} says" in said["text"]
    assert books.always(world) == []


def test_a_batch_is_there_as_a_whole_or_not_at_all(world: World) -> None:
    begin(world)
    tenant = Tenant.objects.get()
    rows = [(n, {"reference": f"r{n}", "document_text": "{}"}) for n in range(1, 10)]

    def post() -> None:
        accept.accept_collection(
            tenant, "Messages", "raw", rows, now=world.now(), created_by="a key"
        )

    for step, stored in (
        (Step.ACCEPT_COPIED, 0),
        (Step.ACCEPT_COUNTED, 0),
        (Step.ACCEPT_COMMITTED, 9),
    ):
        pid = nursery.born(world, step, post)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert AIJob.objects.count() == stored
        assert Collection.objects.count() == (1 if stored else 0)


def test_what_came_back_is_canceled_though_its_worker_died(world: World) -> None:
    program = begin(world)
    collections = []
    for _ in range(2):
        name = program.create(requests_of("Hail.")).json()["id"]
        program.post(f"{PATH}/{name}/cancel")
        collections.append(name)
    now = world.now()
    AIJob.objects.update(status="queued", finished_at=None)
    pid = nursery.born(world, Step.SWEEP_WITHDRAWN, lambda: sweep.run(now))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert AIJob.objects.filter(status="canceled").count() == 1
    sweep.run(now + timedelta(minutes=1))
    for name in collections:
        assert program.read(name).json()["request_counts"]["canceled"] == 1


def test_a_cancellation_that_died_can_be_sent_again(world: World) -> None:
    program = begin(world)
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    collection = Collection.objects.get()

    def cancel() -> None:
        withdraw.cancel_for_good(collection, now=world.now())

    pid = nursery.born(world, Step.WITHDRAW_COMMITTED, cancel)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    answer = json.loads(program.read(name).content)
    assert answer["processing_status"] == "ended"
    assert answer["request_counts"]["canceled"] == 2
