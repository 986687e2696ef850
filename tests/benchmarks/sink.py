"""A server that swallows and sends as quickly as a socket can be read and written."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BATCH = (
    b'{"id":"msgbatch_sink","type":"message_batch","processing_status":"in_progress",'
    b'"request_counts":{"processing":1,"succeeded":0,"errored":0,"canceled":0,"expired":0},'
    b'"created_at":"2026-11-02T09:00:00Z","expires_at":"2026-11-03T09:00:00Z","ended_at":null,'
    b'"archived_at":null,"cancel_initiated_at":null,"results_url":null}'
)
NO_BATCHES = b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'


@contextmanager
def sink(results: Path = Path()) -> Iterator[tuple[str, int]]:
    """Its address. To a POST it answers with a batch, to a GET with an empty list.

    Where results are asked for, it sends the file in the folder that bears the batch's id.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        child = os.fork()
        if not child:
            _serve(listening, results)
        try:
            yield listening.getsockname()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _serve(listening: socket.socket, results: Path) -> None:
    buffer = bytearray(1 << 20)
    while True:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as stream:
            while request := stream.readline():
                length = 0
                while header := stream.readline().strip():
                    name, _, value = header.lower().partition(b":")
                    if name == b"content-length":
                        length = int(value)
                while length:
                    length -= stream.readinto(memoryview(buffer)[: min(length, len(buffer))])
                _, path, _ = request.decode().split()
                if path.endswith("/results"):
                    _send_file(connection, results / path.split("/")[-2])
                    continue
                answer = BATCH if request.startswith(b"POST") else NO_BATCHES
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
                )


def _send_file(connection: socket.socket, path: Path) -> None:
    with path.open("rb") as file:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/binary\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % os.fstat(file.fileno()).st_size)
        connection.sendfile(file)
