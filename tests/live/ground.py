"""The live road as it runs: daphne and the relay as processes, and sockets to them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import path as route
from websockets.sync.client import ClientConnection, unix_connect

from aijobs.live.consumers import JobsConsumer
from aijobs.live.routing import websocket_urlpatterns
from citizenapp.local import valkey
from citizenapp.local.programs import stop
from citizenapp.tenants.models import User

ROOT = Path(__file__).resolve().parents[2]
HOST = "app.example"
# Answers that daphne holds for one tenant.
MOST_HELD = 25
# What is told comes within hundredths of a second, and on a busy machine within this.
SOON = 15.0


class Live:
    """A running daphne and relay."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self._more = environment
        self.broker = valkey.program(folder)
        self._pids: dict[str, int] = {}

    def environment(self) -> Mapping[str, str]:
        database = connection.settings_dict
        host = {"host": database["HOST"], "port": database["PORT"]}
        return os.environ | {
            "DATABASE_URL": f"postgres://{quote(database['USER'])}:{quote(database['PASSWORD'])}"
            f"@/{database['NAME']}?{urlencode({k: v for k, v in host.items() if v})}",
            "REDIS_URL": valkey.url(self.folder),
            "SECRET_KEY": settings.SECRET_KEY,
            "ALLOWED_HOSTS": HOST,
            "PYTHONWARNINGS": "",
            **self._more,
        }

    @contextmanager
    def process(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )
        self._pids[name] = process.pid
        with process:
            try:
                yield process
            finally:
                process.terminate()

    def await_listening(self, name: str) -> None:
        """Returns when the relay of this name listens."""
        deadline = time.monotonic() + 60
        while "Listening to PostgreSQL" not in self.log(name):
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)

    @contextmanager
    def broker_running(self) -> Iterator[None]:
        self._start_broker()
        try:
            yield
        finally:
            self._stop_broker()

    @contextmanager
    def broker_away(self) -> Iterator[None]:
        """Valkey does not run in the block; after it, a new one does."""
        self._stop_broker()
        yield
        self._start_broker()

    def _start_broker(self) -> None:
        with (self.folder / "valkey.log").open("ab") as log:
            self._broker_process = self.broker.start(log)
        self.broker.await_ready(self._broker_process)

    def _stop_broker(self) -> None:
        stop([self.broker])
        self._broker_process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def threads(self, name: str) -> int:
        """How many threads the process of this name has."""
        return len([*Path(f"/proc/{self._pids[name]}/task").iterdir()])

    def connect(self, headers: Mapping[str, str], path: str = "/ws/jobs/") -> ClientConnection:
        return unix_connect(
            str(self.folder / "daphne.sock"),
            uri=f"ws://{HOST}{path}",
            additional_headers=headers,
            compression=None,
        )

    @contextmanager
    def listening(self, headers: Mapping[str, str]) -> Iterator[ClientConnection]:
        """A socket that has had its first resync."""
        with self.connect(headers) as socket:
            assert heard(socket) == {"type": "resync"}
            yield socket


def communicator(
    headers: Mapping[str, str], path: str = "/ws/jobs/", recheck_seconds: float | None = None
) -> WebsocketCommunicator:
    """A socket to the product's own addresses; with `recheck_seconds`, to a consumer of them."""
    application = URLRouter(
        websocket_urlpatterns
        if recheck_seconds is None
        else [route("ws/jobs/", JobsConsumer.as_asgi(recheck_seconds=recheck_seconds))]
    )
    lines = {"Host": HOST, **headers}.items()
    return WebsocketCommunicator(
        application, path, [(name.lower().encode(), value.encode()) for name, value in lines]
    )


async def opened(
    headers: Mapping[str, str], recheck_seconds: float | None = None
) -> WebsocketCommunicator:
    """An accepted socket that has had its first resync."""
    socket = communicator(headers, recheck_seconds=recheck_seconds)
    assert (await socket.connect())[0]
    assert await socket.receive_json_from() == {"type": "resync"}
    return socket


def heard(socket: ClientConnection, within: float = SOON) -> Any:
    """The next message."""
    return orjson.loads(socket.recv(timeout=within))


def statuses(socket: ClientConnection, within: float = SOON) -> list[tuple[str, str]]:
    """(job id, status) of the next message about jobs; resyncs before it are passed over."""
    while True:
        message = heard(socket, within)
        if message["type"] == "job.changed":
            return [(change["job_id"], change["status"]) for change in message["changes"]]


def until_resync(socket: ClientConnection, within: float = 30) -> None:
    deadline = time.monotonic() + within
    while heard(socket, deadline - time.monotonic())["type"] != "resync":
        pass


def with_session(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
