"""/healthz and /readyz."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from aijobs.models.heartbeats import SILENT_AFTER, Process


def test_a_process_that_answers_is_alive() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def sign(*names: str, ago: timedelta = timedelta(0)) -> None:
    for name in names:
        Process.here(name, timezone.now()).beat(timezone.now() - ago)


def test_who_reaches_everything_is_ready(db: None, redis: str) -> None:
    sign("cluster", "relay")
    response = Client().get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "channel_layer": "ok",
            "cluster": "ok",
            "relay": "ok",
        },
    )


def test_who_works_without_a_cluster_is_degraded_but_stays_in_service(db: None, redis: str) -> None:
    sign("relay")
    sign("cluster", ago=SILENT_AFTER)
    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert (response.json()["cluster"], response.json()["relay"]) == ("silent", "ok")


def test_without_the_channel_layer_nobody_is_ready(
    db: None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    sign("cluster", "relay")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "ok",
        "channel_layer": "unavailable",
        "cluster": "ok",
        "relay": "ok",
    }
