"""What fails in passing is tried again, and nothing is done twice."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizenapp_client import AsyncClient, Client, Problem, Retries, Unreachable, problems
from citizenapp_client.retrying import STATUSES, retry_after
from tests.client.server import Answer, Asked, Server, answering, problem

QUEUED = {
    "job_id": "01a21783-c552-770c-a836-13e1b8b27dc7",
    "status": "queued",
    "answered_by": None,
    "message": "Queued.",
}
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
QUICK = Retries(first=0.01)


@contextmanager
def client_of(*answers: Answer, retries: Retries = QUICK) -> Iterator[tuple[Client, Server]]:
    """A client of a server that gives these answers in turn, the last of them ever after."""
    numbers = count()

    def answer(_: Asked) -> Answer:
        return answers[min(next(numbers), len(answers) - 1)]

    with answering(answer) as server, Client(server.url, "key", retries=retries) as client:
        yield client, server


def keys(server: Server) -> list[str]:
    return [asked.headers["Idempotency-Key"] for asked in server.asked]


@pytest.mark.parametrize(
    "failure",
    [
        Answer(drop=True),
        Answer(502),
        Answer(503),
        Answer(504),
        problem("rate-limited", 429, headers={"Retry-After": "0"}),
        problem("idempotency-in-progress", 409, headers={"Retry-After": "0"}),
        Answer(202, headers={"Content-Type": "application/json"}, pieces=(b'{"job_',), drop=True),
    ],
    ids=["dropped", "502", "503", "504", "429", "in progress", "broken off"],
)
def test_a_failure_in_passing_is_tried_again_with_the_same_key(failure: Answer) -> None:
    with client_of(failure, failure, Answer(202, QUEUED)) as (client, server):
        queued = client.summarize("Hail.")

    assert str(queued.job_id) == QUEUED["job_id"]
    assert len(server.asked) == 3
    assert len({*keys(server)}) == 1
    assert len({asked.body for asked in server.asked}) == 1


def test_each_call_has_a_key_of_its_own() -> None:
    with client_of(Answer(202, QUEUED)) as (client, server):
        client.summarize("Hail.")
        client.summarize("Hail.")
        client.summarize("Hail.", idempotency_key="mine")

    assert len({*keys(server)}) == 3
    assert keys(server)[-1] == "mine"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 500, 501])
def test_what_is_refused_is_not_sent_again(status: int) -> None:
    with client_of(problem("some-reason", status)) as (client, server), pytest.raises(Problem):
        client.summarize("Hail.")

    assert len(server.asked) == 1


def test_what_the_server_asks_for_is_kept() -> None:
    busy = problem("rate-limited", 429, headers={"Retry-After": "1"})
    begun = time.monotonic()
    with client_of(busy, Answer(202, QUEUED)) as (client, _):
        client.summarize("Hail.")

    assert 1 <= time.monotonic() - begun < 5


def test_a_wait_beyond_patience_is_told() -> None:
    busy = problem("queue-full", 429, headers={"Retry-After": "3600"})
    with client_of(busy) as (client, server), pytest.raises(Problem) as raised:
        client.summarize("Hail.")

    assert raised.value.headers["retry-after"] == "3600"
    assert len(server.asked) == 1


def test_who_gives_up_says_with_which_key_to_go_on() -> None:
    with (
        client_of(Answer(drop=True), retries=Retries(most=2, first=0.01)) as (client, server),
        pytest.raises(Unreachable) as raised,
    ):
        client.summarize("Hail.")

    assert len(server.asked) == 3
    assert {raised.value.idempotency_key} == {*keys(server)}


def test_nobody_there_is_an_error_of_ours() -> None:
    with (
        Client("http://127.0.0.1:9", "key", retries=Retries(most=0)) as client,
        pytest.raises(Unreachable),
    ):
        client.jobs.get("1")


@pytest.mark.parametrize("wrapped", [str, Path, lambda path: ("a.txt", path.read_bytes())])
def test_a_file_is_sent_whole_each_time(tmp_path: Path, wrapped: Callable[[Path], Any]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"Hail. " * 100_000)
    with client_of(Answer(503), Answer(202, QUEUED)) as (client, server):
        client.summarize(file=wrapped(path))

    assert all(path.read_bytes() in asked.body for asked in server.asked)
    assert all(b'filename="a.txt"' in asked.body for asked in server.asked)


class Pipe(BytesIO):
    def seekable(self) -> bool:
        return False


def test_a_pipe_is_kept_so_that_it_can_be_sent_again() -> None:
    with client_of(Answer(503), Answer(202, QUEUED)) as (client, server):
        client.summarize(file=("a.txt", Pipe(b"Hail. " * 2_000_000)))

    assert all(b"Hail. " * 2_000_000 in asked.body for asked in server.asked)
    assert all(int(asked.headers["Content-Length"]) for asked in server.asked)


def test_a_download_that_broke_off_begins_anew_and_leaves_no_half_file(tmp_path: Path) -> None:
    half = Answer(pieces=(b"row,reference\n",), drop=True)
    whole = Answer(pieces=(b"row,reference\n", b"2,P-1\n"))
    with client_of(half, whole) as (client, _):
        done = client.collections.results("1", tmp_path / "out.csv")
    assert done.read_bytes() == b"row,reference\n2,P-1\n"

    with (
        client_of(half, retries=Retries(most=1, first=0.01)) as (client, _),
        pytest.raises(Unreachable),
    ):
        client.collections.results("1", tmp_path / "other.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


async def test_the_async_client_does_the_same() -> None:
    numbers = count()

    def answer(_: Asked) -> Answer:
        return Answer(drop=True) if next(numbers) < 2 else Answer(202, QUEUED)

    with answering(answer) as server:
        async with AsyncClient(server.url, "key", retries=QUICK) as client:
            queued = await client.summarize("Hail.")

    assert queued.status == "queued"
    assert len(server.asked) == 3
    assert len({*keys(server)}) == 1


def test_a_problem_is_the_exception_of_its_type() -> None:
    told = problem(
        "rejected-collection",
        400,
        errors={"items": ["No."]},
        rejected=[{"row": 4, "errors": {"text": ["Must not be empty."]}}],
        rejected_count=12,
    )
    with client_of(told) as (client, _), pytest.raises(problems.RejectedCollection) as raised:
        client.collections.create("n", job_type="summarize", items=[{}])

    error = raised.value
    assert (error.type, error.status) == ("/problems/rejected-collection", 400)
    assert error.errors == {"items": ["No."]}
    assert error.rejected[0].row == 4
    assert error.rejected_count == 12
    assert str(error).splitlines() == [
        "No.",
        "row 4: text: Must not be empty.",
        "… and 11 more rows",
    ]


def test_a_problem_of_a_later_version_is_a_problem() -> None:
    with client_of(problem("not-yet-known", 418)) as (client, _), pytest.raises(Problem) as raised:
        client.jobs.get("1")

    assert type(raised.value) is Problem
    assert raised.value.type == "/problems/not-yet-known"


def test_a_page_of_a_proxy_is_a_problem_as_well() -> None:
    page = Answer(403, headers={"Content-Type": "text/html"}, pieces=(b"<h1>Forbidden</h1>",))
    with client_of(page) as (client, _), pytest.raises(Problem, match="403 Forbidden"):
        client.jobs.get("1")


@given(tries=st.integers(1, 50), chance=st.floats(0, 1))
def test_pauses_grow_and_have_an_end(tries: int, chance: float) -> None:
    retries = Retries(random=lambda: chance)
    pause = retries.after_error(tries)

    assert (pause is None) == (tries > retries.most)
    if pause is not None:
        full = min(retries.first * 2 ** (tries - 1), retries.longest)
        assert full / 2 <= pause <= full


@given(
    status=st.integers(200, 599),
    seconds=st.one_of(st.none(), st.integers(0, 10_000)),
    as_date=st.booleans(),
)
def test_no_pause_is_shorter_than_asked_for(
    status: int, seconds: int | None, as_date: bool
) -> None:
    headers = {}
    if seconds is not None:
        date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
        headers["retry-after"] = date if as_date else str(seconds)
    retries = Retries()
    pause = retries.after_answer(1, status, "about:blank", headers, now=NOW)

    if status not in STATUSES or (seconds or 0) > retries.patience:
        assert pause is None
    else:
        assert pause is not None
        assert pause >= (seconds or 0)


@given(st.text())
def test_a_header_that_is_none_is_as_good_as_none(value: str) -> None:
    found = retry_after({"retry-after": value}, NOW)

    assert found is None or found >= 0
