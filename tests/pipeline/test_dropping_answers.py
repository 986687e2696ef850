"""What is canceled on its way goes on and is charged; its answer is kept by nobody."""

from collections import Counter
from tempfile import TemporaryFile

import pytest
from django.db.models import Sum

from aijobs import gateway
from aijobs.models import (
    AIJob,
    Batch,
    Cancellation,
    Collection,
    JobAttempt,
    JobOutput,
    LedgerEntry,
    Operation,
    Reservation,
)
from aijobs.outcomes.answers import Billed, Success
from aijobs.pipeline import accept, apply, assemble, dispatch, expedite, settle, share, withdraw
from aijobs.pipeline.withdraw import Withdrawn
from aijobs.pricing import Usage
from aijobs.submissions.results import lines
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    bring_back,
    hold,
    keep_going,
    put_together,
    queue,
    send,
    submission_of,
)

pytestmark = pytest.mark.django_db

LATER = DUE + MINUTE


def collection_of(texts: int) -> Collection:
    items = enumerate([{"document_text": f"Policy {number}."} for number in range(texts)], 1)
    tenant = make_tenant()
    return accept.accept_collection(
        tenant, "May", "summarize", items, now=NOW, created_by="ann"
    ).collection


def statuses() -> list[str]:
    return sorted(AIJob.objects.values_list("status", flat=True))


def reserved() -> int:
    return Reservation.objects.aggregate(jobs=Sum("jobs"))["jobs"] or 0


def test_a_job_at_anthropic_is_charged_and_ends_canceled(emulator: Emulator) -> None:
    hold(emulator)
    dropped, kept = queue("One covers hail.", "Two covers hail.")
    batch = send()
    assert withdraw.withdraw_job(dropped, now=LATER) == Withdrawn(canceled=0, dropped=1)
    assert statuses() == ["submitted", "submitted"]
    assert reserved() == 2

    bring_back(batch, emulator, finished=2)

    dropped.refresh_from_db()
    kept.refresh_from_db()
    assert (dropped.status, kept.status) == ("canceled", "completed")
    assert JobOutput.objects.get().pk == kept.pk
    assert LedgerEntry.objects.filter(job_id=dropped.pk).count() == 1
    assert JobAttempt.objects.get(job=dropped).error_type == "dropped"
    assert reserved() == 0
    assert_books_agree(emulator)


@pytest.mark.parametrize("rest", ["expired", "canceled"])
def test_what_brought_no_answer_is_not_sent_again(emulator: Emulator, rest: str) -> None:
    hold(emulator)
    collection = collection_of(2)
    batch = send()
    assert withdraw.withdraw_collection(collection, drops=True, now=LATER).dropped == 2
    bring_back(batch, emulator, finished=0, rest=rest)
    assert statuses() == ["canceled", "canceled"]
    assert_books_agree(emulator)


def test_what_waits_and_what_was_not_sent_yet_is_canceled_for_nothing(emulator: Emulator) -> None:
    stays = queue("Another's.")[0]
    collection = collection_of(3)
    batch = put_together()
    assert withdraw.withdraw_collection(collection, drops=True, now=DUE) == Withdrawn(3, 0)
    batch.refresh_from_db()
    assert batch.requests == 1
    assert statuses() == ["canceled"] * 3 + ["submitted"]
    assert set(AIJob.objects.filter(collection=collection).values_list("attempts", flat=True)) == {
        0
    }
    assert reserved() == 1

    keep_going(DUE)
    stays.refresh_from_db()
    assert stays.status == "completed"
    assert LedgerEntry.objects.count() == 1
    assert_books_agree(emulator)


def test_what_was_dropped_before_its_batch_came_back_leaves_it_with_the_others(
    emulator: Emulator,
) -> None:
    """It was not sent after all: nobody pays for what is not wanted."""
    first, second, stays = queue("One.", "Two.", "Three.")
    batch = put_together()
    assert batch.mark_submitting(requests=3, request_bytes=3_000)
    assert withdraw.withdraw_job(first, now=LATER).dropped == 1
    batch.refresh_from_db()
    assert batch.mark_unsent(LATER, "Nobody answered.")

    jobs = AIJob.objects.filter(pk__in=(first.pk, second.pk))
    assert withdraw.withdraw_jobs(first.tenant, jobs, LATER + MINUTE).canceled == 2

    batch.refresh_from_db()
    assert batch.requests == AIJob.objects.filter(batch=batch).count()
    assert statuses() == ["canceled", "canceled", "submitted"]
    keep_going(LATER + 2 * MINUTE)
    stays.refresh_from_db()
    assert stays.status == "completed"
    assert LedgerEntry.objects.count() == 1
    assert_books_agree(emulator)


def test_a_batch_that_all_jobs_left_is_dissolved(emulator: Emulator) -> None:
    collection = collection_of(2)
    batch = put_together()
    assert withdraw.withdraw_collection(collection, drops=True, now=DUE) == Withdrawn(2, 0)
    dispatch.run(DUE, at(DUE))
    batch.refresh_from_db()
    assert batch.status == "rejected"
    assert emulator.stats()["batches_created"] == 0


def test_answers_may_be_kept_and_nothing_is_sent_again(emulator: Emulator) -> None:
    hold(emulator)
    collection = collection_of(3)
    batch = send()
    make_job(collection.tenant, collection=collection)
    withdrawn = withdraw.withdraw_collection(collection, drops=False, now=LATER)
    assert withdrawn == Withdrawn(canceled=1, dropped=0)
    assert Cancellation.objects.exists()
    bring_back(batch, emulator, finished=2, rest="expired")
    assert statuses() == ["canceled", "canceled", "completed", "completed"]


def test_what_is_over_stays_as_it_is() -> None:
    tenant = make_tenant()
    for status in AIJob.FINAL:
        job = make_job(tenant, status=status, finished_at=NOW)
        assert withdraw.withdraw_job(job, now=DUE) == Withdrawn(0, 0)
    assert not AIJob.objects.exclude(dropped_at=None).exists()


def test_a_direct_call_is_charged_and_not_kept(emulator: Emulator) -> None:
    [job] = queue(needed_within=0)
    claimed = AIJob.objects.get()
    assert AIJob.objects.filter(pk=job.pk).update(status="processing", started_at=NOW, attempts=1)
    claimed.refresh_from_db()
    assert withdraw.withdraw_job(claimed, now=NOW).dropped == 1
    billed = Billed("claude-haiku-5-5", "end_turn", Usage(input_tokens=10, output_tokens=5))
    expedite.finish(claimed, Success({"summary": "x"}, billed), NOW)
    job.refresh_from_db()
    assert job.status == "canceled"
    assert LedgerEntry.objects.count() == 1
    assert not JobOutput.objects.exists()


def test_a_dropped_job_that_is_asked_for_again_leaves_its_batch_complete(
    emulator: Emulator,
) -> None:
    """It was asked for again while other rows of its batch were still to be stored."""
    hold(emulator)
    first, _ = queue("One covers hail.", "Two covers hail.")
    batch = send()
    withdraw.withdraw_job(first, now=LATER)
    await_end(batch, emulator, finished=2)
    submission = submission_of(batch)
    with TemporaryFile() as results:
        gateway.download_results(str(submission.remote_id), results)
        rows = dict(zip(settle.check(submission, results), lines(results), strict=True))
    settle.store(submission, {first.pk.hex: rows[first.pk.hex]}, LATER, Counter())
    first.refresh_from_db()
    assert first.status == "canceled"
    assert accept.retry_job(first, now=LATER)
    first.refresh_from_db()
    assert (first.status, first.dropped_at) == ("queued", None)

    emulator.release()
    keep_going(LATER)
    assert statuses() == ["completed", "completed"]
    assert LedgerEntry.objects.filter(job_id=first.pk).count() == 2
    assert_books_agree(emulator)


def test_who_waits_for_its_answer_is_sent_by_itself(emulator: Emulator) -> None:
    hold(emulator)
    tenant = make_tenant(repeat_days=7)
    [first] = queue(tenant=tenant)
    batch = send()
    [waiting] = queue(tenant=tenant, now=DUE)
    assert waiting.answered_by == first.pk
    withdraw.withdraw_job(first, now=DUE)
    bring_back(batch, emulator, finished=1)
    assert share.run(LATER) == 1
    waiting.refresh_from_db()
    assert waiting.status == "queued"
    assert waiting.answered_by is None


def test_many_are_dropped_by_an_operation(emulator: Emulator) -> None:
    hold(emulator)
    tenant = make_tenant()
    queue("One.", "Two.", tenant=tenant)
    batch = send()
    queue("Three.", tenant=tenant)
    make_job(tenant, status="failed", finished_at=NOW)
    jobs = AIJob.objects.of(tenant)
    operation = apply.ask(tenant, Operation.Kind.DROP, jobs, by="ann", now=LATER)
    apply.run(LATER)
    operation.refresh_from_db()
    assert (operation.status, operation.changed) == ("completed", 3)
    assert operation.skipped == {"failed": 1}
    assert apply.why("drop", "failed")

    again = apply.ask(tenant, Operation.Kind.DROP, jobs, by="ann", now=LATER + MINUTE)
    apply.run(LATER + MINUTE)
    again.refresh_from_db()
    assert (again.changed, again.skipped) == (0, {"failed": 1, "canceled": 3})
    bring_back(batch, emulator, finished=2)
    assert statuses() == ["canceled"] * 3 + ["failed"]
    assemble.run(LATER)
    assert Batch.objects.count() == 1
