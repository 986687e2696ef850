"""manage.py cluster: django-q2's cluster, and the look at what is due once a second."""

import logging
import time

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from aijobs import tasks

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the pipeline: django-q2's workers and schedules. Ctrl-C or SIGTERM ends it."

    def handle(self, *args: object, **options: object) -> None:  # noqa: ARG002
        tasks.timetable()
        cluster = tasks.start_cluster()
        self.stdout.write("The pipeline runs.")
        while cluster.sentinel.is_alive():
            time.sleep(1)
            if cluster.stop_event is None or cluster.stop_event.is_set():
                break
            try:
                close_old_connections()
                tasks.wake(timezone.now())
            except (InterfaceError, OperationalError) as error:
                # PostgreSQL is away for a moment; the schedules would wait for it just the same.
                logger.warning("Cannot look for work: %s", str(error).strip())
        cluster.sentinel.join()
