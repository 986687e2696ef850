"""Staff see which processes run, and first of all which do not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import Heartbeat
from aijobs.models.heartbeats import SILENT_AFTER, Process
from tests.admin.rows import page

pytestmark = pytest.mark.django_db


def sign(name: str, ago: timedelta = timedelta(0)) -> None:
    now = timezone.now()
    Process.here(name, now - ago).beat(now - ago, "Ran settle.")


def test_the_overview_names_what_does_not_answer(staff: Client) -> None:
    sign("relay")
    sign("cluster", SILENT_AFTER)
    overview = page(staff, "index")
    assert "No cluster runs" in overview
    assert "No relay runs" not in overview
    assert "has been silent" in overview


def test_the_overview_says_nothing_of_processes_that_are_well(staff: Client) -> None:
    sign("relay")
    sign("cluster")
    assert "do not answer" not in page(staff, "index")


def test_the_list_says_what_each_did_last(staff: Client) -> None:
    sign("cluster")
    assert "Ran settle." in page(staff, "aijobs_heartbeat_changelist")
    assert "Ran settle." in page(staff, "aijobs_heartbeat_change", Heartbeat.objects.get().pk)
