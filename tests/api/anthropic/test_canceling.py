from datetime import timedelta

from django.utils import timezone

from aijobs.models import AIJob, Batch, Cancellation, Collection
from aijobs.pipeline import accept, assemble, dispatch, poll, settle, sweep, withdraw
from tests.api.anthropic.conftest import PATH, Program, requests_of
from tests.ground import Emulator
from tests.pipeline.steps import at

LATER = timedelta(minutes=10)


def test_what_waits_is_canceled_at_once(program: Program) -> None:
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    answer = program.post(f"{PATH}/{name}/cancel").json()
    assert answer["processing_status"] == "ended"
    assert answer["request_counts"]["canceled"] == 2
    assert answer["cancel_initiated_at"]
    assert answer["ended_at"]
    assert program.rows(name) == {"r0": {"type": "canceled"}, "r1": {"type": "canceled"}}


def test_what_is_at_anthropic_ends_there(program: Program, emulator: Emulator) -> None:
    emulator.hold()
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    now = timezone.now() + LATER
    assemble.run(now)
    dispatch.run(now, at(now))
    first = program.post(f"{PATH}/{name}/cancel").json()
    assert first["processing_status"] == "canceling"
    assert first["request_counts"]["processing"] == 2
    again = program.post(f"{PATH}/{name}/cancel").json()
    assert again["cancel_initiated_at"] == first["cancel_initiated_at"]
    assert program.read(name, "/results").status_code == 404

    emulator.release()
    poll.run(now + LATER)
    settle.run(now + LATER)
    answer = program.read(name).json()
    assert answer["processing_status"] == "ended"
    assert answer["request_counts"]["succeeded"] == 2


def test_what_comes_back_is_canceled_then(program: Program, emulator: Emulator) -> None:
    emulator.hold()
    texts = ["[[emulate:errored:overloaded_error]]", "Fire."]
    name = program.create(requests_of(*texts)).json()["id"]
    now = timezone.now() + LATER
    assemble.run(now)
    dispatch.run(now, at(now))
    program.post(f"{PATH}/{name}/cancel")
    emulator.release()
    poll.run(now + LATER)
    settle.run(now + LATER)
    assert program.read(name).json()["processing_status"] == "ended"
    counts = program.read(name).json()["request_counts"]
    assert (counts["succeeded"], counts["canceled"], counts["processing"]) == (1, 1, 0)


def test_what_comes_back_unsent_is_canceled_then(program: Program, emulator: Emulator) -> None:
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    now = timezone.now() + LATER
    assemble.run(now)
    program.post(f"{PATH}/{name}/cancel")
    assert withdraw.cancel_batch(Batch.objects.get(), Batch.AfterCancel.REQUEUE, now=now)
    counts = program.read(name).json()["request_counts"]
    assert (counts["canceled"], counts["processing"]) == (2, 0)


def test_what_came_back_at_the_same_moment_is_canceled_by_sweep(program: Program) -> None:
    name = program.create(requests_of("Hail.")).json()["id"]
    program.post(f"{PATH}/{name}/cancel")
    AIJob.objects.update(status="queued", finished_at=None)
    assert program.read(name).json()["processing_status"] == "canceling"
    sweep.run(timezone.now())
    assert program.read(name).json()["request_counts"]["canceled"] == 1


def test_whoever_asks_again_takes_it_back(program: Program) -> None:
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    now = timezone.now()
    for again in (_retry_collection, _retry_job):
        program.post(f"{PATH}/{name}/cancel")
        assert Cancellation.objects.exists()
        again()
        assert not Cancellation.objects.exists()
        sweep.run(now + LATER)
        answer = program.read(name).json()
        assert answer["processing_status"] == "in_progress"
        assert answer["cancel_initiated_at"] is None


def test_who_asks_again_for_what_cannot_be_retried_takes_nothing_back(program: Program) -> None:
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    completed = AIJob.objects.earliest("pk")
    AIJob.objects.filter(pk=completed.pk).update(status="completed", finished_at=timezone.now())
    program.post(f"{PATH}/{name}/cancel")
    assert not accept.retry_job(completed, now=timezone.now())
    assert Cancellation.objects.exists()


def _retry_collection() -> None:
    assert accept.retry_collection(Collection.objects.get(), "canceled", now=timezone.now()) == 2


def _retry_job() -> None:
    assert accept.retry_job(AIJob.objects.earliest("pk"), now=timezone.now())
