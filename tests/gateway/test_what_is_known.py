"""Each failure of a call says what is known about the other side, for that decides about money."""

import socket
from collections.abc import Callable, Iterator
from io import BytesIO
from threading import Thread
from typing import Any

import orjson
import pytest

from aijobs import gateway
from aijobs.gateway import GatewayError, InDoubt, NeverSent, Refused, Unavailable
from aijobs.models import BlockReason
from tests.ground import Emulator, free_port
from tests.proxy import Answer, between

PARAMS: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "<document>Hail is covered.</document>"}],
}
PAGE = b"<html><body>Blocked by a proxy.</body></html>"


def body(requests: int = 1) -> BytesIO:
    lines = [{"custom_id": f"one-{n}", "params": PARAMS} for n in range(requests)]
    return BytesIO(orjson.dumps({"requests": lines}))


def fails(kind: type[GatewayError], **fault: Any) -> Any:
    return pytest.param(kind, fault, id=f"{kind.__name__}-{'-'.join(map(str, fault.values()))}")


QUESTIONS: dict[str, Callable[[str], object]] = {
    "list": gateway.batches_since,
    "retrieve": gateway.retrieve_batch,
    "results": lambda remote_id: gateway.download_results(remote_id, BytesIO()),
    "cancel": gateway.cancel_batch,
    "delete": gateway.delete_batch,
    "usage_report": lambda _: gateway.organization_report(
        "usage_report/messages", [("starting_at", "2026-11-01T00:00:00Z")]
    ),
}


@pytest.fixture
def silent(settings: Any) -> Iterator[None]:
    """A server that takes a call and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(1_000)
            connection.close()

        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        answering = Thread(target=hang_up)
        answering.start()
        yield
        answering.join()


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *[fails(Refused, fault="status", status=code) for code in (400, 401, 403, 404, 413, 422)],
        *[fails(InDoubt, fault="status", status=c) for c in (408, 409, 429, 500, 502, 504, 529)],
        fails(Refused, fault="status", status=429, error_code="enforced_spend_limit_reached"),
        fails(InDoubt, fault="drop", when="early"),
        fails(InDoubt, fault="drop", when="before"),
        fails(InDoubt, fault="drop", when="after", orderly=True),
        fails(InDoubt, fault="html"),
    ],
)
def test_a_batch_may_exist_unless_anthropic_says_it_does_not(
    emulator: Emulator, kind: type[GatewayError], fault: dict[str, Any]
) -> None:
    emulator.order("create", **fault)
    with pytest.raises(GatewayError) as failed:
        gateway.create_batch(body())
    assert type(failed.value) is kind
    # One POST, whatever came of it.
    assert emulator.stats()["creates_seen"] == 1


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *[fails(Refused, fault="status", status=code) for code in (400, 401, 413, 429, 500, 529)],
        fails(InDoubt, fault="drop", when="before"),
        fails(InDoubt, fault="drop", when="after"),
        fails(InDoubt, fault="html"),
    ],
)
def test_an_error_answer_to_a_message_means_that_nothing_is_billed(
    emulator: Emulator, kind: type[GatewayError], fault: dict[str, Any]
) -> None:
    emulator.order("message", **fault)
    with pytest.raises(GatewayError) as failed:
        gateway.create_message(PARAMS)
    assert type(failed.value) is kind
    assert emulator.stats()["calls"]["message"] == 1


@pytest.mark.parametrize("call", QUESTIONS)
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        *[fails(Refused, fault="status", status=code) for code in (400, 401, 404)],
        *[fails(Unavailable, fault="status", status=code) for code in (408, 429, 500, 529)],
        fails(Unavailable, fault="drop"),
    ],
)
def test_a_question_is_answered_refused_or_asked_again_later(
    emulator: Emulator, call: str, kind: type[GatewayError], fault: dict[str, Any]
) -> None:
    batch = gateway.create_batch(body())
    emulator.order(call, **fault)
    with pytest.raises(GatewayError) as failed:
        QUESTIONS[call](batch.id)
    assert type(failed.value) is kind


@pytest.mark.parametrize("call", ["list", "retrieve", "cancel"])
def test_a_page_of_a_proxy_is_no_answer(emulator: Emulator, call: str) -> None:
    batch = gateway.create_batch(body())
    emulator.order(call, "html")
    with pytest.raises(Unavailable):
        QUESTIONS[call](batch.id)


SENDINGS: dict[str, Callable[[], object]] = {
    "batch": lambda: gateway.create_batch(body()),
    "message": lambda: gateway.create_message(PARAMS),
}


@pytest.mark.parametrize("call", SENDINGS)
@pytest.mark.parametrize("status", [401, 403, 404, 407, 502, 504])
def test_what_a_proxy_refuses_may_have_been_done(
    emulator: Emulator, settings: Any, call: str, status: int
) -> None:
    with between(settings, lambda *_: Answer(status, PAGE)), pytest.raises(InDoubt):
        SENDINGS[call]()


@pytest.mark.parametrize("call", SENDINGS)
def test_what_is_too_large_even_for_a_proxy_was_not_done(
    emulator: Emulator, settings: Any, call: str
) -> None:
    with between(settings, lambda *_: Answer(413, PAGE)), pytest.raises(Refused):
        SENDINGS[call]()


@pytest.mark.parametrize("call", QUESTIONS)
@pytest.mark.parametrize("status", [401, 403, 404, 502])
def test_a_question_that_a_proxy_refuses_is_asked_again(
    emulator: Emulator, settings: Any, call: str, status: int
) -> None:
    batch = gateway.create_batch(body())
    with between(settings, lambda *_: Answer(status, PAGE)), pytest.raises(Unavailable):
        QUESTIONS[call](batch.id)


def test_without_a_connection_nothing_was_sent(settings: Any) -> None:
    settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NeverSent):
        gateway.create_batch(body())
    with pytest.raises(NeverSent):
        gateway.create_message(PARAMS)
    with pytest.raises(Unavailable):
        gateway.newest_batch_id()


@pytest.mark.usefixtures("silent")
def test_a_server_that_hangs_up_may_have_done_it() -> None:
    with pytest.raises(InDoubt):
        gateway.create_batch(body())


@pytest.mark.parametrize(
    ("fault", "block"),
    [
        ({"status": 401}, BlockReason.BAD_KEY),
        ({"status": 403}, BlockReason.NO_PERMISSION),
        ({"status": 402, "message": "Your card was declined."}, BlockReason.BILLING),
        (
            {"status": 429, "error_code": "enforced_spend_limit_reached"},
            BlockReason.SPEND_LIMIT,
        ),
        (
            {"status": 400, "message": "Your credit balance is too low to use the API."},
            BlockReason.LOW_CREDIT,
        ),
        ({"status": 400}, None),
        ({"status": 413}, None),
    ],
)
def test_some_refusals_say_that_the_account_is_blocked(
    emulator: Emulator, fault: dict[str, Any], block: BlockReason | None
) -> None:
    emulator.order("create", "status", **fault)
    with pytest.raises(Refused) as refused:
        gateway.create_batch(body())
    assert refused.value.account_block is block


def test_a_batch_is_described_as_anthropic_sees_it(emulator: Emulator) -> None:
    emulator.control("POST", "settings", {"latency_base": 3_600})
    made = gateway.create_batch(body(3))
    assert (made.requests, made.has_ended, made.ended_at) == (3, False, None)
    assert made.expires_at > made.created_at
    emulator.control("POST", f"batches/{made.id}/end", {"finished": 2, "rest": "canceled"})
    ended = gateway.retrieve_batch(made.id)
    assert ended.has_ended
    assert ended.counts == {"succeeded": 2, "errored": 0, "canceled": 1, "expired": 0}
    assert ended.requests == 3


def test_batches_are_listed_back_to_the_watermark(emulator: Emulator) -> None:
    assert gateway.newest_batch_id() == ""
    ids = [gateway.create_batch(body()).id for _ in range(103)]
    assert gateway.newest_batch_id() == ids[-1]
    assert [one.id for one in gateway.batches_since("")] == ids[::-1]
    assert [one.id for one in gateway.batches_since(ids[1])] == ids[:1:-1]
    assert gateway.batches_since(ids[-1]) == []
    moment = gateway.retrieve_batch(ids[-2]).created_at
    assert [one.id for one in gateway.batches_since("gone", moment)] == ids[:-3:-1]


def test_a_deleted_batch_is_gone(emulator: Emulator) -> None:
    made = gateway.create_batch(body())
    assert gateway.retrieve_batch(made.id).has_ended
    gateway.delete_batch(made.id)
    with pytest.raises(Refused) as refused:
        gateway.retrieve_batch(made.id)
    assert refused.value.status == 404


def test_a_message_comes_back_as_it_was_sent(emulator: Emulator) -> None:
    message = gateway.create_message(PARAMS)
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["input_tokens"] > 0
    assert isinstance(message["content"][0]["text"], str)


def test_the_key_that_is_set_now_is_used(emulator: Emulator, settings: Any) -> None:
    assert gateway.newest_batch_id() == ""
    settings.ANTHROPIC_API_KEY = "bad-key"
    with pytest.raises(Refused) as refused:
        gateway.newest_batch_id()
    assert (refused.value.status, refused.value.error_type) == (401, "authentication_error")
