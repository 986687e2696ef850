"""For load balancers and supervisors: is the process alive, can it serve."""

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from aijobs.models import Heartbeat
from aijobs.models.heartbeats import NEEDED

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 2


def alive(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """200 when database and channel layer answer, else 503; the body says which did not.

    A cluster or a relay that is missing makes it "degraded", and 200 all the same: this process
    can accept work, and taking it out of service would turn a delay into an outage.
    """
    needed = {"database": _answers(_ask_database), "channel_layer": _answers(_ask_channel_layer)}
    can_serve = all(needed.values())
    silent = Heartbeat.objects.missing(timezone.now()) if needed["database"] else NEEDED
    parts = {
        **{part: "ok" if answers else "unavailable" for part, answers in needed.items()},
        **{name: "silent" if name in silent else "ok" for name in NEEDED},
    }
    status = ("degraded" if silent else "ok") if can_serve else "unavailable"
    return JsonResponse({"status": status, **parts}, status=200 if can_serve else 503)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("Not ready: %s", type(error).__name__)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_channel_layer() -> None:
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    ) as server:
        server.ping()
