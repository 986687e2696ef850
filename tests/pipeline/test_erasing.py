"""What is erased is gone: here at once or when it has ended, at Anthropic when that is settled."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
    Operation,
    Question,
    Quote,
    QuotePiece,
    Reservation,
    StatusCounter,
    Submission,
    UsageRollup,
    new_id,
)
from aijobs.outcomes import endings
from aijobs.pipeline import (
    accept,
    apply,
    dispatch,
    erase,
    expedite,
    poll,
    reconcile,
    settle,
    share,
    sweep,
    withdraw,
)
from tests.api.rows import make_quote
from tests.factories import NOW, make_batch, make_job, make_submission, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    at,
    await_end,
    bring_back,
    hold,
    keep_going,
    put_together,
    queue,
    queue_classification,
    send,
)
from tests.pipeline.strangers import send_into_doubt
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db

LATER = DUE + timedelta(hours=2)
CONTENT = (JobDocument, JobInput, JobOutput, JobAttempt)


def nothing_is_left() -> bool:
    return not any(model._default_manager.exists() for model in (*CONTENT, AIJob, Question))


def at_anthropic(emulator: Emulator) -> dict[str, int]:
    batches: dict[str, int] = emulator.stats()["batches"]
    return batches


def test_a_job_that_has_ended_is_gone_at_once_and_its_charge_stays(emulator: Emulator) -> None:
    [job] = queue(f"{TEXT} [[emulate:expired*1]]", tenant=make_tenant(repeat_days=7))
    keep_going()
    job.refresh_from_db()
    charges, spent = list(LedgerEntry.objects.values()), UsageRollup.objects.count()

    assert erase.erase_job(job, by="ann", now=LATER) is None

    assert nothing_is_left()
    assert list(LedgerEntry.objects.values()) == charges
    assert len(charges) == 1
    assert UsageRollup.objects.count() == spent
    assert set(Batch.objects.values_list("holds_erased", flat=True)) == {True}


def test_a_job_that_waits_is_canceled_and_gone(emulator: Emulator) -> None:
    [job] = queue()
    assert erase.erase_job(job, by="ann", now=DUE) is None
    assert nothing_is_left()
    assert Reservation.objects.total() == 0
    keep_going()
    assert emulator.stats()["creates_seen"] == 0


def test_a_job_in_a_batch_is_hidden_and_goes_when_the_batch_is_settled(emulator: Emulator) -> None:
    one, other = queue(TEXT, "Another text. " * 9)
    batch = send()
    operation = erase.erase_job(one, by="ann", now=DUE)
    assert operation
    assert list(AIJob.objects.of(one.tenant)) == list(AIJob.objects.filter(pk=other.pk))
    assert erase.run(DUE + MINUTE) == 0

    bring_back(batch, emulator)
    assert not JobOutput.objects.filter(pk=one.pk).exists()
    assert JobOutput.objects.filter(pk=other.pk).exists()
    assert LedgerEntry.objects.filter(job_id=one.pk).count() == 1
    assert erase.run(LATER) == 1

    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.changed) == ("completed", 1, 1)
    assert list(AIJob.objects.values_list("pk", flat=True)) == [other.pk]


@pytest.mark.parametrize("end", ["refusal", "expired*1", "invalid"])
def test_nothing_is_sent_again_that_is_being_erased(emulator: Emulator, end: str) -> None:
    [job] = queue(f"{TEXT} [[emulate:{end}]]")
    batch = send()
    erase.erase_job(job, by="ann", now=DUE)
    bring_back(batch, emulator)
    job.refresh_from_db()
    assert job.status == "canceled"
    assert not JobAttempt.objects.exists()
    assert erase.run(LATER) == 1
    assert nothing_is_left()
    assert emulator.stats()["creates_seen"] == 1


def test_a_batch_that_was_not_sent_yet_takes_the_erased_job_along(emulator: Emulator) -> None:
    """Its request may be on its way to Anthropic at this moment."""
    [job] = queue()
    put_together()
    assert erase.erase_job(job, by="ann", now=DUE)
    for minute in range(1, 5):
        now = DUE + MINUTE * minute
        dispatch.run(now, at(now))
        poll.run(now)
        settle.run(now)
    erase.run(LATER)
    assert nothing_is_left()
    assert LedgerEntry.objects.count() == 1


def test_a_direct_call_under_way_is_charged_and_not_stored(emulator: Emulator) -> None:
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    operation = erase.erase_job(job, by="ann", now=NOW)
    assert operation
    assert erase.run(NOW + MINUTE) == 0
    expedite.finish(job, expedite.ask(job), NOW)
    assert not JobOutput.objects.exists()
    assert LedgerEntry.objects.count() == 1
    assert erase.run(LATER) == 1
    assert nothing_is_left()


def test_an_answer_that_comes_after_its_job_is_gone_is_charged(emulator: Emulator) -> None:
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    sweep.rescue(NOW + timedelta(hours=1))
    failed = AIJob.objects.get()
    assert erase.erase_job(failed, by="ann", now=LATER) is None
    expedite.finish(job, expedite.ask(job), LATER)
    assert nothing_is_left()
    assert LedgerEntry.objects.count() == 1


def test_a_job_whose_attempt_is_in_an_open_batch_stays_until_it_is_settled(
    emulator: Emulator,
) -> None:
    """The batch could not account for its rows without it."""
    [job, _] = queue(f"{TEXT} [[emulate:refusal]]", "Another text. " * 9)
    batch = bring_back(send(), emulator)
    Batch.objects.filter(pk=batch.pk).update(status="ended")
    job.refresh_from_db()
    assert job.status == "failed"
    operation = erase.erase_job(job, by="ann", now=DUE)
    assert operation
    assert erase.run(DUE + MINUTE) == 0
    assert settle.run(DUE + MINUTE) == 1
    assert erase.run(LATER) == 1


def test_a_collection_may_have_jobs_that_are_being_erased_already(emulator: Emulator) -> None:
    tenant = make_tenant()
    items = enumerate([{"document_text": f"Text {number}."} for number in range(3)], 1)
    found = accept.accept_collection(tenant, "May", "summarize", items, now=NOW, created_by="ann")
    emulator.hold()
    batch = send()
    first = AIJob.objects.order_by("pk")[0]
    alone = erase.erase_job(first, by="ann", now=DUE)
    whole = erase.erase_collection(found.collection, by="ann", now=DUE)
    assert alone
    assert whole
    assert (whole.total, whole.done) == (3, 0)

    emulator.release()
    bring_back(batch, emulator)
    erase.run(LATER)
    erase.run(LATER + MINUTE)
    for operation in (alone, whole):
        operation.refresh_from_db()
        assert operation.status == "completed"
        assert operation.done == operation.changed == operation.total
    assert nothing_is_left()
    assert not Collection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_settles_the_jobs_of_a_collection_and_whoever_erases_it_wait_in_turn() -> None:
    """Settle locks jobs one after the other, by their ids, whatever their places in the table."""
    collection, batch = make_collection(make_tenant()), make_batch()
    jobs = [
        make_job(collection.tenant, collection=collection, status="submitted", batch=batch)
        for _ in range(2)
    ]
    first, second = sorted(jobs, key=lambda job: job.pk)
    AIJob.objects.filter(pk=first.pk).update(attempts=1)  # Its row is behind the other one now.

    def erase_it() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # As PostgreSQL does where a collection is most of the table.
                cursor.execute("SET LOCAL enable_indexscan = off")
                cursor.execute("SET LOCAL enable_bitmapscan = off")
                erase.erase_collection(collection, by="ann", now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            endings.lock_jobs([first.pk], status="submitted", batch=batch)
            erasing = pool.submit(erase_it)
            assert not wait([erasing], 0.5).done
            endings.lock_jobs([second.pk], status="submitted", batch=batch)
        erasing.result(10)
    assert AIJob.objects.filter(erasing_since=NOW).count() == 2


def test_a_collection_goes_with_its_jobs_quotes_and_counters() -> None:
    tenant = make_tenant(repeat_days=7)
    items = enumerate([{"document_text": f"Text {number}."} for number in range(5)], 1)
    found = accept.accept_collection(
        tenant, "May", "summarize", items, now=NOW, created_by="ann", trial=2
    )
    make_quote(tenant, new_id(NOW), "summarize")
    quote = Quote.objects.get()
    Quote.objects.filter(pk=quote.pk).update(
        collection_id=found.collection.pk,
        confirmed_at=NOW,
        queued={"collection_id": str(found.collection.pk), "rejected": [{"row": 1}]},
    )
    QuotePiece.objects.create(
        quote=quote, file=0, field="file", name="a.csv", media_type="text/csv", number=1, data=b"x"
    )
    assert erase.erase_collection(found.collection, by="ann", now=DUE) is None

    assert nothing_is_left()
    for model in (Collection, StatusCounter, QuotePiece):
        assert not model._default_manager.exists(), model
    quote.refresh_from_db()
    assert quote.fields is None
    assert (quote.answer["warnings"], quote.queued["rejected"]) == ([], [])
    assert quote.likely_usd is not None


def test_a_large_collection_goes_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "AT_ONCE", 2)
    monkeypatch.setattr(erase, "PIECE_JOBS", 2)
    items = enumerate([{"document_text": f"Text {number}."} for number in range(5)], 1)
    tenant = make_tenant()
    found = accept.accept_collection(tenant, "May", "summarize", items, now=NOW, created_by="ann")
    operation = erase.erase_collection(found.collection, by="ann", now=DUE)
    assert operation
    assert not AIJob.objects.of(tenant).exists()
    assert not Collection.objects.of(tenant).exists()
    assert AIJob.objects.count() == 5
    monkeypatch.setattr(erase, "MOST_PIECES", 2)
    assert erase.run(DUE) == 4
    operation.refresh_from_db()
    assert (operation.status, operation.done, operation.total) == ("running", 4, 5)
    assert erase.run(DUE) == 1
    operation.refresh_from_db()
    assert (operation.status, operation.done) == ("completed", 5)
    assert nothing_is_left()
    assert not Collection.objects.exists()


def test_copies_of_a_result_stay_and_the_question_is_asked_anew(emulator: Emulator) -> None:
    tenant = make_tenant(repeat_days=7)
    [first] = queue(tenant=tenant)
    keep_going()
    [copy] = queue(tenant=tenant, now=LATER)
    assert (copy.status, copy.answered_by) == ("completed", first.pk)

    first.refresh_from_db()
    assert erase.erase_job(first, by="ann", now=LATER) is None

    assert JobOutput.objects.filter(pk=copy.pk).exists()
    [third] = queue(tenant=tenant, now=LATER)
    assert third.status == "queued"
    assert third.answered_by is None


def test_who_waits_for_a_job_that_is_erased_is_sent_by_itself(emulator: Emulator) -> None:
    hold(emulator)
    tenant = make_tenant(repeat_days=7)
    [first] = queue(tenant=tenant)
    send()
    [waiting] = queue(tenant=tenant, now=DUE)
    assert waiting.answered_by == first.pk
    assert erase.erase_job(first, by="ann", now=DUE)
    assert share.due(DUE)
    assert share.run(DUE) == 1
    waiting.refresh_from_db()
    assert waiting.status == "queued"
    assert waiting.answered_by is None


def test_anthropics_copy_goes_once_it_is_settled_and_not_before(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    one, _ = queue(TEXT, "Another text. " * 9)
    batch = await_end(send(), emulator)
    erase.erase_job(one, by="ann", now=DUE)
    erase.run(DUE + MINUTE)
    sweep.run(DUE + MINUTE)
    assert at_anthropic(emulator) == {"ended": 1}
    assert settle.run(DUE + MINUTE) == 1
    erase.run(LATER)
    emulator.order("delete", "status", status=529)
    sweep.run(LATER)
    assert at_anthropic(emulator) == {"ended": 1}
    sweep.run(LATER + MINUTE)
    assert at_anthropic(emulator) == {"deleted": 1}
    batch.refresh_from_db()
    assert batch.remote_deleted_at == LATER + MINUTE
    sweep.run(LATER + MINUTE * 2)
    assert emulator.stats()["calls"]["delete"] == 2


def test_a_copy_that_anthropic_has_no_more_counts_as_gone(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    [job] = queue()
    batch = bring_back(send(), emulator)
    emulator.order("delete", "status", status=404)
    job.refresh_from_db()
    erase.erase_job(job, by="ann", now=DUE)
    sweep.run(LATER)
    batch.refresh_from_db()
    assert batch.remote_deleted_at == LATER


def test_a_late_duplicate_is_deleted_once_its_cost_is_written_down(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    [job] = queue()
    batch = bring_back(send(), emulator)
    duplicate = make_submission(batch, "duplicate", sent_at=NOW)
    job.refresh_from_db()
    erase.erase_job(job, by="ann", now=DUE)
    emulator.order("retrieve", "status", status=503)
    sweep.run(LATER)
    duplicate.refresh_from_db()
    assert duplicate.remote_deleted_at is None
    Submission.objects.filter(pk=duplicate.pk).update(ended_at=DUE)
    sweep.run(LATER + MINUTE)
    duplicate.refresh_from_db()
    assert duplicate.remote_deleted_at == LATER + MINUTE


def test_erasing_twice_finds_nothing_the_second_time() -> None:
    [job] = queue()
    assert erase.erase_job(job, by="ann", now=DUE) is None
    with pytest.raises(AIJob.DoesNotExist):
        erase.erase_job(job, by="ann", now=DUE)


def test_an_erased_job_is_in_no_operation(emulator: Emulator) -> None:
    hold(emulator)
    job = queue_classification(TEXT)
    send()
    erase.erase_job(job, by="ann", now=DUE)
    operation = apply.ask(
        job.tenant, Operation.Kind.CANCEL, AIJob.objects.of(job.tenant), by="ann", now=DUE
    )
    assert (operation.total, operation.status) == (0, "completed")


def test_a_batch_that_comes_to_nothing_sends_the_others_alone(emulator: Emulator) -> None:
    one, other = queue(TEXT, "Another text. " * 9)
    batch = put_together()
    erase.erase_job(one, by="ann", now=DUE)
    assert withdraw.cancel_batch(batch, Batch.AfterCancel.REQUEUE, now=DUE)
    statuses = dict(AIJob.objects.values_list("pk", "status"))
    assert statuses == {one.pk: "canceled", other.pk: "queued"}
    assert erase.run(DUE + MINUTE) == 1
    keep_going(DUE + MINUTE)
    assert emulator.stats()["requests_received"] == 1


def test_staff_who_retry_a_batch_bring_nothing_back_that_is_being_erased(
    emulator: Emulator,
) -> None:
    [job, _] = queue(f"{TEXT} [[emulate:refusal]]", "Another text. " * 9)
    batch = bring_back(send(), emulator)
    AIJob.objects.filter(pk=job.pk).update(erasing_since=DUE)
    assert accept.retry_batch(batch, now=DUE) == 0
    assert not AIJob.objects.get(pk=job.pk).mark_queued(DUE)


def test_what_is_in_doubt_goes_once_it_is_found_and_settled(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    [job] = queue()
    send_into_doubt(emulator, DUE, made=True)
    assert erase.erase_job(job, by="ann", now=DUE)
    now = DUE
    for _ in range(6):
        now += MINUTE
        for stage in (reconcile, poll, settle, erase, sweep):
            stage.run(now)
    assert nothing_is_left()
    assert at_anthropic(emulator) == {"deleted": 1}


def test_the_copy_that_reconcile_needs_stays_until_the_doubt_is_over(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 20
    [job] = queue()
    bring_back(send(), emulator)
    job.refresh_from_db()
    assert erase.erase_job(job, by="ann", now=DUE + MINUTE) is None
    queue(now=DUE)
    send_into_doubt(emulator, DUE + timedelta(days=1), made=True)
    sweep.run(DUE + timedelta(days=1))
    assert "deleted" not in at_anthropic(emulator)
    keep_going(DUE + timedelta(days=1) + MINUTE)
    sweep.run(DUE + timedelta(days=2))
    assert at_anthropic(emulator) == {"deleted": 1, "ended": 1}


def test_a_late_answer_of_what_is_erased_and_given_up_is_charged_once(emulator: Emulator) -> None:
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    erase.erase_job(job, by="ann", now=NOW)
    sweep.rescue(NOW + timedelta(hours=1))
    outcome = expedite.ask(job)
    for _ in range(2):
        expedite.finish(job, outcome, LATER)
    assert not JobOutput.objects.exists()
    assert LedgerEntry.objects.count() == 1
