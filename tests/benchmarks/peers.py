"""Other queues over the same PostgreSQL, with jobs that do nothing: what to compare with."""

import json
import subprocess
import sys
from dataclasses import dataclass

from django.db import connection

from tests.benchmarks.bench import Bench
from tests.benchmarks.material import documents
from tests.ground import CHECKOUT

# Jobs that tell how quick they are, within seconds.
ENOUGH = {"pgqueuer": 20_000, "procrastinate": 2_000, "django_q2": 2_000}
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """Jobs a second."""

    name: str
    queued: float
    drained: float

    @property
    def both(self) -> float:
        return 1 / (1 / self.queued + 1 / self.drained)

    def __str__(self) -> str:
        return f"{self.name} {self.queued:,.0f} and {self.drained:,.0f}"


def race(bench: Bench) -> list[Peer]:
    """Each of them in a database of its own, the quickest first."""
    peers = [_run(name, bench, min(enough, bench.n)) for name, enough in ENOUGH.items()]
    return sorted(peers, key=lambda peer: -peer.both)


def _run(name: str, bench: Bench, count: int) -> Peer:
    where = connection.settings_dict
    database = f"peer_{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
    try:
        ran = subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-m", f"tests.benchmarks.queues.{name}"),
                f"host={where['HOST']} port={where['PORT']} user={where['USER']} dbname={database}",
            ],
            cwd=CHECKOUT,
            input="\n".join(documents(bench.random, count)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
    took = json.loads(ran.stdout)
    return Peer(name, count / took["queued"], count / took["drained"])
