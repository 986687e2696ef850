"""django-q2 runs each stage every half minute, and at once when work is due; some tasks hourly."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from aijobs import tasks
from aijobs.pipeline import accept
from tests.factories import make_batch, make_tenant

pytestmark = pytest.mark.django_db

STAGES = {
    *("apply", "assemble", "deliver", "dispatch", "erase", "expedite", "index", "inform", "poll"),
    *("reconcile", "rescue", "seed", "settle", "share", "sweep"),
}


def tasks_waiting() -> list[str]:
    return sorted(task.task["name"] for task in OrmQ.objects.all())


def test_the_timetable_is_what_it_should_be_whatever_it_was() -> None:
    tasks.timetable()
    Schedule.objects.filter(name="poll").update(cron="0 0 1 1 *", func="os.abort", repeats=1)
    Schedule.objects.create(name="stray", func="os.abort", schedule_type=Schedule.HOURLY)
    tasks.timetable()
    schedules = Schedule.objects.all()
    assert {one.name for one in schedules} == STAGES | {"reconcile_costs"}
    for one in schedules:
        assert one.func == f"aijobs.tasks.run_{one.name}"
        cron = "* * * * * */30" if one.name in STAGES else "17 * * * *"
        assert (one.schedule_type, one.cron, one.repeats) == ("C", cron, -1)
        one.full_clean()


def test_without_an_admin_key_no_bill_is_asked_for(settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = ""
    tasks.timetable()
    assert set(Schedule.objects.values_list("name", flat=True)) == STAGES
    assert tasks.run_reconcile_costs() == 0


def test_a_schedule_keeps_its_next_run_when_the_cluster_starts_again() -> None:
    tasks.timetable()
    soon = timezone.now() + timedelta(seconds=20)
    Schedule.objects.update(next_run=soon)
    tasks.timetable()
    assert set(Schedule.objects.values_list("next_run", flat=True)) == {soon}


def test_every_task_can_be_called_for_nothing() -> None:
    for task, _ in tasks.STAGES.values():
        assert task() == 0


def test_nobody_is_woken_for_nothing() -> None:
    assert tasks.wake(timezone.now()) == []
    assert tasks_waiting() == []


def test_only_the_stages_that_have_work_are_woken() -> None:
    now = timezone.now()
    accept.accept_job(
        make_tenant(),
        "summarize",
        {"document_text": "x"},
        now=now,
        created_by="ann",
        needed_within=0,
    )
    make_batch("assembled")
    make_batch("ended", retry_at=now + timedelta(hours=1))
    make_batch("unconfirmed", retry_at=now + timedelta(hours=1))
    make_batch("submitting")
    make_batch("submitted", polled_at=now)
    assert tasks.wake(now) == ["dispatch", "expedite", "index"]
    assert tasks_waiting() == ["dispatch", "expedite", "index"]


@pytest.mark.parametrize(
    ("status", "stage"),
    [("unconfirmed", "reconcile"), ("submitted", "poll"), ("ended", "settle")],
)
def test_each_status_wakes_the_stage_that_moves_it(status: str, stage: str) -> None:
    make_batch(status)
    assert tasks.wake(timezone.now()) == [stage]


def test_while_tasks_wait_for_a_worker_no_more_are_queued() -> None:
    make_batch("assembled")
    assert tasks.wake(timezone.now()) == ["dispatch"]
    assert tasks.wake(timezone.now() + timedelta(seconds=1)) == []
    assert tasks_waiting() == ["dispatch"]


def test_a_task_that_is_worked_at_does_not_keep_others_waiting() -> None:
    make_batch("assembled")
    now = timezone.now()
    tasks.wake(now)
    # What django-q2 does when a worker takes it.
    OrmQ.objects.update(lock=now + timedelta(minutes=40))
    make_batch("ended")
    assert tasks.wake(now + timedelta(seconds=1)) == ["dispatch", "settle"]


def test_a_lost_task_counts_as_lost_only_when_no_worker_can_be_at_it(settings: Any) -> None:
    cluster = settings.Q_CLUSTER
    prefetched = cluster["queue_limit"] / cluster["workers"]
    assert cluster["retry"] >= cluster["timeout"] * (prefetched + 2)
