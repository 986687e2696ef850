"""The servers that benchmarks run against: a PostgreSQL as durable as any, emulator, Valkey."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from aijobs import gateway
from citizenapp.local import postgres, valkey
from tests.benchmarks.bench import Bench
from tests.ground import emulating, running, short_folder


@contextmanager
def bench(n: int, *, seed: int) -> Iterator[Bench]:
    """All servers, new and empty, in a folder of their own."""
    # Where it is only tried whether all this still works, no disk need be waited for.
    durable = n >= 1_000
    with short_folder() as var:
        postgres.prepare(var, say=lambda _: None)
        settings.DATABASES["default"].update(postgres.database(var))
        redis_url = valkey.url(var)
        layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
        for folder in ("emulator", "static"):
            (var / folder).mkdir()
        with (
            running(postgres.program(var, durable=durable), var / "postgres.log"),
            running(valkey.program(var), var / "valkey.log"),
            emulating(var / "emulator") as emulator,
            override_settings(
                VAR=var,
                STATIC_ROOT=var / "static",
                REDIS_URL=redis_url,
                ANTHROPIC_BASE_URL=emulator.url,
                ANTHROPIC_API_KEY="emulator",
                AIJOBS_POLL_EVERY=0,
                # What is measured is what this side can do.
                AIJOBS_QUEUE_SLOTS=0,
                CHANNEL_LAYERS={
                    "default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": [redis_url]}}
                },
            ),
        ):
            call_command("migrate", verbosity=0)
            gateway.preload()
            try:
                yield Bench(n, var=var, emulator=emulator, redis_url=redis_url, seed=seed)
            finally:
                connection.close()
