"""What headers say about limits, and what is no such thing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aijobs import gateway
from aijobs.gateway import Refused, limits
from aijobs.gateway.limits import Bucket
from tests.gateway.test_what_is_known import PARAMS
from tests.ground import Emulator


def test_every_answer_tells_what_is_left(emulator: Emulator) -> None:
    wanted = {"requests_per_minute": 50, "output_tokens_per_minute": 9_000}
    emulator.control("POST", "settings", wanted)
    heard: list[Any] = []
    gateway.create_message(PARAMS, answered=heard.append)
    told = limits.buckets(heard[0])
    assert set(told) == {"requests", "output-tokens"}
    assert (told["requests"].size, told["requests"].left) == (50, 49)


@pytest.mark.parametrize("status", [429, 529])
def test_a_busy_anthropic_says_when_to_come_again(emulator: Emulator, status: int) -> None:
    emulator.order("message", "status", status=status, retry_after_seconds=7)
    heard: list[Any] = []
    with pytest.raises(Refused) as refused:
        gateway.create_message(PARAMS, answered=heard.append)
    assert refused.value.is_busy
    assert refused.value.retry_after == timedelta(seconds=7)
    assert heard


def headers(limit: str = "10", remaining: str = "4", reset: str = "2026-11-26T08:00:30Z") -> Any:
    told = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-requests-{what}": value for what, value in told.items()}


def test_headers_are_read() -> None:
    full_at = datetime(2026, 11, 26, 8, 0, 30, tzinfo=UTC)
    assert limits.buckets(headers()) == {"requests": Bucket(10, 4, full_at)}
    assert limits.buckets(headers(reset="2026-11-26T09:00:30+01:00")) == limits.buckets(headers())


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        headers(limit="many"),
        headers(limit="0"),
        headers(remaining="-1"),
        headers(limit="9" * 40),
        headers(reset="soon"),
        headers(reset="2026-11-26T08:00:30"),
        headers(reset=""),
    ],
)
def test_what_cannot_be_read_is_not_there(wrong: Any) -> None:
    assert limits.buckets(wrong) == {}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0.5", 0.5), ("-3", 0), ("9999999", 3_600), ("1e400", None), ("soon", None)],
)
def test_a_wait_is_a_number_of_seconds(said: str, seconds: float | None) -> None:
    wait = limits.retry_after({"retry-after": said})
    assert wait == (None if seconds is None else timedelta(seconds=seconds))
    assert limits.retry_after({}) is None
