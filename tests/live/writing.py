"""A worker that writes slowly while a test watches."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from django.db import connections

from aijobs.drafts import Teller
from aijobs.models import AIJob
from aijobs.pipeline import accept, expedite
from citizenapp.local import valkey
from citizenapp.tenants.models import Tenant
from tests.live.ground import Live
from tests.pipeline.steps import TEXT

SECONDS = 1.5


def layer_of(live: Live) -> dict[str, Any]:
    """CHANNEL_LAYERS by which workers of this process tell those of daphne."""
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey.url(live.folder)], "prefix": "citizenapp"},
        }
    }


def urgent(tenant: Tenant, kind: str = "summarize", **more: Any) -> AIJob:
    given = {"document_text": TEXT * 20} | more
    now = datetime.now(UTC)
    return accept.accept_job(tenant, kind, given, now=now, created_by="ann", needed_within=0)


@contextmanager
def at_work() -> Iterator[None]:
    """A worker runs what is urgent, beside the block."""

    def work() -> None:
        def clock() -> datetime:
            return datetime.now(UTC)

        try:
            with Teller() as drafts:
                expedite.run(clock(), clock, drafts=drafts)
        finally:
            connections.close_all()

    worker = Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        worker.join()
