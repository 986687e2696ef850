"""Processes sign, and those that stop signing are missed until another takes their place."""

from datetime import timedelta

import pytest

from aijobs.models import Heartbeat
from aijobs.models.heartbeats import FORGOTTEN_AFTER, SILENT_AFTER, Process
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def cluster(pid: int = 1, host: str = "a", started_at: timedelta = timedelta(0)) -> Process:
    return Process("cluster", host, pid, NOW + started_at)


def known() -> set[tuple[str, int]]:
    return set(Heartbeat.objects.values_list("host", "pid"))


def test_a_process_has_one_row_however_often_it_signs() -> None:
    for seconds in range(3):
        cluster().beat(NOW + seconds * SECOND, f"note {seconds}")
    row = Heartbeat.objects.get()
    assert (row.beat_at, row.note) == (NOW + 2 * SECOND, "note 2")


def test_who_stops_signing_is_silent_and_missing() -> None:
    cluster().beat(NOW)
    assert Heartbeat.objects.missing(NOW + SILENT_AFTER - SECOND) == ["relay"]
    assert Heartbeat.objects.missing(NOW + SILENT_AFTER) == ["cluster", "relay"]
    assert Heartbeat.objects.silent(NOW + SILENT_AFTER).count() == 1


def test_who_signs_off_is_gone() -> None:
    cluster().beat(NOW)
    cluster(2).beat(NOW)
    cluster().sign_off()
    assert known() == {("a", 2)}


def test_a_successor_on_the_same_machine_replaces_the_dead() -> None:
    cluster().beat(NOW)
    cluster(3, "b").beat(NOW)
    cluster(2, started_at=SECOND).beat(NOW + SECOND)
    assert known() == {("a", 2), ("b", 3)}


def test_a_neighbour_that_hangs_stays_visible() -> None:
    cluster(1).beat(NOW + SECOND)
    cluster(2).beat(NOW + SECOND)
    cluster(2).beat(NOW + SILENT_AFTER)
    assert known() == {("a", 1), ("a", 2)}


def test_a_machine_that_never_comes_back_is_forgotten_in_the_end() -> None:
    cluster(host="gone").beat(NOW)
    cluster().beat(NOW + FORGOTTEN_AFTER + SECOND)
    assert known() == {("a", 1)}
