"""A streamed message is an answer once it came to its end, and in doubt when it broke before."""

import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from aijobs import gateway
from aijobs.gateway import InDoubt, Refused
from tests.gateway.test_what_is_known import PARAMS
from tests.ground import Emulator
from tests.proxy import Answer, between


def test_the_text_comes_piece_by_piece_and_makes_the_message(emulator: Emulator) -> None:
    pieces: list[str] = []
    heard: list[Any] = []
    message = gateway.create_message(PARAMS, answered=heard.append, wrote=pieces.append)
    assert len(pieces) > 1
    assert "".join(pieces) == message["content"][0]["text"]
    assert message["stop_reason"] == "end_turn"
    stats = emulator.stats()["message_tokens_billed"]
    used = message["usage"]
    assert {"input": used["input_tokens"], "output": used["output_tokens"]} == stats
    assert "request-id" in heard[0]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "cut"},
        {"fault": "cut", "orderly": True},
        {"fault": "error_event", "status": 529},
        {"fault": "error_event", "status": 500},
        {"fault": "silence", "seconds": 3},
    ],
    ids=["reset", "closed", "overloaded", "error", "silence"],
)
# Of some eight events: after the first one, within the text, and before the last one.
@pytest.mark.parametrize("rows", [1, 4, 8])
def test_a_stream_that_breaks_after_it_began_is_in_doubt(
    emulator: Emulator, settings: Any, fault: dict[str, Any], rows: int
) -> None:
    settings.AIJOBS_ANSWER_SECONDS = 0.5
    emulator.order("message", **fault, rows=rows)
    with pytest.raises(InDoubt):
        gateway.create_message(PARAMS)
    assert emulator.stats()["calls"]["message"] == 1


def test_a_stream_that_never_ends_is_given_up(emulator: Emulator, settings: Any) -> None:
    """It is never silent, and yet it takes longer than a call may."""
    settings.AIJOBS_ANSWER_SECONDS = 1.0
    emulator.control("POST", "settings", {"latency_message": 4})
    with pytest.raises(InDoubt, match="too long"):
        gateway.create_message(PARAMS)


class Talkative(BaseHTTPRequestHandler):
    """Begins an answer, and keeps the connection open by comments for some seconds."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        message = b'{"message": {"id": "msg_1", "content": []}}'
        self.wfile.write(b"event: message_start\ndata: " + message + b"\n\n")
        with suppress(OSError):  # Until the other side has had enough.
            for _ in range(50):
                self.wfile.write(b": the proxy is still there\n\n")
                time.sleep(0.1)


def test_a_stream_of_mere_comments_is_given_up_in_time(settings: Any) -> None:
    settings.AIJOBS_ANSWER_SECONDS = 0.5
    with ThreadingHTTPServer(("127.0.0.1", 0), Talkative) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{server.server_port}"
        settings.ANTHROPIC_API_KEY = "a key"
        began = time.monotonic()
        try:
            with pytest.raises(InDoubt, match="too long"):
                gateway.create_message(PARAMS)
        finally:
            server.shutdown()
    assert time.monotonic() - began < gateway.longest_message().total_seconds()


def test_an_error_before_anything_began_is_a_refusal(emulator: Emulator) -> None:
    emulator.order("message", "error_event", status=529, rows=0)
    with pytest.raises(Refused) as refused:
        gateway.create_message(PARAMS)
    assert refused.value.is_busy
    assert emulator.stats()["messages_billed"] == 0


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"event: message_stop\ndata: {}\n\n",
        b"event: message_start\ndata: {secret\n\n",
        b'event: content_block_delta\ndata: {"index": 4, "delta": {"type": "text_delta"}}\n\n',
        b'event: message_start\ndata: {"message": "secret"}\n\nevent: message_stop\ndata: {}\n\n',
    ],
)
def test_a_stream_that_is_none_is_in_doubt(
    emulator: Emulator, settings: Any, stream: bytes
) -> None:
    answer = Answer(200, stream, "text/event-stream")
    with between(settings, lambda *_: answer), pytest.raises(InDoubt) as failed:
        gateway.create_message(PARAMS)
    assert "secret" not in str(failed.value)


def test_what_a_later_version_adds_is_passed_over(emulator: Emulator, settings: Any) -> None:
    news = b'event: content_block_delta\ndata: {"index":0,"delta":{"type":"joy","joy":1}}\n\n'
    news += b"event: applause\ndata: {}\n\n"

    def with_news(_method: str, _path: str, forward: Any) -> Answer:
        answer: Answer = forward()
        end = answer.body.index(b"event: message_delta")
        return answer._replace(body=answer.body[:end] + news + answer.body[end:])

    with between(settings, with_news):
        assert gateway.create_message(PARAMS)["content"][0]["text"]
