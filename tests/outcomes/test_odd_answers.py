"""An answer that no API describes harms none of those beside it, and is not lost itself."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from aijobs.models import AIJob, JobAttempt, JobOutput, LedgerEntry
from aijobs.pipeline import expedite, settle
from aijobs.pipeline._quarantine import TRIES_BEFORE_STAFF
from tests.factories import NOW
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, assert_books_agree, at, await_end, queue, send
from tests.proxy import Answer, Reply, between, streamed, unstreamed

pytestmark = pytest.mark.django_db

Odd = Callable[[dict[str, Any]], object]

UNREADABLE: dict[str, Odd] = {
    "no message": lambda result: result.update(message=None),
    "no text": lambda result: result["message"].update(content=[{"type": "text", "text": None}]),
    "content of another kind": lambda result: result["message"].update(content="hail"),
    "negative tokens": lambda result: result["message"]["usage"].update(input_tokens=-1),
    "half a token": lambda result: result["message"]["usage"].update(input_tokens=1.5),
    "more tokens than there are": lambda result: result["message"]["usage"].update(
        input_tokens=3_000_000_000
    ),
    "usage of another kind": lambda result: result["message"].update(usage=[1]),
}


def odd_rows(odd: Odd) -> Reply:
    """The first row of each download is odd."""

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if not path.endswith("/results"):
            return answer
        rows = [orjson.loads(line) for line in answer.body.splitlines()]
        odd(rows[0]["result"])
        return answer._replace(body=b"".join(json.dumps(row).encode() + b"\n" for row in rows))

    return reply


def odd_messages(odd: Odd, when: bytes) -> Reply:
    """The answer that has these words is odd."""

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        message = unstreamed(answer.body)
        if when in orjson.dumps(message):
            odd({"message": message})
        return answer._replace(body=streamed(message))

    return reply


@pytest.mark.parametrize("odd", UNREADABLE.values(), ids=UNREADABLE)
def test_a_row_that_cannot_be_read_waits_for_a_person_and_stops_no_other(
    emulator: Emulator, settings: Any, odd: Odd
) -> None:
    queue("a", "b", "c")
    batch = await_end(send(), emulator)
    now = DUE + MINUTE
    with between(settings, odd_rows(odd)):
        for _ in range(TRIES_BEFORE_STAFF):
            assert settle.run(now) == 0
            now += timedelta(minutes=31)
    batch.refresh_from_db()
    assert batch.status == "ended"
    assert "cannot be read" in batch.note
    assert batch.needs_attention
    assert JobOutput.objects.count() == LedgerEntry.objects.count() == 2
    assert AIJob.objects.filter(status="submitted").count() == 1
    # Once it can be read, it is.
    assert settle.run(now) == 1
    assert_books_agree(emulator)


@pytest.mark.parametrize("model", ["a\0b", "a\ud800", "m" * 200])
def test_a_name_that_postgresql_cannot_hold_costs_no_answer(
    emulator: Emulator, settings: Any, model: str
) -> None:
    queue("a", "b")
    await_end(send(), emulator)

    def odd(result: dict[str, Any]) -> None:
        result["message"]["model"] = model

    with between(settings, odd_rows(odd)):
        assert settle.run(DUE + MINUTE) == 1
    assert_books_agree(emulator)


def test_an_error_whose_name_postgresql_cannot_hold_is_stored(
    emulator: Emulator, settings: Any
) -> None:
    queue("a [[emulate:errored:api_error*1]]")
    await_end(send(), emulator)
    with between(settings, odd_rows(lambda row: row["error"]["error"].update(type="a\0b"))):
        assert settle.run(DUE + MINUTE) == 1
    assert JobAttempt.objects.get().error_type == "ab"


def test_a_direct_answer_that_cannot_be_read_is_charged_for(
    emulator: Emulator, settings: Any
) -> None:
    [odd, whole] = queue("A policy about pumpkins.", "b", needed_within=0)
    with between(settings, odd_messages(UNREADABLE["no text"], b"pumpkins")):
        assert expedite.run(NOW, at(NOW)) == 2
    odd.refresh_from_db()
    whole.refresh_from_db()
    assert (odd.status, whole.status) == ("failed", "completed")
    assert JobAttempt.objects.get().error_type == "unreadable_answer"
    assert_books_agree(emulator)
