"""Passes PostgreSQL's notices on to the open pages."""

import asyncio
import contextlib
import signal

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from aijobs.live import relay
from aijobs.models.heartbeats import Process


class Command(BaseCommand):
    help = "Listen to PostgreSQL and tell the open pages what changed. Ends on SIGTERM."
    requires_system_checks: tuple[str, ...] = ()  # They would import every page there is.

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002
        process = Process.here("relay", timezone.now())
        asyncio.run(
            _until_told(
                relay.connection_parameters(connection.get_connection_params()),
                relay.Signature(process, timezone.now),
            )
        )
        with contextlib.suppress(DatabaseError):
            process.sign_off()


async def _until_told(parameters: dict[str, object], signature: relay.Signature) -> None:
    running = asyncio.ensure_future(relay.run(parameters, signature=signature))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running
