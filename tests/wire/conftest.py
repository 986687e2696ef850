"""Two servers that speak the Message Batches API: the emulator, and our own door.

Whoever asks of them the same gets the same. What only one of them can be asked stands elsewhere:
in tests/emulator, and in tests/api/anthropic.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from anthropic import Anthropic
from anthropic.types.messages import MessageBatch

from tests.ground import Emulator, Site, emulating

PATH = "/v1/messages/batches"
ENDED_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """One of them. `emulator` is what answers in the end."""

    url: str
    key: str
    emulator: Emulator

    def connect(self) -> Anthropic:
        return Anthropic(base_url=self.url, api_key=self.key, max_retries=0, timeout=30)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a call without the SDK; `{key}` in a header stands for the key."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = headers or {"x-api-key": "{key}", "anthropic-version": "2023-06-01"}
        filled = {name: value.format(key=self.key) for name, value in headers.items()}
        request = Request(self.url + path, method=method, data=body, headers=filled)
        try:
            with urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except HTTPError as error:
            return error.code, error.read()

    def newest(self) -> Any:
        """The id of the newest batch, or None."""
        return json.loads(self.call("GET", f"{PATH}?limit=1")[1])["first_id"]

    def await_end(self, batch_id: str) -> MessageBatch:
        deadline = time.monotonic() + ENDED_SECONDS
        with self.connect() as client:
            while (batch := client.messages.batches.retrieve(batch_id)).processing_status != (
                "ended"
            ):
                assert time.monotonic() < deadline, batch
                time.sleep(0.1)
        return batch


@pytest.fixture(scope="session")
def emulator_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulating(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(params=["emulator", "product"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "emulator":
        emulator: Emulator = request.getfixturevalue("emulator_here")
        emulator.reset()
        yield Server(emulator.url, "some-key", emulator)
    else:
        site: Site = request.getfixturevalue("live_site")
        yield Server(site.url, site.api_key, site.emulator)
        site.emulator.release()


@pytest.fixture
def client(server: Server) -> Iterator[Anthropic]:
    with server.connect() as client:
        yield client
