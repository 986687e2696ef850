"""The live road as it runs: daphne, the relay and a Valkey of their own."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from tests.live.ground import HOST, MOST_HELD, Live


@pytest.fixture(scope="session")
def live_processes(django_db_setup: None) -> Iterator[Live]:
    folder = Path(tempfile.mkdtemp(prefix="citizenapp-live-"))
    live = Live(folder, AIJOBS_HELD_ANSWERS=str(MOST_HELD))
    application = ("-u", str(folder / "daphne.sock"), "citizenapp.asgi:application")
    try:
        with (
            live.broker_running(),
            live.process("daphne", "-m", "daphne", *application),
            live.process("relay", "manage.py", "relay"),
        ):
            live.await_listening("relay")
            while not (folder / "daphne.sock").exists():
                time.sleep(0.05)
            yield live
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def live(live_processes: Live, transactional_db: None) -> Live:
    return live_processes


@pytest.fixture
async def consumers(redis: str, transactional_db: None, settings: Settings) -> AsyncIterator[None]:
    """What consumers need in the test's own process. The connection of their thread is closed."""
    settings.ALLOWED_HOSTS = [HOST]
    yield
    await sync_to_async(connections.close_all)()
