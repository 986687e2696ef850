"""Real servers for every test that asks for them; each session has its own, in a new folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import override_settings
from pytest_django import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from citizenapp.local import postgres, valkey
from tests.ground import Emulator, Site, emulating, running, serving, short_folder

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

# Folders whose tests share what takes seconds to start, by what that is.
SHARING = {
    "tests/api/test_generated_requests.py": "live_site",
    "tests/browser/": "live_site",
    "tests/client/": "live_site",
    "tests/docs/": "live_site",
    "tests/local/": "live_site",
    "tests/processes/": "running_house",
    "tests/wire/": "live_site",
}


class Scheduling(LoadScopeScheduling):
    """Deals out test by test, but what shares something goes to one process, and first."""

    def _split_scope(self, nodeid: str) -> str:
        return next((it for folder, it in SHARING.items() if nodeid.startswith(folder)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def var() -> Iterator[Path]:
    """The session's data folder."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="session", autouse=True)
def ground(var: Path, worker_id: str) -> Iterator[None]:
    """Settings that keep tests away from the data of `make run`."""
    redis_url = os.environ.get("REDIS_URL") or valkey.url(var)
    static = var / "static"
    static.mkdir()
    # Processes that run tests side by side share a Valkey of one's own.
    prefix = f"citizenapp-{worker_id}"
    layer: dict[str, Any] = django_settings.CHANNEL_LAYERS["default"]
    if not django_settings.LOCAL:
        # DATABASE_URL makes it a deployment, which has no key without SECRET_KEY.
        django_settings.SECRET_KEY = "tests"
    with override_settings(
        VAR=var,
        STATIC_ROOT=static,
        STAFF_SECOND_FACTOR=False,
        SECURE_SSL_REDIRECT=False,
        REDIS_URL=redis_url,
        # Those that are about it say how much may be asked.
        AIJOBS_API_RATE=0,
        CHANNEL_LAYERS={
            "default": layer
            | {"CONFIG": layer["CONFIG"] | {"hosts": [redis_url], "prefix": prefix}}
        },
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # The manifest is made by collectstatic, which only a deployment runs.
        STORAGES=django_settings.STORAGES
        | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
    ):
        yield


@pytest.fixture(scope="session")
def embedded_postgres(var: Path) -> Iterator[None]:
    postgres.prepare(var, say=lambda _: None)
    with running(postgres.program(var, durable=False), var / "postgres.log"):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    var: Path,
    # A database for each process that runs tests, also in a server of one's own.
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Called by pytest-django before it connects for the first time."""
    if django_settings.LOCAL:
        request.getfixturevalue("embedded_postgres")
        django_settings.DATABASES["default"].update(postgres.database(var))


def _is_superuser(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return bool(cursor.fetchone() == ("on",))


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """What tests with transactions of their own leave behind is deleted, row by row.

    Django truncates, which makes 82 tables and all of their indexes anew: forty times the work
    where a few rows are there. Both wait until every other transaction has ended. Triggers and
    foreign keys are off meanwhile, which takes a superuser: elsewhere Django does as it does.
    """
    truncate = DatabaseOperations.sql_flush

    def sql_flush(
        self: Any, style: Any, tables: list[str], *, reset_sequences: bool = False, **options: Any
    ) -> list[str]:
        if tables and not reset_sequences and _is_superuser(self.connection):
            names = [self.quote_name(table) for table in tables]
            return [
                f"LOCK TABLE {', '.join(names)}",
                "SET LOCAL session_replication_role = replica",
                "; ".join(f"DELETE FROM {name}" for name in names),
            ]
        return truncate(self, style, tables, reset_sequences=reset_sequences, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session")
def redis(var: Path) -> Iterator[str]:
    """The URL of a running Valkey; the channel layer uses it."""
    if "REDIS_URL" in os.environ:
        yield os.environ["REDIS_URL"]
    else:
        with running(valkey.program(var), var / "valkey.log"):
            yield valkey.url(var)


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulating(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_process: Emulator, settings: Settings) -> Emulator:
    """An emulator without batches, faults or memory, which the gateway talks to."""
    emulator_process.reset()
    settings.ANTHROPIC_BASE_URL = emulator_process.url
    settings.ANTHROPIC_API_KEY = "emulator"
    return emulator_process


@pytest.fixture(scope="session")
def live_site() -> Iterator[Site]:
    """The whole product, served by `manage.py up`; all tests of the session share it.

    It waits less than the one of `make run` before it sends a batch and asks about it, and its
    emulator answers at once.
    """
    hurry = {"AIJOBS_SUBMIT_EVERY": "0.5", "AIJOBS_POLL_EVERY": "0.5"}
    # Generated requests come as quickly as they can.
    hurry |= {"AIJOBS_API_RATE": "10000", "AIJOBS_API_BURST": "100000"}
    # Generated requests name hosts of which some exist. No webhook gets further than this: a port
    # of this machine at which nobody listens.
    hurry["AIJOBS_WEBHOOK_PROXY"] = "http://127.0.0.1:9"
    with short_folder() as folder, serving(folder, **hurry) as site:
        site.emulator.release()
        yield site
