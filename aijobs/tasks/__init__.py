"""What django-q2 runs: each task reads the clock and calls one stage.

Two things start a task: its schedule, every half minute, and `wake`, which looks once a second
whether a stage has work that is due and queues it at once. A stage that is started for nothing
finds nothing and returns. What needs no more than that is started each hour.
"""

import functools
import logging
import traceback
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from aijobs.bill import check
from aijobs.drafts import Teller
from aijobs.mails import inform
from aijobs.pipeline import (
    apply,
    assemble,
    dispatch,
    erase,
    expedite,
    index,
    poll,
    reconcile,
    rescue,
    seed,
    settle,
    share,
    sweep,
)
from aijobs.postgres.outages import AWAY
from aijobs.tasks.broker import signs
from aijobs.webhooks import deliver

logger = logging.getLogger(__name__)

# django-q2 looks at its schedules every 30 seconds; six fields, seconds last.
EVERY_HALF_MINUTE = "* * * * * */30"
EVERY_HOUR = "17 * * * *"


def task(stage: Callable[[], int]) -> Callable[[], int]:
    """Let the watch see the stage at work, and say in one line why it failed.

    django-q2 would keep and log the whole text of an error, which may quote a document.
    """

    @functools.wraps(stage)
    def seen() -> int:
        signs.note("started")
        signs.note("stage", names().index(stage.__name__.removeprefix("run_")))
        try:
            return stage()
        except AWAY as error:
            logger.warning("%s: PostgreSQL is away (%s).", stage.__name__, type(error).__name__)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            logger.error(  # noqa: TRY400
                "%s: %s in %s, line %s",
                stage.__name__,
                type(error).__name__,
                at.filename,
                at.lineno,
            )
        finally:
            signs.note("ended")
        return 0

    return seen


@task
def run_apply() -> int:
    return apply.run(timezone.now())


@task
def run_assemble() -> int:
    return assemble.run(timezone.now())


@task
def run_deliver() -> int:
    return deliver.run(timezone.now(), timezone.now, lambda: signs.is_stopping)


@task
def run_dispatch() -> int:
    return dispatch.run(timezone.now(), timezone.now)


@task
def run_erase() -> int:
    return erase.run(timezone.now())


@task
def run_expedite() -> int:
    with Teller() as drafts:
        return expedite.run(timezone.now(), timezone.now, lambda: signs.is_stopping, drafts)


@task
def run_index() -> int:
    return index.run(timezone.now())


@task
def run_inform() -> int:
    return inform.run(timezone.now(), timezone.now, lambda: signs.is_stopping)


@task
def run_poll() -> int:
    return poll.run(timezone.now())


@task
def run_reconcile() -> int:
    return reconcile.run(timezone.now())


@task
def run_rescue() -> int:
    return rescue.run(timezone.now())


@task
def run_seed() -> int:
    return seed.run(timezone.now())


@task
def run_settle() -> int:
    return settle.run(timezone.now())


@task
def run_share() -> int:
    return share.run(timezone.now())


@task
def run_sweep() -> int:
    return sweep.run(timezone.now())


@task
def run_reconcile_costs() -> int:
    return check.run(timezone.now())


STAGES: dict[str, tuple[Callable[[], int], Callable[[datetime], bool]]] = {
    "apply": (run_apply, apply.due),
    "assemble": (run_assemble, assemble.due),
    "deliver": (run_deliver, deliver.due),
    "dispatch": (run_dispatch, dispatch.due),
    "erase": (run_erase, erase.due),
    "expedite": (run_expedite, expedite.due),
    "index": (run_index, index.due),
    "inform": (run_inform, inform.due),
    "poll": (run_poll, poll.due),
    "reconcile": (run_reconcile, reconcile.due),
    "rescue": (run_rescue, rescue.due),
    "seed": (run_seed, seed.due),
    "settle": (run_settle, settle.due),
    "share": (run_share, share.due),
    "sweep": (run_sweep, sweep.due),
}


# Nothing waits for these. Each looks for days that are still to be done: an hour in which no
# cluster runs, or Anthropic cannot be asked, is made up for by the next.
HOURLY: dict[str, Callable[[], int]] = {"reconcile_costs": run_reconcile_costs}


def names() -> list[str]:
    """All tasks, in an order that stays."""
    return [*STAGES, *HOURLY]


def timetable() -> None:
    """Make the schedules what they should be, whatever they were."""
    wanted = {stage: (task, EVERY_HALF_MINUTE) for stage, (task, _) in STAGES.items()}
    if settings.ANTHROPIC_ADMIN_KEY:
        wanted |= {name: (task, EVERY_HOUR) for name, task in HOURLY.items()}
    for name, (task, cron) in wanted.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": f"{__name__}.{task.__name__}",
                "schedule_type": Schedule.CRON,
                "cron": cron,
                "repeats": -1,
            },
        )
    Schedule.objects.exclude(name__in=wanted).delete()


def take_up() -> None:
    """Queue what looks for work that lost its worker: nobody knows how the last cluster ended."""
    for stage in ("reconcile", "sweep"):
        async_task(STAGES[stage][0], task_name=stage)


def wake(now: datetime) -> list[str]:
    """Queue the stages that have work which is due; returns their names.

    Does nothing while tasks wait for a worker: all are busy, and more would only pile up.
    """
    if OrmQ.objects.filter(lock__lte=now).exists():
        return []
    woken = [stage for stage, (_, due) in STAGES.items() if due(now)]
    for stage in woken:
        async_task(STAGES[stage][0], task_name=stage)
    return woken
