"""A small HTTP server that answers as a test says, and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """`pieces` are sent one after another; `drop` breaks the connection before or after them."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    drop: bool = False


@dataclass
class Server:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def answering(answer: Callable[[Asked], Answer]) -> Iterator[Server]:
    """A server on a free port, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command, self.path, dict(self.headers.items()), self.rfile.read(length)
            )
            server.asked.append(asked)
            said = answer(asked)
            if said.drop and not said.pieces:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.pieces:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in said.pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                if said.drop:
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")
                return
            body = b"" if said.body is None else json.dumps(said.body).encode()
            if body and "Content-Type" not in said.headers:
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_PATCH = reply  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_port}")
        serving = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield server
        finally:
            http.shutdown()
            serving.join()


def problem(kind: str, status: int, **members: Any) -> Answer:
    """A problem document as the API sends it; `headers` are those of the answer."""
    headers = members.pop("headers", {})
    document = {
        "type": f"/problems/{kind}",
        "title": kind,
        "status": status,
        "detail": "No.",
        **members,
    }
    return Answer(status, document, {"Content-Type": "application/problem+json", **headers})
