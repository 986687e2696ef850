"""/healthz and /readyz."""

import pytest
from django.test import Client
from pytest_django import Settings


def test_a_process_that_answers_is_alive() -> None:
    response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_who_reaches_everything_is_ready(db: None, redis: str) -> None:
    response = Client().get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "database": "ok", "channel_layer": "ok"},
    )


def test_without_the_channel_layer_nobody_is_ready(
    db: None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = Client().get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "ok",
        "channel_layer": "unavailable",
    }
