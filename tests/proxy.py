"""A proxy between the gateway and the emulator, which may answer what neither would."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from aijobs.gateway.streams import Assembly


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = "text/html"


def unstreamed(body: bytes) -> dict[str, Any]:
    """The message in a stream of events."""
    assembly = Assembly()
    for event in filter(None, body.decode().split("\n\n")):
        kind, data = (line.partition(": ")[2] for line in event.split("\n"))
        assembly.take(kind, data)
    return assembly.whole()


def streamed(message: Mapping[str, Any]) -> bytes:
    """A message as a stream, each of its blocks in one piece, whatever it holds."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    events += [
        {"type": "content_block_start", "index": n, "content_block": block}
        for n, block in enumerate(message["content"])
    ]
    events += [{"type": "message_stop"}]
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), orjson.dumps(event))
        for event in events
    )


# Gets method, path and what the emulator would answer, which asks it only when called.
Reply = Callable[[str, str, Callable[[], Answer]], Answer]


@contextmanager
def between(settings: Any, reply: Reply) -> Iterator[None]:
    """While it lasts, every call goes through a proxy that answers as `reply` says."""
    there = urlsplit(settings.ANTHROPIC_BASE_URL)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def forward() -> Answer:
                ahead = HTTPConnection(there.netloc, timeout=10)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
                ahead.request(self.command, self.path, body, headers)
                response = ahead.getresponse()
                said = response.read()
                ahead.close()
                return Answer(response.status, said, response.headers["Content-Type"])

            answer = reply(self.command, self.path, forward)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            settings.ANTHROPIC_BASE_URL = there.geturl()
            server.shutdown()
            serving.join()
