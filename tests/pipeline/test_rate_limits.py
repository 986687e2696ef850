"""Direct calls keep to what Anthropic has room for, and wait when it says so, at no loss."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.models import AIJob, JobAttempt, JobInput, RateBucket, RateLimit
from aijobs.pipeline import expedite
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import assert_books_agree, at, queue, queue_classification

pytestmark = pytest.mark.django_db

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
SECOND = timedelta(seconds=1)


def run(now: datetime = NOW) -> int:
    return expedite.run(now, at(now))


def refuse(
    model: str = HAIKU, *, sent_at: datetime = NOW, now: datetime = NOW, seconds: float = 10
) -> RateLimit:
    until = now + timedelta(seconds=seconds)
    RateLimit.mark_refused(model, sent_at=sent_at, until=until, most=16, now=now)
    return RateLimit.objects.get(model=model)


def tell(kind: str, size: int, left: int, now: datetime = NOW, model: str = HAIKU) -> None:
    full_at = now + 60 * SECOND
    RateBucket.mark_told(model, kind, size=size, left=left, full_at=full_at, now=now)


def queue_for(model: str, count: int, tenant: Tenant, **wishes: Any) -> list[AIJob]:
    """Summaries that are asked of a model of their own."""
    jobs = queue(*[f"Policy {n}." for n in range(count)], tenant=tenant, needed_within=0, **wishes)
    JobInput.objects.filter(job__in=jobs).update(model=model)
    return jobs


@pytest.mark.parametrize("status", [429, 529])
def test_a_busy_anthropic_is_left_alone_until_it_said_and_no_attempt_is_lost(
    emulator: Emulator, settings: Any, status: int
) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 1
    tenant = make_tenant()
    [job] = queue(tenant=tenant, needed_within=0)
    emulator.order("message", "status", status=status, retry_after_seconds=20, times=2)
    assert run() == 1
    job.refresh_from_db()
    assert (job.status, job.not_before) == ("queued", NOW + 20 * SECOND)
    # Nor does another job of the same model start, in whichever worker.
    queue("Another.", tenant=tenant, needed_within=0)
    assert not expedite.due(NOW + 19 * SECOND)
    assert run(NOW + 19 * SECOND) == 0
    assert run(NOW + 21 * SECOND) == 2
    assert run(NOW + 42 * SECOND) == 1
    assert {one.error_type for one in JobAttempt.objects.all()} == {"busy"}
    assert_books_agree(emulator)


def test_a_job_that_anthropic_never_has_room_for_fails_and_says_why(emulator: Emulator) -> None:
    [job] = queue(needed_within=0)
    AIJob.objects.filter(pk=job.pk).update(attempts=99)
    JobAttempt.objects.bulk_create(
        JobAttempt(job=job, number=number, route="sync", error_type="busy", ended_at=NOW)
        for number in range(1, 100)
    )
    emulator.order("message", "status", status=429)
    assert run() == 1
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("failed", 100)
    assert "no room for it 100 times" in job.failed_attempts.get(number=100).message


def test_who_does_not_say_for_how_long_is_left_alone_for_ten_seconds(emulator: Emulator) -> None:
    queue(needed_within=0)
    emulator.order("message", "status", status=529)
    assert run() == 1
    assert RateLimit.objects.get().paused_until == NOW + 10 * SECOND


def test_another_model_goes_on(emulator: Emulator, settings: Any) -> None:
    refuse()
    analysis = queue_classification("Hail on the motor hood.")
    AIJob.objects.filter(pk=analysis.pk).update(needed_by=NOW, route="sync")
    assert run() == 0
    analysis.kind.model = "claude-sonnet-5-5"
    try:
        assert run() == 1
    finally:
        analysis.kind.model = HAIKU


def test_a_job_with_a_model_of_its_own_keeps_to_the_limits_of_that_one(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 16
    tenant = make_tenant()
    [by_haiku] = queue(tenant=tenant, needed_within=0)
    by_sonnet = queue_for(SONNET, 3, tenant)
    refuse(HAIKU)
    tell("requests", size=60, left=2, model=SONNET)
    claimed = expedite.claim([], NOW)
    assert len(claimed) == 2
    assert set(claimed) < set(by_sonnet)
    assert RateBucket.objects.get().level == 0
    assert by_haiku in expedite.claim(claimed, NOW + 11 * SECOND)


@pytest.mark.parametrize(("paused", "open_one"), [(HAIKU, SONNET), (SONNET, HAIKU)])
def test_jobs_of_a_model_that_is_paused_stand_in_the_way_of_no_others(
    settings: Any, paused: str, open_one: str
) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 1
    tenant = make_tenant()
    own = {HAIKU: "", SONNET: SONNET}
    # More of them than a claim looks at, and all of them come first.
    queue_for(own[paused], 5, tenant)
    [behind] = queue_for(own[open_one], 1, tenant, now=NOW + SECOND)
    refuse(paused)
    assert expedite.due(NOW + SECOND)
    assert expedite.claim([], NOW + SECOND) == [behind]
    assert not expedite.due(NOW + SECOND)


def test_nothing_holds_the_jobs_of_a_model_that_no_answer_has_told_of(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 4
    queue_for("claude-of-an-earlier-setting", 3, make_tenant())
    refuse(HAIKU)
    tell("requests", size=60, left=0, model=SONNET)
    assert len(expedite.claim([], NOW)) == 3


def test_calls_side_by_side_are_halved_once_by_those_refused_together() -> None:
    assert refuse().at_once == 8
    assert refuse(sent_at=NOW - SECOND, seconds=5).at_once == 8
    assert RateLimit.objects.get().paused_until == NOW + 10 * SECOND
    later = NOW + 20 * SECOND
    assert refuse(sent_at=later, now=later).at_once == 4
    for n in range(1, 9):
        refuse(sent_at=later + n * SECOND, now=later + n * SECOND)
    assert RateLimit.objects.get().at_once == 1


def test_one_more_runs_side_by_side_after_as_many_answers_as_run() -> None:
    for n in range(2):
        refuse(sent_at=NOW + n * SECOND, now=NOW + n * SECOND)
    for _ in range(5):
        RateLimit.mark_answered(HAIKU, most=16)
    assert 5 < RateLimit.objects.get().at_once < 5.2
    for _ in range(500):
        RateLimit.mark_answered(HAIKU, most=16)
    assert RateLimit.objects.get().at_once == 16


def test_no_more_start_than_may_run_side_by_side(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 16
    refuse(seconds=0)
    refuse(sent_at=NOW + SECOND, now=NOW + SECOND, seconds=0)
    tenant = make_tenant()
    queue(*[f"Policy {n}." for n in range(10)], tenant=tenant, needed_within=0)
    running = expedite.claim([], NOW + 2 * SECOND)
    assert len(running) == 4
    assert expedite.claim(running, NOW + 2 * SECOND) == []
    assert len(expedite.claim(running[1:], NOW + 2 * SECOND)) == 1


def test_a_bucket_of_requests_fills_evenly(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 16
    tell("requests", size=60, left=3)
    queue(*[f"Policy {n}." for n in range(10)], needed_within=0)
    assert len(expedite.claim([], NOW)) == 3
    assert expedite.claim([], NOW) == []
    # 57 are missing, and will be there within a minute.
    assert len(expedite.claim([], NOW + 2.2 * SECOND)) == 2


def test_the_expected_tokens_of_prompts_are_taken_before_the_calls(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 16
    queue(*[f"Policy {n}." for n in range(4)], needed_within=0)
    JobInput.objects.update(expected_tokens=1_000)
    tell("input-tokens", size=10_000, left=2_500)
    assert len(expedite.claim([], NOW)) == 2
    assert RateBucket.objects.get().level == 500
    assert expedite.claim([], NOW) == []
    assert len(expedite.claim([], NOW + 5 * SECOND)) == 1


def test_a_prompt_that_is_larger_than_its_bucket_starts_when_that_is_full() -> None:
    queue(needed_within=0)
    JobInput.objects.update(expected_tokens=50_000)
    tell("input-tokens", size=10_000, left=9_000)
    assert expedite.claim([], NOW) == []
    assert len(expedite.claim([], NOW + 60 * SECOND)) == 1


def test_a_prompt_that_is_larger_than_its_bucket_takes_no_more_than_all_of_it() -> None:
    tenant = make_tenant()
    [first] = queue("Long.", tenant=tenant, now=NOW - SECOND, needed_within=0)
    queue("Short.", tenant=tenant, needed_within=0)
    JobInput.objects.update(expected_tokens=1_000)
    JobInput.objects.filter(job=first).update(expected_tokens=900_000)
    tell("input-tokens", size=50_000, left=50_000)
    assert expedite.claim([], NOW) == [first]
    assert RateBucket.objects.get().level == 0
    # It fills within a minute, and 1,000 tokens of it within two seconds.
    assert len(expedite.claim([], NOW + 2 * SECOND)) == 1


@pytest.mark.parametrize("far", [timedelta(hours=1), timedelta(days=3_650)])
def test_a_bucket_that_is_said_to_fill_in_years_fills_within_minutes(far: timedelta) -> None:
    queue(needed_within=0)
    RateBucket.mark_told(HAIKU, "requests", size=5, left=0, full_at=NOW + far, now=NOW)
    assert expedite.claim([], NOW) == []
    assert len(expedite.claim([], NOW + 61 * SECOND)) == 1


def test_nothing_starts_while_no_output_tokens_are_left() -> None:
    queue(needed_within=0)
    tell("output-tokens", size=6_000, left=0)
    assert expedite.claim([], NOW) == []
    assert len(expedite.claim([], NOW + 60 * SECOND)) == 1


def test_no_more_start_than_there_are_tokens_for_their_usual_answers(settings: Any) -> None:
    settings.AIJOBS_URGENT_AT_ONCE = 16
    queue(*[f"Policy {n}." for n in range(4)], needed_within=0)
    usual = jobtypes.get("summarize").usual_answer
    JobInput.objects.update(most_answer_tokens=round(1_000 / usual))
    tell("output-tokens", size=6_000, left=2_500)
    assert len(expedite.claim([], NOW)) == 2
    assert RateBucket.objects.get().level == pytest.approx(500, abs=2)
    assert expedite.claim([], NOW) == []
    # 3,500 are filled in within a minute.
    assert len(expedite.claim([], NOW + 10 * SECOND)) == 1


def test_an_older_answer_says_nothing_over_a_newer_one() -> None:
    tell("requests", size=60, left=10)
    tell("requests", size=60, left=50, now=NOW - SECOND)
    assert RateBucket.objects.get().level == 10


def test_what_answers_tell_is_known_to_the_next_worker(emulator: Emulator) -> None:
    emulator.control("POST", "settings", {"requests_per_minute": 2, "input_tokens_per_minute": 500})
    now = datetime.now(UTC)
    queue("One.", "Two.", needed_within=0, now=now)
    assert expedite.run(now, lambda: datetime.now(UTC)) == 2
    told = {one.kind: one for one in RateBucket.objects.all()}
    assert set(told) == {"requests", "input-tokens"}
    assert told["requests"].size == 2
    assert told["requests"].level_now(datetime.now(UTC)) < 1
    queue("Three.", needed_within=0, now=now)
    assert expedite.run(now, lambda: datetime.now(UTC)) == 0
    assert emulator.stats()["calls"]["message"] == 2
