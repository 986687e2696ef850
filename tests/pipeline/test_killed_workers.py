"""A worker that is killed at its work loses nothing and pays for nothing twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aijobs.models import AIJob, Batch
from aijobs.pipeline import expedite, sweep
from tests.ground import Emulator
from tests.pipeline.processes import STAGE, await_true, environ, started
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    keep_going,
    put_together,
    queue,
    send,
)

pytestmark = pytest.mark.django_db(transaction=True)


def kill_within(call: str, question: Callable[[], bool], emulator: Emulator, folder: Path) -> None:
    """Run a stage in a process of its own, and kill it once the answer to the question is yes."""
    program = STAGE.format(now=DUE.isoformat(), call=call)
    log = folder / "stage.log"
    with started("-c", program, environ=environ(emulator), log=log) as stage:
        await_true(lambda: stage.poll() is not None or question(), call)
        assert stage.poll() is None, log.read_text()
        stage.kill()
        assert stage.wait() == -9


def calls(emulator: Emulator, kind: str) -> int:
    return int(emulator.stats()["calls"].get(kind, 0))


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_intent_and_answer(emulator: Emulator, tmp_path: Path, when: str) -> None:
    queue("Hail is covered.", "Fire is not.")
    batch = put_together()
    emulator.order("create", "slow", when=when, seconds=2)
    made = 1 if when == "after" else 0

    def is_half_done() -> bool:
        return calls(emulator, "create") == 1 and emulator.stats()["batches_created"] == made

    kill_within("dispatch.run(now, lambda: now)", is_half_done, emulator, tmp_path)
    batch.refresh_from_db()
    assert (batch.status, batch.remote_id) == ("submitting", None)
    keep_going(DUE + MINUTE)
    batch.refresh_from_db()
    assert batch.status == "settled"
    assert emulator.stats()["batches_created"] == 1
    assert_books_agree(emulator)


def test_killed_while_it_downloads_results(emulator: Emulator, tmp_path: Path) -> None:
    queue("Hail is covered.", "Fire is not.")
    batch = await_end(send(), emulator)
    emulator.order("results", "slow", when="before", seconds=5)
    kill_within("settle.run(now)", lambda: calls(emulator, "results") == 1, emulator, tmp_path)
    batch.refresh_from_db()
    assert batch.status == "ended"
    keep_going(DUE + MINUTE)
    assert_books_agree(emulator)


def test_killed_in_a_direct_call(emulator: Emulator, tmp_path: Path) -> None:
    [job] = queue(needed_within=0)
    emulator.control("POST", "settings", {"latency_message": 5})
    kill_within(
        "expedite.run(now, lambda: now)",
        lambda: calls(emulator, "message") == 1,
        emulator,
        tmp_path,
    )
    job.refresh_from_db()
    assert job.status == "processing"
    assert expedite.run(DUE, at(DUE)) == 0
    assert sweep.run(DUE + sweep.lost_after() + MINUTE) == 1
    # It may have been charged: only a person asks again.
    assert AIJob.objects.get().status == "failed"
    assert calls(emulator, "message") == 1


def test_killed_while_it_puts_a_batch_together(emulator: Emulator, tmp_path: Path) -> None:
    queue("Hail is covered.", "Fire is not.")
    call = (
        "from django.db import transaction\n"
        "with transaction.atomic():\n"
        "    assemble.assemble_one(now)\n"
        "    print('claimed', flush=True)\n"
        "    __import__('time').sleep(60)"
    )
    log = tmp_path / "stage.log"
    kill_within(call, lambda: b"claimed" in log.read_bytes(), emulator, tmp_path)
    assert not Batch.objects.exists()
    assert set(AIJob.objects.values_list("status", "attempts")) == {("queued", 0)}
    keep_going()
    assert_books_agree(emulator)
