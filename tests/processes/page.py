"""An open dashboard, as far as the road to it matters: what it would show."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.processes.ground import House


class Page:
    """Follows changes, and asks for the rows when it is told that it may have missed some."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.statuses: dict[str, str] = {}
        self.resyncs = 0
        self.was_closed = False

    def follow(self, socket: ClientConnection) -> None:
        try:
            for message in socket:
                self._hear(orjson.loads(message))
        except ConnectionClosed:
            pass
        self.was_closed = True

    def _hear(self, message: Any) -> None:
        if message["type"] == "resync":
            self.resyncs += 1
            self._read_rows()
        else:
            for change in message["changes"]:
                self.statuses[change["job_id"]] = change["status"]

    def _read_rows(self) -> None:
        try:
            status, answer = self._house.call("GET", "jobs?page_size=100")
        except (URLError, OSError):
            return  # Without the database there is nothing to show; another resync follows.
        if status == 200:
            self.statuses |= {job["job_id"]: job["status"] for job in answer["results"]}


@contextmanager
def opened(house: House) -> Iterator[Page]:
    """A page that stays open as long as the block lasts; it must not be closed before."""
    url = house.product.url.replace("http", "ws", 1)
    page = Page(house)
    with connect(f"{url}/ws/jobs/", additional_headers=house.authorization) as socket:
        following = threading.Thread(target=page.follow, args=[socket])
        following.start()
        yield page
        assert not page.was_closed
    following.join()
