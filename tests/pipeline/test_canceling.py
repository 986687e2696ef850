"""What waits can be canceled at once; a batch at Anthropic ends first, and keeps its results."""

from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import AIJob, Batch, Collection
from aijobs.pipeline import accept, poll, settle, withdraw
from aijobs.submissions import identity
from tests.factories import NOW, make_batch, make_job, make_tenant
from tests.ground import Emulator
from tests.models.rows import columns_of
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    await_end,
    hold,
    keep_going,
    put_together,
    queue,
    send,
    store_intent,
)

pytestmark = pytest.mark.django_db

CANCEL, REQUEUE = Batch.AfterCancel.CANCEL, Batch.AfterCancel.REQUEUE


def statuses() -> list[str]:
    return sorted(AIJob.objects.values_list("status", flat=True))


@pytest.mark.parametrize("status", AIJob.Status.values)
def test_a_job_is_canceled_only_while_it_waits(status: str) -> None:
    job = make_job(make_tenant(), status=status, **columns_of(status))
    waits = status == "queued"
    assert withdraw.cancel_job(job, now=NOW) is waits
    assert AIJob.objects.get().status == ("canceled" if waits else status)
    if not waits:
        assert withdraw.why_not_cancelable(status, job).endswith(".")


def test_a_collection_cancels_what_waits_and_lets_the_rest_arrive() -> None:
    tenant = make_tenant()
    accepted = accept.accept_collection(
        tenant,
        "c",
        "summarize",
        enumerate([{"document_text": "x"}] * 4, 1),
        now=NOW,
        created_by="ann",
    )
    first = AIJob.objects.earliest("pk")
    AIJob.objects.filter(pk=first.pk).update(status="processing", started_at=NOW)
    make_job(tenant)
    collection = Collection.objects.get()
    assert collection == accepted.collection
    assert withdraw.cancel_collection(collection, now=NOW) == 3
    assert statuses() == ["canceled"] * 3 + ["processing", "queued"]


@pytest.mark.parametrize(("after", "status"), [(CANCEL, "canceled"), (REQUEUE, "queued")])
def test_a_batch_that_was_not_sent_is_dissolved_at_once(after: Any, status: str) -> None:
    queue("a", "b")
    batch = put_together()
    assert withdraw.cancel_batch(batch, after, now=DUE)
    assert statuses() == [status] * 2
    assert Batch.objects.get().status == "rejected"
    # It was no attempt.
    assert set(AIJob.objects.values_list("attempts", flat=True)) == {int(after == CANCEL)}


@pytest.mark.parametrize(("after", "status"), [(CANCEL, "canceled"), (REQUEUE, "queued")])
def test_a_batch_at_anthropic_keeps_what_is_finished(
    emulator: Emulator, after: Any, status: str
) -> None:
    hold(emulator)
    emulator.control("POST", "settings", {"latency_cancel": 3_600})
    queue("One covers hail.", "Two covers hail.", "Three covers hail.")
    batch = send()
    assert withdraw.cancel_batch(batch, after, now=DUE)
    assert Batch.objects.get().status == "canceling"
    assert statuses() == ["submitted"] * 3

    await_end(batch, emulator, finished=1, rest="canceled")
    assert settle.run(DUE + MINUTE) == 1
    assert statuses() == sorted(["completed", status, status])
    emulator.control("POST", "settings", {"latency_base": 0})
    keep_going(DUE + MINUTE * 7)
    assert_books_agree(emulator)


@pytest.mark.parametrize("is_rescue", [True, False])
@pytest.mark.parametrize(("first", "then"), [(REQUEUE, CANCEL), (CANCEL, REQUEUE)])
def test_while_a_batch_is_canceled_what_becomes_of_its_jobs_can_be_changed(
    emulator: Emulator, first: Any, then: Any, is_rescue: bool
) -> None:
    hold(emulator)
    emulator.control("POST", "settings", {"latency_cancel": 3_600})
    queue("One covers hail.", "Two covers hail.")
    batch = send()
    submission = identity.current(batch)
    assert batch.mark_canceling(submission, DUE, first, is_rescue=is_rescue)
    gateway.cancel_batch(str(submission.remote_id))

    assert withdraw.cancel_batch(Batch.objects.get(), then, now=DUE + MINUTE)
    assert not withdraw.cancel_batch(Batch.objects.get(), then, now=DUE + MINUTE)
    stored = Batch.objects.get()
    assert (stored.status, stored.after_cancel, stored.canceling_at) == ("canceling", then, DUE)
    assert emulator.stats()["calls"]["cancel"] == 1

    await_end(batch, emulator, finished=1, rest="canceled")
    assert settle.run(DUE + MINUTE) == 1
    assert statuses() == sorted(["completed", "canceled" if then == CANCEL else "queued"])


@pytest.mark.parametrize("fault", [{"fault": "drop"}, {"fault": "status", "status": 529}])
def test_a_cancellation_that_was_lost_is_asked_for_again(
    emulator: Emulator, fault: dict[str, Any]
) -> None:
    hold(emulator)
    emulator.control("POST", "settings", {"latency_cancel": 0})
    queue()
    batch = send()
    emulator.order("cancel", **fault)
    with pytest.raises(gateway.GatewayError):
        withdraw.cancel_batch(batch, CANCEL, now=DUE)
    assert Batch.objects.get().status == "canceling"
    poll.run(DUE + MINUTE)
    poll.run(DUE + MINUTE * 2)
    assert settle.run(DUE + MINUTE * 2) == 1
    assert statuses() == ["canceled"]
    assert emulator.stats()["calls"]["cancel"] == 2


@pytest.mark.parametrize(
    "status", sorted({*Batch.Status.values} - {"assembled", "submitted", "canceling"})
)
def test_a_batch_past_that_is_not_canceled(status: str) -> None:
    batch = make_batch(status)
    assert not withdraw.cancel_batch(batch, CANCEL, now=DUE)
    assert Batch.objects.get().status == status


def test_of_a_dispatch_and_a_cancellation_at_once_one_wins(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    stale = Batch.objects.get()
    assert store_intent(batch)
    assert not withdraw.cancel_batch(stale, CANCEL, now=DUE)
    assert statuses() == ["submitted"]
