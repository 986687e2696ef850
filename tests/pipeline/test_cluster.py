"""The cluster runs the whole pipeline, and ends quickly when it is told to."""

import signal
import time
from pathlib import Path

import pytest
from django.utils import timezone

from aijobs.models import AIJob
from aijobs.pipeline import accept
from tests.factories import make_tenant
from tests.ground import Emulator
from tests.pipeline.processes import await_true, environ, started
from tests.pipeline.steps import TEXT, assert_books_agree

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_go_all_the_way_and_sigterm_ends_it(emulator: Emulator, tmp_path: Path) -> None:
    tenant, now = make_tenant(), timezone.now()
    for wish in (None, 0):
        accept.accept_job(
            tenant,
            "summarize",
            {"document_text": TEXT},
            now=now,
            created_by="ann",
            needed_within=wish,
        )
    timings = {
        "AIJOBS_SUBMIT_EVERY": "0",
        "AIJOBS_POLL_EVERY": "0",
        "SECURE_SSL_REDIRECT": "false",
    }
    log = tmp_path / "cluster.log"
    surroundings = environ(emulator) | timings
    with started("manage.py", "cluster", environ=surroundings, log=log) as cluster:
        await_true(
            lambda: (
                cluster.poll() is not None or not AIJob.objects.exclude(status="completed").exists()
            ),
            "both jobs complete",
            seconds=40,
        )
        assert cluster.poll() is None, log.read_text()
        asked = time.monotonic()
        cluster.send_signal(signal.SIGTERM)
        assert cluster.wait(15) == 0
        assert time.monotonic() - asked < 10
    assert_books_agree(emulator)
    assert set(AIJob.objects.values_list("route", flat=True)) == {"batch", "sync"}
    assert TEXT not in log.read_text()
