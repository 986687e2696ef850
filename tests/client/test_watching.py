"""Following work to its end, whatever the server can do to help."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from citizenapp_client import AsyncClient, Client, Problem, Retries, StillRunning, Text
from citizenapp_client.models import Job
from tests.client.server import Answer, Asked, Server, answering, problem
from tests.client.shapes import COLLECTION, JOB

EVENTS = {"Content-Type": "text/event-stream"}


def collection(completed: int, **members: Any) -> dict[str, Any]:
    """One of three jobs, so many of them completed."""
    counts = {**COLLECTION["counts"], "queued": 3 - completed, "completed": completed}
    return {**COLLECTION, "counts": counts, **members}


def event(name: str, state: dict[str, Any]) -> bytes:
    tag = state["counts"]["completed"]
    return f"event: {name}\nid: x{tag}\ndata: {json.dumps(state)}\n\n".encode()


@contextmanager
def client_of(answer: Callable[[Asked], Answer]) -> Iterator[tuple[Client, Server]]:
    with (
        answering(answer) as server,
        Client(server.url, "key", retries=Retries(most=1, first=0.01)) as client,
    ):
        yield client, server


def completed(client: Client) -> list[int]:
    return [state.counts.completed for state in client.collections.watch("1")]


def test_the_server_tells_by_itself() -> None:
    def answer(asked: Asked) -> Answer:
        assert asked.path.endswith("/events")
        return Answer(
            headers=EVENTS,
            pieces=(
                b": connected\n\n",
                event("collection", collection(0)),
                event("collection", collection(1)),
                b": still here\n\n",
                event("done", collection(3)),
            ),
        )

    with client_of(answer) as (client, server):
        assert completed(client) == [0, 1, 3]
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [
        problem("not-found", 404),
        problem("not-streamed-here", 501),
        Answer(headers={"Content-Type": "text/html"}, pieces=(b"<p>",)),
        Answer(204),
        Answer(headers=EVENTS, pieces=(event("collection", collection(1)),), drop=True),
        Answer(headers=EVENTS, pieces=(event("collection", collection(1)),)),
    ],
    ids=["unknown", "not here", "something else", "seen", "broken off", "ended early"],
)
def test_where_it_does_not_it_is_asked(failure: Answer) -> None:
    states = iter([collection(1), collection(2), collection(3)])

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/events"):
            return failure
        return Answer(200, next(states), {"ETag": '"x"'})

    with client_of(answer) as (client, server):
        assert completed(client)[-3:] == [1, 2, 3]
    questions = [asked for asked in server.asked if "/events" not in asked.path]
    assert "wait" not in questions[0].path, "what is so now is told at once"
    assert all("wait=30" in asked.path for asked in questions[1:])
    assert all(asked.headers["If-None-Match"] == '"x"' for asked in questions[1:])


def test_a_state_that_is_known_is_not_told_again() -> None:
    answers = iter(
        [
            Answer(200, collection(1), {"ETag": '"a"'}),
            Answer(304, headers={"ETag": '"a"'}),
            Answer(200, collection(1), {"ETag": '"a"'}),
            Answer(200, collection(3), {"ETag": '"b"'}),
        ]
    )
    with client_of(
        lambda asked: problem("not-found", 404) if "/events" in asked.path else next(answers)
    ) as (client, server):
        assert completed(client) == [1, 3]
    assert len(server.asked) == 5


def test_a_server_that_holds_no_questions_is_not_asked_without_a_pause() -> None:
    with (
        client_of(lambda _: Answer(200, collection(1))) as (client, server),
        pytest.raises(StillRunning),
    ):
        client.collections.wait("1", timeout=2)
    assert 3 <= len(server.asked) <= 6


def test_nobody_waits_for_what_there_is_not() -> None:
    with client_of(lambda _: problem("not-found", 404)) as (client, _), pytest.raises(Problem):
        completed(client)


def test_a_trial_that_waits_for_a_word_says_so() -> None:
    trial = {"jobs": 1, "completed": 1, "waiting": 2, "is_open": True}
    with client_of(lambda _: Answer(200, collection(1, trial=trial))) as (client, _):
        waits = client.collections.get("1")
    with client_of(lambda _: Answer(200, collection(0, trial=trial))) as (client, _):
        runs = client.collections.get("1")

    assert waits.waits_for_you
    assert not waits.has_ended
    assert not runs.waits_for_you


def test_a_job_is_waited_for() -> None:
    statuses = iter(["queued", "submitted", "completed"])
    with client_of(lambda _: Answer(200, {**JOB, "status": next(statuses)})) as (client, server):
        assert client.jobs.wait("1").status == "completed"
    assert len(server.asked) == 3


def test_a_stream_has_pieces_of_text_and_then_the_job() -> None:
    piece = {"attempt": 1, "start": 0, "text": "The insurer"}
    pieces = (
        f"event: text\ndata: {json.dumps(piece)}\n\n".encode(),
        b": still at work\n\n",
        f"event: done\ndata: {json.dumps({**JOB, 'status': 'completed'})}\n\n".encode(),
    )
    with client_of(lambda _: Answer(headers=EVENTS, pieces=pieces)) as (client, _):
        text, job = client.jobs.stream("1")

    assert text == Text(**piece)
    assert isinstance(job, Job)
    assert job.status == "completed"


async def test_the_async_client_does_the_same() -> None:
    states = iter([collection(1), collection(3)])

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/events"):
            return Answer(headers=EVENTS, pieces=(event("collection", collection(0)),), drop=True)
        return Answer(200, next(states))

    with answering(answer) as server:
        async with AsyncClient(server.url, "key") as client:
            told = [state.counts.completed async for state in client.collections.watch("1")]

    assert told == [0, 1, 3]


def test_lists_go_on_to_the_next_page_by_its_cursor_alone() -> None:
    rows = [{name: JOB[name] for name in JOB} for _ in range(3)]
    pages: dict[str, dict[str, Any]] = {
        "": {"results": rows[:2], "next": "http://inside:8000/api/ai/jobs?cursor=older.1&x=2"},
        "older.1": {"results": rows[2:], "next": None},
    }

    def answer(asked: Asked) -> Answer:
        cursor = asked.path.partition("cursor=")[2].partition("&")[0]
        return Answer(200, {**pages[cursor], "previous": None})

    with client_of(answer) as (client, server):
        assert len(list(client.jobs.list(status="failed"))) == 3
    assert all("status=failed" in asked.path for asked in server.asked)
    assert len(server.asked) == 2
