"""What becomes of a job, by what Anthropic answers: a result, another attempt, or the end."""

from typing import Any

import pytest

from aijobs.models import AIJob, CircuitBreaker, JobAttempt, LedgerEntry
from aijobs.pipeline import accept, assemble
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    assert_books_agree,
    bring_back,
    keep_going,
    queue,
    queue_classification,
    send,
)

pytestmark = pytest.mark.django_db


def errors() -> list[str]:
    return list(JobAttempt.objects.order_by("number").values_list("error_type", flat=True))


@pytest.mark.parametrize(
    ("order", "error_type", "charged"),
    [
        ("refusal", "refusal", True),
        ("model_context_window_exceeded", "model_context_window_exceeded", True),
        ("pause_turn", "unexpected_stop", True),
        ("errored:invalid_request_error", "invalid_request_error", False),
        ("errored:authentication_error", "authentication_error", False),
        ("errored:permission_error", "permission_error", False),
        ("errored:not_found_error", "not_found_error", False),
        ("errored:request_too_large", "request_too_large", False),
    ],
)
def test_what_another_attempt_would_not_change_fails_at_once(
    emulator: Emulator, order: str, error_type: str, charged: bool
) -> None:
    queue(f"{TEXT} [[emulate:{order}]]")
    bring_back(send(), emulator)
    job = AIJob.objects.get()
    assert (job.status, job.finished_at) == ("failed", DUE + MINUTE)
    attempt = JobAttempt.objects.get()
    assert (attempt.error_type, attempt.route, attempt.number) == (error_type, "batch", 1)
    assert attempt.message
    assert LedgerEntry.objects.count() == charged
    assert_books_agree(emulator)


@pytest.mark.parametrize(
    ("order", "reason"),
    [("errored:billing_error", "billing"), ("errored:low_credit", "low_credit")],
)
def test_where_the_account_is_blocked_nothing_is_wrong_with_the_job(
    emulator: Emulator, settings: Any, order: str, reason: str
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 1
    queue(f"{TEXT} [[emulate:{order}*1]]")
    bring_back(send(), emulator)
    job = AIJob.objects.get()
    assert (job.status, job.not_before) == ("queued", DUE + MINUTE)
    breaker = CircuitBreaker.objects.get()
    assert (breaker.reason, breaker.needs_answer, breaker.closed_at) == (reason, True, None)
    keep_going(DUE + MINUTE * 2)
    job.refresh_from_db()
    assert job.status == "completed"
    assert errors() == [reason]
    assert not CircuitBreaker.objects.open().exists()
    assert_books_agree(emulator)


@pytest.mark.parametrize(
    "order",
    [
        "expired",
        "errored:api_error",
        "errored:overloaded_error",
        "errored:timeout_error",
        "errored:rate_limit_error",
    ],
)
def test_what_passes_is_tried_again_in_another_batch(emulator: Emulator, order: str) -> None:
    queue(f"{TEXT} [[emulate:{order}*2]]")
    first = bring_back(send(), emulator)
    job = AIJob.objects.get()
    assert (job.status, job.batch, job.finished_at) == ("queued", None, None)
    busy = order != "expired"
    assert (job.not_before > DUE + MINUTE) is busy

    keep_going(DUE + MINUTE * 2)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 3)
    assert job.batch != first
    assert errors() == [order.removeprefix("errored:")] * 2
    assert_books_agree(emulator)


def test_what_does_not_pass_fails_after_the_last_attempt(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 2
    queue(f"{TEXT} [[emulate:errored:overloaded_error]]")
    keep_going()
    assert AIJob.objects.get().status == "failed"
    assert len(errors()) == 2
    assert emulator.stats()["batches_created"] == 2


def test_a_cut_off_answer_is_asked_for_once_more_with_more_room(emulator: Emulator) -> None:
    queue(f"{TEXT} [[emulate:max_tokens*1]]")
    bring_back(send(), emulator)
    job = AIJob.objects.get()
    assert (job.status, job.max_tokens_factor) == ("queued", 2)
    keep_going(DUE + MINUTE * 2)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 2)
    # Both answers were made, and both are charged.
    assert LedgerEntry.objects.count() == 2
    assert_books_agree(emulator)


def test_an_answer_that_is_cut_off_twice_is_a_failure(emulator: Emulator) -> None:
    queue(f"{TEXT} [[emulate:max_tokens]]")
    keep_going()
    assert AIJob.objects.get().status == "failed"
    assert errors() == ["max_tokens"] * 2
    assert_books_agree(emulator)


@pytest.mark.parametrize("order", ["invalid_json", "wrong_category"])
@pytest.mark.parametrize("times", ["*1", ""])
def test_an_answer_that_does_not_hold_is_asked_for_once_more(
    emulator: Emulator, order: str, times: str
) -> None:
    queue_classification(f"Hail on the motor hood. [[emulate:{order}{times}]]")
    keep_going()
    job = AIJob.objects.get()
    assert job.status == ("completed" if times else "failed")
    assert errors() == ["invalid_output"] * (1 if times else 2)
    assert job.max_tokens_factor == 1
    assert_books_agree(emulator)


def test_an_empty_answer_is_no_summary(emulator: Emulator) -> None:
    queue(f"{TEXT} [[emulate:empty]]")
    keep_going()
    assert AIJob.objects.get().status == "failed"
    assert errors() == ["invalid_output"] * 2


def test_the_text_of_an_answer_is_joined_from_its_text_blocks(emulator: Emulator) -> None:
    queue(TEXT, f"{TEXT} [[emulate:extra_blocks]]")
    bring_back(send(), emulator)
    plain, joined = AIJob.objects.order_by("pk")
    assert {plain.status, joined.status} == {"completed"}
    assert plain.output.result["summary"].strip() == joined.output.result["summary"].strip()


def test_many_outcomes_in_one_batch_end_each_job_rightly(emulator: Emulator) -> None:
    wanted = {
        TEXT: "completed",
        f"{TEXT} [[emulate:refusal]]": "failed",
        f"{TEXT} [[emulate:errored:invalid_request_error]]": "failed",
        f"{TEXT} [[emulate:expired*1]]": "completed",
        f"{TEXT} [[emulate:canceled*1]]": "completed",
        f"{TEXT} [[emulate:errored:api_error*1]]": "completed",
    }
    jobs = queue(*wanted)
    keep_going()
    found = dict(AIJob.objects.values_list("pk", "status"))
    assert [found[job.pk] for job in jobs] == list(wanted.values())
    assert_books_agree(emulator)


def test_a_retry_by_hand_begins_where_it_failed(emulator: Emulator) -> None:
    queue(f"{TEXT} [[emulate:refusal*1]]")
    bring_back(send(), emulator)
    job = AIJob.objects.get()
    assert accept.retry_job(job, now=DUE + MINUTE * 2)
    assert assemble.run(DUE + MINUTE * 2) == 0
    keep_going(DUE + MINUTE * 10)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("completed", 2)
    assert errors() == ["refusal"]
    assert_books_agree(emulator)
