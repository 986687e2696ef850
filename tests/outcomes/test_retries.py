"""The table of what is sent again: how often each error lets a job try, and after which pause."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import BlockReason
from aijobs.outcomes import retries

TRANSIENT = (
    "api_error",
    "overloaded_error",
    "rate_limit_error",
    "timeout_error",
    "batch_refused",
)
# Anthropic, or we, would say the same again; or a person has to decide.
FINAL = (
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "refusal",
    "model_context_window_exceeded",
    "unexpected_stop",
    "unreadable_answer",
    "unknown_result",
    "results_expired",
    "in_doubt",
    "an error that nobody has heard of",
)
# Nothing is wrong with the job.
NO_ATTEMPT = (
    "never_sent",
    "busy",
    "canceled",
    "low_credit",
    "billing",
    "on_hold",
    "spend_limit",
    "bad_key",
)


@pytest.fixture(autouse=True)
def _attempts(settings: Any) -> None:
    settings.AIJOBS_MAX_ATTEMPTS = 3


def times_sent(error_type: str, at_most: int = 20) -> int:
    """How often a job is sent that fails with this error each time."""
    earlier: Counter[str] = Counter()
    for attempts in range(1, at_most):
        if not retries.is_sent_again(error_type, attempts, earlier):
            return attempts
        earlier[error_type] += 1
    return at_most


@pytest.mark.parametrize("error_type", FINAL)
def test_what_another_attempt_would_not_change_is_sent_once(error_type: str) -> None:
    assert times_sent(error_type) == 1


@pytest.mark.parametrize("error_type", [*TRANSIENT, "expired"])
def test_what_passes_is_sent_as_often_as_the_setting_allows(error_type: str) -> None:
    assert times_sent(error_type) == 3


@pytest.mark.parametrize("error_type", ["max_tokens", "invalid_output"])
def test_an_answer_that_is_no_good_is_asked_for_once_more(error_type: str, settings: Any) -> None:
    assert times_sent(error_type) == 2
    settings.AIJOBS_MAX_ATTEMPTS = 1
    assert times_sent(error_type) == 1


@pytest.mark.parametrize("error_type", NO_ATTEMPT)
def test_what_is_no_fault_of_the_job_is_none_of_its_attempts(error_type: str) -> None:
    assert times_sent(error_type) == 20
    earlier = {error_type: 50}
    assert retries.is_sent_again("api_error", 52, earlier)
    assert not retries.is_sent_again("api_error", 53, earlier)


def test_what_anthropic_never_has_room_for_ends_after_a_hundred_refusals() -> None:
    assert times_sent("busy", at_most=1_000) == 100
    # Those of other kinds are not among them.
    assert retries.is_sent_again("busy", 150, {"busy": 98, "never_sent": 51})


def test_a_hundred_refusals_take_hours_even_where_anthropic_asks_for_a_second() -> None:
    told = timedelta(seconds=1)
    pauses = [retries.pause("busy", attempts, told) for attempts in range(1, 100)]
    assert pauses[:10] == [told] * 10
    assert sum(pauses, timedelta()) > timedelta(hours=4)
    assert retries.pause("busy", 50, timedelta(hours=1)) == timedelta(hours=1)


def test_the_last_refusal_says_what_may_be_wrong() -> None:
    assert retries.message("busy", "Slow down.", is_last=False) == "Slow down."
    last = retries.message("busy", "Slow down.", is_last=True)
    assert "100 times" in last
    assert last.endswith("Slow down.")
    assert retries.message("refusal", "No.", is_last=True) == "No."


@pytest.mark.parametrize("error_type", NO_ATTEMPT)
def test_nothing_is_sent_more_often_than_attempts_can_be_counted(error_type: str) -> None:
    assert times_sent(error_type, at_most=40_000) <= 10_000


def test_every_reason_for_which_the_account_is_blocked_is_in_the_table_but_a_permission() -> None:
    """A permission may be missing for one model, or for what one job asks for."""
    listed = {str(reason) for reason in BlockReason} & set(retries.RETRIES)
    assert listed == {str(reason) for reason in BlockReason} - {"no_permission"}


@pytest.mark.parametrize("error_type", TRANSIENT)
def test_anthropic_is_given_more_time_after_each_attempt_up_to_an_hour(error_type: str) -> None:
    pauses = [retries.pause(error_type, attempts) for attempts in range(1, 40)]
    assert pauses[:3] == [timedelta(seconds=seconds) for seconds in (30, 60, 120)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)


def test_without_a_network_the_pause_stays_short_enough_to_notice_its_return() -> None:
    assert retries.pause("never_sent", 1) == timedelta(seconds=30)
    assert retries.pause("never_sent", 1_000) == timedelta(minutes=3)


@pytest.mark.parametrize("error_type", ["expired", "canceled", "max_tokens", "low_credit"])
def test_who_waits_for_nothing_is_sent_again_at_once(error_type: str) -> None:
    assert retries.pause(error_type, 5) == timedelta(0)


def test_only_an_answer_that_was_cut_off_gets_more_room() -> None:
    assert retries.max_tokens_factor("max_tokens", 1) == 2
    for error_type in {*TRANSIENT, *FINAL, *NO_ATTEMPT, "expired", "invalid_output"}:
        assert [retries.max_tokens_factor(error_type, now) for now in (1, 2)] == [1, 2]
