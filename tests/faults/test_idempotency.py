"""A web process that is killed in the middle of a request: the key is free, or has the answer."""

import json
import os
import signal
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from aijobs.crash_points import Step
from aijobs.models import AIJob, IdempotencyKey, Operation
from tests.api.conftest import Caller
from tests.factories import make_job, make_tenant
from tests.faults import nursery
from tests.faults.world import World

KEY = {"Idempotency-Key": "order-1"}
BODY = {"document_text": "A text."}
COLLECTION = {"name": "May", "job_type": "summarize", "items": [BODY] * 3}


def killed(world: World, step: Step, caller: Client, path: str, body: dict[str, Any]) -> None:
    def request() -> None:
        caller.post(
            f"/api/ai/{path}", json.dumps(body), content_type="application/json", headers=KEY
        )

    pid = nursery.born(world, step, request)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    connections.close_all()


@pytest.mark.parametrize("step", [Step.ACCEPT_COPIED, Step.ACCEPT_COUNTED, Step.ACCEPT_COMMITTED])
def test_a_collection_is_there_with_its_key_or_not_at_all(world: World, step: Step) -> None:
    world.reset()
    caller = Caller(make_tenant())
    killed(world, step, caller, "collections", COLLECTION)
    assert not IdempotencyKey.objects.exists()
    assert not AIJob.objects.exists()
    again = caller.send("collections", COLLECTION, headers=KEY)
    assert (again.status_code, AIJob.objects.count()) == (202, 3)
    assert "Idempotency-Replayed" not in again


def test_a_job_that_was_stored_before_its_answer_was_sent_is_answered(world: World) -> None:
    world.reset()
    caller = Caller(make_tenant())
    killed(world, Step.ACCEPT_COMMITTED, caller, "summarize", BODY)
    job = AIJob.objects.get()
    again = caller.send("summarize", BODY, headers=KEY)
    assert (again.status_code, again.json()["job_id"]) == (202, str(job.pk))
    assert again["Idempotency-Replayed"] == "true"
    assert AIJob.objects.count() == 1


def test_an_operation_is_there_with_its_key_or_not_at_all(world: World) -> None:
    world.reset()
    caller = Caller(make_tenant())
    body = {"ids": [str(make_job(caller.tenant).pk)]}
    killed(world, Step.APPLY_ASKED, caller, "jobs/cancel", body)
    assert not Operation.objects.exists()
    assert caller.send("jobs/cancel", body, headers=KEY).status_code == 202
    assert Operation.objects.count() == 1
