"""django-q2 over its ORM broker, with two workers."""

import os
import time

import django
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from tests.benchmarks.queues._run import main


def run(conninfo: str, documents: list[str]) -> tuple[float, float]:
    where = conninfo_to_dict(conninfo)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": where["host"],
                "PORT": where["port"],
                "NAME": where["dbname"],
                "USER": where["user"],
                "CONN_MAX_AGE": 60,
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django_q"],
        Q_CLUSTER={
            "name": "peer",
            "orm": "default",
            "workers": 2,
            "poll": 0.05,
            "bulk": 10,
            "save_limit": -1,
            "timeout": 60,
            "retry": 600,
            "log_level": "ERROR",
        },
        SECRET_KEY="none",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  (these need the settings)
    from django.db import connections  # noqa: PLC0415
    from django_q.cluster import Cluster  # noqa: PLC0415
    from django_q.models import OrmQ  # noqa: PLC0415
    from django_q.tasks import async_task  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    for document in documents:
        async_task("builtins.len", document)
    queued = time.perf_counter()
    connections.close_all()  # No forked process may share one.
    cluster = Cluster()
    cluster.start()
    while OrmQ.objects.exists():  # A row goes when its task has ended.
        time.sleep(0.05)
    drained = time.perf_counter()
    cluster.stop()
    return queued - began, drained - queued


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main(run)
