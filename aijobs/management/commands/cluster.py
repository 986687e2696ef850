"""manage.py cluster: django-q2's cluster under watch, and the look at what is due."""

import contextlib
import logging
import signal
import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from aijobs import tasks
from aijobs.models.heartbeats import BEAT_SECONDS, Process
from aijobs.postgres.outages import AWAY
from aijobs.tasks import cluster
from aijobs.tasks.cluster import Cluster, Flag

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Command(BaseCommand):
    help = "Run the pipeline: django-q2's workers and schedules. Ctrl-C or SIGTERM ends it."
    # Django's own would import every page there is.
    requires_system_checks = ("aijobs",)

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        cluster.prepare()
        watch = Watch(Process.here("cluster", timezone.now()), stop)
        self.stdout.write("The pipeline runs.")
        while not stop.wait(LOOK_EVERY_SECONDS):
            watch.look()
        watch.end()


class Watch:
    """Looks once a second: does PostgreSQL answer, is work due, does the cluster do it?"""

    def __init__(self, process: Process, stop: Flag) -> None:
        self._process = process
        self._stop = stop
        self._cluster = Cluster()
        self._started_at = self._looked_at = time.monotonic()
        self._beat_at = 0.0
        self._pause = 0.0
        self._is_new = True
        self._is_away = False

    def look(self) -> None:
        last, self._looked_at = self._looked_at, time.monotonic()
        if self._looked_at - last > 5 * LOOK_EVERY_SECONDS:
            self._cluster.excuse()  # We slept, and perhaps the whole machine did.
        try:
            self._ask()
        except AWAY as error:
            if not self._is_away:
                logger.warning("PostgreSQL is away (%s): waiting for it.", type(error).__name__)
            self._is_away = True
            connection.close()
        else:
            if self._is_away:
                logger.info("PostgreSQL is back.")
            self._is_away = False
        if self._is_away:
            self._cluster.excuse()
        elif part := self._cluster.silent(settings.AIJOBS_CLUSTER_PATIENCE):
            self._start_anew(part)

    def end(self) -> None:
        if not self._cluster.stop(settings.AIJOBS_STOP_GRACE):
            logger.warning(
                "Ended work that took longer than %g s; it will be taken up again.",
                settings.AIJOBS_STOP_GRACE,
            )
        # If PostgreSQL is away, it will be missed until another one starts here.
        with contextlib.suppress(*AWAY):
            self._process.sign_off()

    def _ask(self) -> None:
        if self._is_new:
            tasks.timetable()
            tasks.take_up()
            self._is_new = False
        if self._looked_at - self._beat_at >= BEAT_SECONDS:
            now = timezone.now()
            self._process.beat(now, self._cluster.note(now))
            self._beat_at = self._looked_at
        tasks.wake(timezone.now())

    def _start_anew(self, part: str) -> None:
        patience = settings.AIJOBS_CLUSTER_PATIENCE
        logger.error(
            "django-q2's %s gave no sign of life for %g s: starting all of it anew.", part, patience
        )
        # To hang takes its time; what ends at once would be started again every second.
        is_short_lived = self._looked_at - self._started_at < patience
        self._pause = min(2 * self._pause or 1.0, LONGEST_PAUSE_SECONDS) if is_short_lived else 0
        if self._stop.wait(self._pause):
            return
        self._cluster.stop(settings.AIJOBS_STOP_GRACE if self._cluster.is_busy else 0)
        self._cluster, self._is_new = Cluster(), True
        self._started_at = self._looked_at = time.monotonic()
