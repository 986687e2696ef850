"""What Anthropic refuses, or cannot be asked for, costs no job its place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, JobAttempt, Submission
from aijobs.pipeline import dispatch, reconcile
from tests.ground import Emulator, free_port
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    keep_going,
    put_together,
    queue,
    submission_of,
)
from tests.proxy import Answer, between

pytestmark = pytest.mark.django_db

LONG = timedelta(minutes=10)


def send_in_vain() -> Batch:
    batch = put_together()
    assert dispatch.run(DUE, at(DUE)) == 0
    batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_jobs_of_a_refused_batch_try_again_in_another(emulator: Emulator, status: int) -> None:
    [job] = queue()
    emulator.order("create", "status", status=status)
    batch = send_in_vain()
    assert (batch.status, batch.settled_at) == ("rejected", DUE)
    job.refresh_from_db()
    assert (job.status, job.batch, job.attempts) == ("queued", None, 1)
    assert job.not_before > DUE
    attempt = JobAttempt.objects.get()
    assert (attempt.error_type, attempt.batch, attempt.number) == ("batch_refused", batch, 1)

    keep_going(DUE + MINUTE)
    assert set(Batch.objects.values_list("status", flat=True)) == {"rejected", "settled"}
    assert AIJob.objects.get().status == "completed"
    assert_books_agree(emulator)


def test_a_batch_that_is_too_large_goes_in_halves_and_costs_no_attempt(emulator: Emulator) -> None:
    queue("a", "b", "c", "d")
    emulator.order("create", "status", status=413, times=2)
    batch = put_together()
    assert dispatch.run(DUE, at(DUE)) == 0
    batch.refresh_from_db()
    assert (batch.status, batch.requests) == ("assembled", 2)
    assert AIJob.objects.filter(status="queued").count() == 2
    keep_going(DUE + MINUTE)
    assert not JobAttempt.objects.exists()
    assert_books_agree(emulator)


def test_the_page_of_a_proxy_fails_no_job(emulator: Emulator, settings: Any) -> None:
    queue("a", "b")

    def blocked(method: str, _: str, forward: Callable[[], Answer]) -> Answer:
        return Answer(403, b"<html>Blocked.</html>") if method == "POST" else forward()

    now = DUE
    with between(settings, blocked):
        put_together()
        for _ in range(20):
            dispatch.run(now, at(now))
            reconcile.run(now)
            now += MINUTE
    assert not JobAttempt.objects.exists()
    keep_going(now)
    assert_books_agree(emulator)


def test_a_job_whose_batches_are_refused_again_and_again_fails(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    queue()
    emulator.order("create", "status", status=400, times=0)
    keep_going()
    assert AIJob.objects.get().status == "failed"
    assert [attempt.number for attempt in JobAttempt.objects.order_by("number")] == [1, 2]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"status": 403},
        {"status": 402},
        {"status": 429, "error_code": "enforced_spend_limit_reached"},
        {"status": 429, "error_code": "contract_spend_limit_reached"},
        {"status": 400, "message": "Your credit balance is too low to access the API."},
    ],
)
def test_where_key_or_money_is_missing_everything_waits_and_goes_on_by_itself(
    emulator: Emulator, fault: dict[str, Any]
) -> None:
    [job] = queue()
    emulator.order("create", "status", **fault)
    batch = send_in_vain()
    assert batch.status == "rejected"
    assert "accepts nothing now" in batch.note
    assert AIJob.objects.get().status == "queued"
    assert not JobAttempt.objects.exists()
    keep_going(DUE + MINUTE)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 1)
    assert emulator.stats()["batches_created"] == 1


def test_a_bad_key_is_found_out_before_anything_is_sent(emulator: Emulator, settings: Any) -> None:
    settings.ANTHROPIC_API_KEY = "bad-key"
    queue()
    batch = send_in_vain()
    assert batch.status == "rejected"
    assert "invalid x-api-key" in batch.note
    assert set(AIJob.objects.values_list("status", "attempts")) == {("queued", 0)}
    assert emulator.stats()["creates_seen"] == 0
    settings.ANTHROPIC_API_KEY = "emulator"
    keep_going(DUE + MINUTE)
    assert_books_agree(emulator)


def test_without_a_watermark_nothing_is_sent(emulator: Emulator) -> None:
    queue()
    emulator.order("list", "drop")
    batch = send_in_vain()
    assert batch.status == "assembled"
    assert not Submission.objects.exists()
    assert emulator.stats()["creates_seen"] == 0


def test_an_hour_without_network_is_waited_out(emulator: Emulator, settings: Any) -> None:
    there = settings.ANTHROPIC_BASE_URL
    settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{free_port()}"
    [job] = queue()
    batch = put_together()
    pauses = []
    now = DUE
    while now < DUE + timedelta(hours=1):
        if dispatch.due(now):
            assert dispatch.run(now, at(now)) == 0
            batch.refresh_from_db()
            assert batch.retry_at
            pauses.append(batch.retry_at - now)
        now += timedelta(seconds=30)
    # Longer each time, and never too long to notice that the network is back.
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONG
    settings.ANTHROPIC_BASE_URL = there
    keep_going(now + LONG)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 1)


def test_a_batch_that_every_job_has_left_is_not_sent(emulator: Emulator) -> None:
    queue()
    batch = put_together()
    AIJob.objects.update(status="canceled", finished_at=DUE)
    assert dispatch.run(DUE, at(DUE)) == 0
    batch.refresh_from_db()
    assert batch.status == "rejected"
    assert emulator.stats()["creates_seen"] == 0


def test_one_batch_that_cannot_be_written_does_not_stop_the_others(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    [broken] = queue("a secret document")
    put_together()
    AIJob.objects.filter(pk=broken.pk).update(job_type="translate")
    queue()
    put_together()
    assert dispatch.run(DUE, at(DUE)) == 1
    first, second = Batch.objects.order_by("pk")
    assert (first.status, second.status) == ("assembled", "submitted")
    assert first.retry_at
    assert "UnknownJobType" in first.note
    assert "secret" not in caplog.text + first.note


def test_a_batch_holds_each_document_under_its_own_key(emulator: Emulator) -> None:
    jobs = queue("one \ud83d", "two \u2028 ", "three 👩‍👩‍👧")
    batch = put_together()
    assert dispatch.run(DUE, at(DUE)) == 1
    batch.refresh_from_db()
    submission = submission_of(batch)
    assert {submission.custom_id(job.pk) for job in jobs} == {
        f"{submission.nonce}-{job.pk.hex}" for job in jobs
    }
    sent = emulator.control("GET", f"batches/{batch.remote_id}")
    assert (sent["total"], sent["size"]) == (3, batch.request_bytes)
