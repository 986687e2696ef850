"""Whenever a worker dies that sends e-mails, each is sent in the end, and under one id."""

import os
import signal
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from aijobs import crash_points
from aijobs.crash_points import Step
from aijobs.mails import inform
from aijobs.models import Mail
from aijobs.webhooks import collections
from tests.factories import NOW, make_job, make_tenant
from tests.faults.scenarios import MAILED
from tests.mails.test_telling import make_reader
from tests.webhooks.test_delivery import end, make_collection

pytestmark = pytest.mark.django_db(transaction=True)


def die(step: Step, at: Any) -> int:
    """Run the stage in a process that dies at a step; returns how it ended."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        os.environ[crash_points.ORDER] = step
        try:
            inform.run(at, lambda: at)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("step", MAILED)
def test_a_death_loses_no_mail(step: Step, settings: Any, tmp_path: Path) -> None:
    settings.EMULATED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    tenant = make_tenant()
    make_reader(tenant, "ann")
    _, jobs = make_collection(tenant)
    end(*jobs)
    collections.tell(NOW)
    end(make_job(tenant), status="failed")
    at = NOW + timedelta(minutes=2)
    assert die(step, at) == -signal.SIGKILL
    later = at + inform.LEASE
    inform.run(later, lambda: later)
    assert set(Mail.objects.values_list("status", flat=True)) == {"sent"}
    letters = [
        message_from_bytes(part.strip(b"-\n"))
        for file in tmp_path.iterdir()
        for part in file.read_bytes().split(b"-" * 79)
        if part.strip()
    ]
    ids = [one["Message-ID"] for one in letters]
    assert len({*ids}) == 2
    # Sent and not marked as sent: that one may come twice, with the same id.
    assert len(ids) == (3 if step is Step.INFORM_SENT else 2)
