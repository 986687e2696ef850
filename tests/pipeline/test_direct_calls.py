"""What cannot wait for a batch runs at once at full price, and nobody pays twice for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aijobs.models import AIJob, IdempotencyKey, JobAttempt, JobInput, LedgerEntry
from aijobs.outcomes.answers import Failure
from aijobs.pipeline import expedite, sweep
from tests.factories import NOW, make_tenant
from tests.ground import Emulator, free_port
from tests.pipeline.steps import (
    MINUTE,
    TEXT,
    assert_books_agree,
    at,
    keep_going,
    queue,
    queue_classification,
)

pytestmark = pytest.mark.django_db


def run(now: Any = NOW) -> int:
    return expedite.run(now, at(now))


def test_urgent_jobs_run_side_by_side(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    emulator.control("POST", "settings", {"latency_message": 0.2})
    queue(*[f"Policy {n}." for n in range(6)], needed_within=0)
    at_once = []

    def clock() -> datetime:
        at_once.append(AIJob.objects.filter(status="processing").count())
        return NOW

    assert expedite.run(NOW, clock) == 6
    assert max(at_once) == 4
    assert run() == 0
    assert set(AIJob.objects.values_list("status", "route")) == {("completed", "sync")}
    assert_books_agree(emulator)
    assert not LedgerEntry.objects.exclude(saved_usd=0).exists()


def test_the_most_urgent_come_first(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 1
    tenant = make_tenant()
    [later] = queue(tenant=tenant, needed_within=120)
    [sooner] = queue(tenant=tenant, needed_within=60)
    claimed = expedite.claim([], NOW)
    assert claimed == [sooner]
    assert expedite.claim(claimed, NOW) == []
    assert expedite.claim([], NOW) == [later]


@pytest.mark.parametrize(
    ("fault", "error_type", "status"),
    [
        ({"fault": "status", "status": 529}, "busy", "queued"),
        ({"fault": "status", "status": 500}, "api_error", "queued"),
        ({"fault": "status", "status": 429}, "busy", "queued"),
        ({"fault": "status", "status": 400}, "invalid_request_error", "failed"),
        ({"fault": "status", "status": 403}, "permission_error", "failed"),
        ({"fault": "drop", "when": "before"}, "in_doubt", "failed"),
        ({"fault": "drop", "when": "after"}, "in_doubt", "failed"),
        ({"fault": "html"}, "in_doubt", "failed"),
    ],
)
def test_a_call_that_fails_is_repeated_only_if_nothing_was_charged(
    emulator: Emulator, fault: dict[str, Any], error_type: str, status: str
) -> None:
    [job] = queue(needed_within=0)
    emulator.order("message", **fault)
    assert run() == 1
    job.refresh_from_db()
    assert job.status == status
    attempt = JobAttempt.objects.get()
    assert (attempt.error_type, attempt.route) == (error_type, "sync")
    if status == "queued":
        assert not expedite.due(NOW)
        keep_going(NOW + MINUTE)
        assert_books_agree(emulator)
    else:
        assert run(NOW + timedelta(hours=2)) == 0


def test_without_a_connection_nothing_was_sent(emulator: Emulator, settings: Any) -> None:
    there = settings.ANTHROPIC_BASE_URL
    settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{free_port()}"
    [job] = queue(needed_within=0)
    run()
    job.refresh_from_db()
    assert job.status == "queued"
    settings.ANTHROPIC_BASE_URL = there
    keep_going(NOW + MINUTE)
    assert_books_agree(emulator)


def test_a_cut_off_answer_gets_more_room_and_a_broken_one_another_chance(
    emulator: Emulator,
) -> None:
    [cut] = queue(f"{TEXT} [[emulate:max_tokens*1]]", needed_within=0)
    broken = queue_classification("Hail on the motor hood. [[emulate:invalid_json*1]]")
    AIJob.objects.filter(pk=broken.pk).update(needed_by=NOW, route="sync")
    [refused] = queue(f"{TEXT} [[emulate:refusal]]", needed_within=0)
    keep_going(NOW)
    for job, status in ((cut, "completed"), (broken, "completed"), (refused, "failed")):
        job.refresh_from_db()
        assert job.status == status
    assert cut.max_tokens_factor == 2
    assert LedgerEntry.objects.count() == 5
    assert_books_agree(emulator)


def test_one_answer_that_cannot_be_read_does_not_lose_the_others(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    [broken, whole] = queue("a secret document", TEXT, needed_within=0)
    # What an older version stored, and this one cannot read.
    JobInput.objects.filter(job=broken).update(options={"max_length": None})
    assert run() == 2
    broken.refresh_from_db()
    whole.refresh_from_db()
    assert (broken.status, whole.status) == ("failed", "completed")
    assert "secret" not in caplog.text


def test_urgent_jobs_of_a_type_that_is_gone_wait() -> None:
    queue(needed_within=0)
    AIJob.objects.update(job_type="translate")
    assert not expedite.due(NOW)
    assert run() == 0
    assert AIJob.objects.get().status == "queued"


def test_a_direct_call_whose_worker_died_is_ended_and_not_repeated(emulator: Emulator) -> None:
    [job] = queue(needed_within=0)
    assert expedite.claim([], NOW) == [job]
    assert sweep.run(NOW + sweep.lost_after()) == 0
    late = NOW + sweep.lost_after() + timedelta(seconds=1)
    assert sweep.run(late) == 1
    job.refresh_from_db()
    assert job.status == "failed"
    assert JobAttempt.objects.get().error_type == "in_doubt"
    assert sweep.run(late) == 0
    assert emulator.stats()["messages_billed"] == 0


def test_a_late_worker_stores_nothing_over_a_newer_attempt(emulator: Emulator) -> None:
    queue(needed_within=0)
    [job] = expedite.claim([], NOW)
    sweep.run(NOW + timedelta(hours=1))
    AIJob.objects.get().mark_queued(NOW)
    [again] = expedite.claim([], NOW)
    expedite.finish(job, Failure("refusal", "late"), NOW)
    again.refresh_from_db()
    assert again.status == "processing"


def test_a_job_that_was_sent_as_often_as_can_be_counted_stops_nobody() -> None:
    [worn] = queue(needed_within=0)
    AIJob.objects.update(attempts=32_767)
    [other] = queue(needed_within=0)
    assert set(expedite.claim([], NOW)) == {worn, other}
    expedite.finish(AIJob.objects.get(pk=worn.pk), Failure("never_sent", "No connection."), NOW)
    assert AIJob.objects.get(pk=worn.pk).status == "failed"


def test_answers_to_what_the_client_no_longer_asks_are_forgotten() -> None:
    tenant = make_tenant()
    for key, age in (("old", 25), ("young", 23)):
        IdempotencyKey.objects.create(tenant=tenant, key=key, created_at=NOW - timedelta(hours=age))
    sweep.run(NOW)
    assert [one.key for one in IdempotencyKey.objects.all()] == ["young"]
