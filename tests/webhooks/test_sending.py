"""Receivers that fail, hang, redirect, are slow, or never stop, cost a moment and little memory."""

import asyncio
import gc
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from aijobs.webhooks import sender as sending
from aijobs.webhooks.addresses import Allowed
from aijobs.webhooks.sender import Answer, Letter, Round, Sender
from tests.factories import NOW
from tests.webhooks.receiver import Receiver

LOCAL = Allowed.read(["127.0.0.0/8"])


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 2.0)
    monkeypatch.setattr(sending, "REST_SECONDS", 0.5)


def send(*urls: str, proxy: str | None = None, allowed: Allowed = LOCAL) -> list[Answer]:
    """The answers of these, sent side by side; each is a round."""
    with Sender(allowed, proxy=proxy) as sender:
        for number, url in enumerate(urls):
            letter = Letter(number, url, {"webhook-id": "msg_1"}, b'{"a":1}')
            sender.send(Round(UUID(int=number), NOW, [letter]))
        found: dict[int, Answer] = {}
        while sender.under_way:
            for one in sender.finished(1):
                found[one.letters[0].delivery] = one.answers[0]
        assert sender.bytes_under_way == 0
    return [found[number] for number in range(len(urls))]


@pytest.mark.parametrize(
    ("manner", "answer"),
    [
        ("takes", (200, "")),
        ("fails", (500, "http_error")),
        ("is_gone", (410, "http_error")),
        ("hangs", (None, "timeout")),
        ("drops", (None, "broken_answer")),
        ("is_slow", (200, "")),
        ("goes_on_for_ever", (200, "")),
        ("trickles", (200, "")),
        ("redirects?to=http://169.254.169.254/latest", (302, "redirect")),
    ],
)
def test_each_manner_has_its_end(
    receiver: Receiver, manner: str, answer: tuple[int | None, str]
) -> None:
    started = time.monotonic()
    assert send(f"{receiver.url}/{manner}") == [answer]
    assert time.monotonic() - started < 4
    assert len(receiver.got) == 1


def test_an_answer_without_end_is_cut_off_and_not_kept(receiver: Receiver) -> None:
    tracemalloc.start()
    try:
        assert send(*[f"{receiver.url}/goes_on_for_ever"] * 20) == [(200, "")] * 20
        gc.collect()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Both ends are in this process. What kernels hold of a connection is a few megabytes.
    assert peak < 60_000_000
    time.sleep(0.3)
    before = receiver.sent[0]
    time.sleep(0.3)
    assert receiver.sent[0] == before


def test_one_that_hangs_delays_no_other(receiver: Receiver) -> None:
    started = time.monotonic()
    answers = send(*[f"{receiver.url}/hangs"] * 5, *[f"{receiver.url}/takes"] * 50)
    assert answers == [(None, "timeout")] * 5 + [(200, "")] * 50
    taken = [one.at - started for one in receiver.at("takes")]
    assert max(taken) < 1.5


def test_that_nobody_is_there_is_told() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/") == [(None, "connection")]


@contextmanager
def swallowing() -> Iterator[str]:
    """A server that takes connections and speaks another language than TLS or HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def live() -> None:
            while True:
                try:
                    link, _ = server.accept()
                except OSError:
                    return
                with link:
                    link.sendall(b"SSH-2.0-nothing\r\n")
                    link.recv(1_000)

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_what_speaks_no_http_or_no_tls_is_a_failure() -> None:
    with swallowing() as there:
        assert send(f"https://{there}/") == [(None, "tls")]
        assert send(f"http://{there}/") == [(None, "broken_answer")]


def test_a_proxy_gets_the_name_and_an_address_inside_is_refused_all_the_same(
    receiver: Receiver,
) -> None:
    """A proxy of HTTP is asked for the whole URL."""
    answers = send(
        "http://hook.example/takes", "http://10.0.0.1/", proxy=receiver.url, allowed=Allowed()
    )
    assert answers[1] == (None, "address_refused")
    assert len(receiver.got) == 1
    assert receiver.got[0].headers["host"] == "hook.example"


class Silent(AbstractResolver):
    """A name server that never answers, but for one name."""

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        if host != "quick.example":
            await asyncio.sleep(3_600)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


def test_a_name_server_that_does_not_answer_delays_no_other(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    names = ["silent.example"] * 20 + ["quick.example"]
    started = time.monotonic()
    with Sender(LOCAL, resolver=Silent()) as sender:
        for number, name in enumerate(names):
            letter = Letter(number, f"http://{name}:{port}/takes", {}, b"{}")
            sender.send(Round(UUID(int=number), NOW, [letter]))
        [first, *_] = sender.finished(2)
        assert first.answers == [Answer(200, "")]
        assert time.monotonic() - started < 1.5
        while sender.under_way:
            for one in sender.finished(1):
                assert one.answers == [Answer(None, "timeout")]
