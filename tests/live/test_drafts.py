"""What Claude writes comes to those who watch the job, and to nobody else."""

import asyncio
import time
from typing import Any

import pytest
from redis import Redis
from websockets.exceptions import InvalidStatus

from aijobs.live.drafts import NOTHING, Piece, Shown
from aijobs.models import AIJob
from citizenapp.local import valkey
from tests.factories import CATEGORIES, make_key, make_tenant, make_user
from tests.ground import Emulator
from tests.live.ground import Live, heard, with_key, with_session
from tests.live.writing import SECONDS, at_work, layer_of, urgent


@pytest.fixture
def slow(emulator: Emulator) -> Emulator:
    """An emulator that takes its time to write."""
    emulator.control("POST", "settings", {"latency_message": SECONDS})
    return emulator


@pytest.fixture(autouse=True)
def _one_layer(live: Live, settings: Any) -> None:
    settings.CHANNEL_LAYERS = layer_of(live)


def written(socket: Any, job: AIJob) -> list[dict[str, Any]]:
    """What is told of it until it has ended."""
    told, is_over = list[dict[str, Any]](), False
    while True:
        try:
            message = heard(socket, within=3 if is_over else 30)
        except TimeoutError:
            assert is_over
            return told
        if message["type"] == "job.writing":
            told.append(message)
        if message["type"] == "resync":
            # Its end may have been told by this; what was told before it still comes.
            is_over = AIJob.objects.filter(pk=job.pk, status__in=AIJob.FINAL).exists()
        for change in message.get("changes", ()):
            if change["job_id"] == str(job.pk) and change["status"] in AIJob.FINAL:
                return told


def beginning(socket: Any, pieces: int) -> list[dict[str, Any]]:
    """The first so many pieces of what is written."""
    told = list[dict[str, Any]]()
    while len(told) < pieces:
        message = heard(socket, within=30)
        if message["type"] == "job.writing":
            told.append(message)
    return told


def test_the_text_comes_while_it_is_written(live: Live, slow: Emulator) -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    began = time.monotonic()
    with live.connect(with_key(make_key(tenant)), f"/ws/jobs/?job={job.pk}") as page, at_work():
        told = written(page, job)
    assert 4 <= len(told) <= 1 + 10 * (time.monotonic() - began)
    assert {message["job_id"] for message in told} == {str(job.pk)}
    text = "".join(message["text"] for message in told)
    assert [message["start"] for message in told][:1] == [0]
    job.refresh_from_db()
    assert job.output.result["summary"].startswith(text[: len(text) // 2])


def test_of_a_structured_answer_only_its_length_is_told(live: Live, slow: Emulator) -> None:
    tenant = make_tenant()
    job = urgent(tenant, "classify", categories=CATEGORIES)
    with live.connect(with_key(make_key(tenant)), f"/ws/jobs/?job={job.pk}") as page, at_work():
        told = written(page, job)
    assert told
    assert {"text", "start"}.isdisjoint(told[0])
    counts = [message["characters"] for message in told]
    assert counts == sorted(counts)


def test_a_page_that_is_opened_in_the_middle_gets_what_came_so_far(
    live: Live, slow: Emulator
) -> None:
    # Long enough for the second page to be opened in the middle.
    slow.control("POST", "settings", {"latency_message": 6 * SECONDS})
    tenant = make_tenant()
    job = urgent(tenant)
    path = f"/ws/jobs/?job={job.pk}"
    with live.connect(with_key(make_key(tenant)), path) as first, at_work():
        early = beginning(first, 3)
        with live.connect(with_key(make_key(tenant)), path) as second:
            late = written(second, job)
        early += written(first, job)
    assert late[0]["start"] == 0
    assert len(late[0]["text"]) > len(early[0]["text"])
    texts = ["".join(message["text"] for message in told) for told in (early, late)]
    assert texts[0].startswith(texts[1][:200])


def test_who_does_not_name_a_job_hears_no_text(live: Live, slow: Emulator) -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    with live.connect(with_key(make_key(tenant))) as page, at_work():
        assert written(page, job) == []


def test_another_tenant_can_never_watch(live: Live, slow: Emulator) -> None:
    job = urgent(make_tenant())
    stranger = make_tenant()
    for headers in (with_key(make_key(stranger)), with_session(make_user("eve", stranger))):
        for key in (job.pk, "no-id", "00000000-0000-0000-0000-000000000000"):
            with pytest.raises(InvalidStatus):
                live.connect(headers, f"/ws/jobs/?job={key}")


def test_no_text_travels_while_nobody_watches(live: Live, slow: Emulator) -> None:
    tenant = make_tenant()
    job = urgent(tenant)
    broker = Redis.from_url(valkey.url(live.folder))
    with broker.pubsub() as everything:  # type: ignore[no-untyped-call]
        everything.psubscribe("*")
        with live.connect(with_key(make_key(tenant))) as page, at_work():
            written(page, job)
        heard_there = b""
        while message := everything.get_message(timeout=0.1):
            heard_there += message["data"] if isinstance(message["data"], bytes) else b""
    broker.close()
    job.refresh_from_db()
    assert job.output.result["summary"][:20].encode() not in heard_there
    assert str(job.pk).encode() in heard_there


def test_without_valkey_the_result_is_there_all_the_same(live: Live, slow: Emulator) -> None:
    job = urgent(make_tenant())
    with live.broker_away(), at_work():
        pass
    job.refresh_from_db()
    assert job.status == "completed"


async def test_a_gap_is_filled() -> None:
    shown = Shown()
    assert shown.add(Piece(1, 0, "Hail "))
    assert not shown.add(Piece(1, 9, "lost"))
    assert shown.add(Piece(1, 2, "il is"))
    assert await shown.after(NOTHING) == Piece(1, 0, "Hail is")
    assert await shown.after(Piece(1, 0, "Hail ")) == Piece(1, 5, "is")
    waiting = asyncio.ensure_future(shown.after(Piece(1, 0, "Hail is")))
    assert shown.add(Piece(2, 0, "Again"))
    assert await waiting == Piece(2, 0, "Again")
    assert shown.add(Piece(1, 7, " late"))
    assert shown.text == "Again"
