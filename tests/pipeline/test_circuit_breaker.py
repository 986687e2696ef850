"""While Anthropic would refuse everything, nothing is sent and nothing fails by it."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from aijobs.models import AIJob, Batch, CircuitBreaker, JobAttempt
from aijobs.models.breaker import FIRST_PAUSE, LONGEST_PAUSE
from aijobs.pipeline import assemble, dispatch, expedite, poll, settle
from tests.factories import make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    assert_books_agree,
    at,
    hold,
    keep_going,
    put_together,
    queue,
    send,
)

pytestmark = pytest.mark.django_db

SPEND_CAP = {"status": 429, "error_code": "enforced_spend_limit_reached"}
HOUR = timedelta(hours=1)


def send_in_vain() -> Batch:
    batch = put_together()
    assert dispatch.run(DUE, at(DUE)) == 0
    batch.refresh_from_db()
    return batch


def opened() -> CircuitBreaker:
    return CircuitBreaker.objects.get(closed_at=None)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (SPEND_CAP, "spend_limit"),
        ({"status": 429, "error_code": "contract_spend_limit_reached"}, "spend_limit"),
        ({"status": 429, "error_code": "organization_on_hold"}, "on_hold"),
        ({"status": 401}, "bad_key"),
        ({"status": 402}, "billing"),
        ({"status": 403}, "no_permission"),
        ({"status": 400, "message": "Your credit balance is too low."}, "low_credit"),
    ],
)
def test_a_refusal_of_everything_says_why(
    emulator: Emulator, fault: dict[str, Any], reason: str
) -> None:
    queue()
    emulator.order("create", "status", **fault)
    assert send_in_vain().status == "rejected"
    assert (opened().reason, opened().opened_at) == (reason, DUE)
    assert opened().message


def test_while_it_is_open_nothing_goes_out_and_jobs_stay_queued(emulator: Emulator) -> None:
    [refused] = queue()
    [behind] = queue(tenant=make_tenant())
    emulator.order("create", "status", times=0, **SPEND_CAP)
    send_in_vain()
    [waiting] = queue()
    [urgent] = queue(needed_within=0)
    soon = DUE + FIRST_PAUSE / 2
    assert not assemble.due(soon)
    assert (assemble.run(soon), dispatch.run(soon, at(soon)), expedite.run(soon, at(soon))) == (
        0,
        0,
        0,
    )
    assert not dispatch.due(soon)
    assert not expedite.due(soon)
    for job in (refused, behind, waiting, urgent):
        job.refresh_from_db()
        assert (job.status, job.attempts) == ("queued", 0)
    assert emulator.stats()["calls"]["create"] == 1
    assert "message" not in emulator.stats()["calls"]


def test_a_probe_goes_out_after_growing_pauses(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "status", times=0, **SPEND_CAP)
    send_in_vain()
    probes, now = [], DUE
    while now < DUE + HOUR * 4:
        now += MINUTE
        before = emulator.stats()["calls"]["create"]
        # More than one batch never goes out to see.
        queue(now=now - HOUR)
        assemble.run(now)
        dispatch.run(now, at(now))
        assert emulator.stats()["calls"]["create"] - before <= 1
        if emulator.stats()["calls"]["create"] > before:
            probes.append(now)
    pauses = [later - earlier for earlier, later in pairwise(probes)]
    assert pauses == sorted(pauses)
    assert (probes[0], pauses[-1]) == (DUE + FIRST_PAUSE, LONGEST_PAUSE)
    assert set(AIJob.objects.values_list("status", "attempts")) == {("queued", 0)}
    assert not JobAttempt.objects.exists()


def test_the_first_success_lets_everything_go(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "status", **SPEND_CAP)
    send_in_vain()
    queue(needed_within=0)
    queue()
    keep_going(DUE + MINUTE)
    breaker = CircuitBreaker.objects.get()
    assert breaker.closed_at
    assert breaker.closed_by == ""
    assert_books_agree(emulator)
    assert set(AIJob.objects.values_list("status", "attempts")) == {("completed", 1)}


def test_one_of_two_workers_takes_the_probe(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "status", **SPEND_CAP)
    send_in_vain()
    one, other = opened(), opened()
    assert not one.claim_probe(DUE + FIRST_PAUSE / 2)
    assert one.claim_probe(DUE + FIRST_PAUSE)
    assert not other.claim_probe(DUE + FIRST_PAUSE)


def test_polling_and_settling_go_on(emulator: Emulator) -> None:
    hold(emulator)
    queue()
    away = send()
    queue()
    emulator.order("create", "status", times=0, **SPEND_CAP)
    send_in_vain()
    assert away.remote_id
    emulator.end(away.remote_id)
    assert poll.run(DUE + MINUTE / 2) == 1
    assert settle.run(DUE + MINUTE / 2) == 1
    # What was sent before says nothing about now.
    assert opened().reason == "spend_limit"


def test_rows_without_credit_wait_for_it_and_lose_no_attempt(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 1
    queue(TEXT, f"{TEXT} [[emulate:errored:low_credit*4]]")
    keep_going(minutes=480)
    assert set(AIJob.objects.values_list("status", flat=True)) == {"completed"}
    attempts = JobAttempt.objects.order_by("number").values_list("error_type", flat=True)
    assert list(attempts) == ["low_credit"] * 4
    assert not CircuitBreaker.objects.filter(closed_at=None).exists()
    assert_books_agree(emulator)


def test_that_a_batch_is_accepted_does_not_prove_that_there_is_credit(
    emulator: Emulator,
) -> None:
    queue(f"{TEXT} [[emulate:errored:low_credit*2]]")
    batch = send()
    assert poll.run(DUE + MINUTE) == 1
    assert settle.run(DUE + MINUTE) == 1
    assert (opened().reason, opened().needs_answer) == ("low_credit", True)
    probe = DUE + MINUTE + FIRST_PAUSE
    assert assemble.run(probe) == 0
    probe += timedelta(minutes=5)
    assert assemble.run(probe) == 1
    assert dispatch.run(probe, at(probe)) == 1
    assert opened().probes == 1
    assert Batch.objects.exclude(pk=batch.pk).get().status == "submitted"


def test_an_urgent_job_waits_for_the_key_and_is_then_the_probe(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 1
    queue(needed_within=0)
    emulator.order("message", "status", status=401, times=2)
    assert expedite.run(DUE, at(DUE)) == 1
    job = AIJob.objects.get()
    assert (job.status, opened().reason) == ("queued", "bad_key")
    keep_going(DUE + FIRST_PAUSE)
    job.refresh_from_db()
    assert job.status == "completed"
    assert JobAttempt.objects.count() == 2
    assert not CircuitBreaker.objects.filter(closed_at=None).exists()
    assert_books_agree(emulator)


def test_only_one_urgent_job_goes_out_as_a_probe(emulator: Emulator) -> None:
    queue(needed_within=0)
    emulator.order("message", "status", times=0, status=402)
    assert expedite.run(DUE, at(DUE)) == 1
    queue("a", "b", "c", needed_within=0)
    probe = DUE + FIRST_PAUSE
    assert expedite.run(probe, at(probe)) == 1
    assert expedite.run(probe, at(probe)) == 0


def test_resumed_by_hand_it_stays_closed_for_what_was_sent_before(emulator: Emulator) -> None:
    queue(f"{TEXT} [[emulate:errored:low_credit*1]]")
    send()
    queue()
    emulator.order("create", "status", **SPEND_CAP)
    send_in_vain()
    assert opened().mark_closed(DUE + MINUTE / 2, by="root")
    assert poll.run(DUE + MINUTE) == 1
    assert settle.run(DUE + MINUTE) == 1
    assert not CircuitBreaker.objects.filter(closed_at=None).exists()
    assert assemble.run(DUE + MINUTE) == 1
    assert dispatch.run(DUE + MINUTE, at(DUE + MINUTE)) == 1


def test_what_is_refused_for_a_while_only_waits(emulator: Emulator) -> None:
    queue()
    emulator.order("create", "status", status=429, error_code="ramp_limit_exceeded")
    batch = send_in_vain()
    assert batch.status == "assembled"
    assert batch.retry_at
    assert batch.retry_at > DUE
    assert not CircuitBreaker.objects.exists()
    keep_going(DUE + MINUTE)
    assert emulator.stats()["batches_created"] == 1


def test_an_hour_without_network_loses_no_urgent_job(emulator: Emulator, settings: Any) -> None:
    there = settings.ANTHROPIC_BASE_URL
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    queue(needed_within=0)
    now = DUE
    while now < DUE + HOUR:
        expedite.run(now, at(now))
        now += MINUTE
    assert AIJob.objects.get().status == "queued"
    settings.ANTHROPIC_BASE_URL = there
    keep_going(now)
    assert AIJob.objects.get().status == "completed"
    assert_books_agree(emulator)
