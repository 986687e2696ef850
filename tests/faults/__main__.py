"""`make torture`: crash as often as there is time for, and write down what came of it."""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import django
from django.core.management import call_command

from citizenapp.local import postgres
from tests.ground import REPLACED_PARTS, emulating, running, short_folder


@contextmanager
def database(var: Path) -> Iterator[None]:
    """Django over a database of its own."""
    for name in REPLACED_PARTS:
        os.environ.pop(name, None)
    os.environ |= {"CITIZENAPP_VAR": str(var), "DJANGO_SETTINGS_MODULE": "citizenapp.settings"}
    postgres.prepare(var)
    with running(postgres.program(var, durable=False), var / "postgres.log"):
        django.setup()
        call_command("migrate", verbosity=0)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--deaths", type=int, default=1_000, help="try all again until so many")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so long")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--report", type=Path, help="write the table into this file")
    given = parser.parse_args()
    started = time.monotonic()
    with short_folder() as var, database(var), emulating(var) as emulator:
        # Models can't be imported before Django is set up.
        from tests.faults import report, scenarios  # noqa: PLC0415
        from tests.faults.receiver import receiving  # noqa: PLC0415
        from tests.faults.world import World, settings_of  # noqa: PLC0415

        def is_enough() -> bool:
            return bool(torture.counter.deaths >= given.deaths)

        def is_over() -> bool:
            minutes = (time.monotonic() - started) / 60
            say(f"\r{report.summary(torture.counter)}, {minutes:.1f} minutes", end="")
            return bool(minutes >= given.minutes)

        with settings_of(emulator), receiving(var) as receiver:
            say(f"Seed {given.seed}")
            torture = scenarios.Torture(World(emulator, receiver, var), given.seed, say=say)
            unreached: set[str] = set()
            # Ctrl-C ends it early, with its table.
            with suppress(KeyboardInterrupt):
                unreached |= torture.every_step_once(is_over)
                if not is_over():
                    scenarios.long(torture, is_enough, is_over)
        say()
        if unreached:
            say(f"Not reached: {', '.join(sorted(unreached))}")
        say(report.table(torture.counter))
        if given.report:
            ordered = f"N={given.deaths} MINUTES={given.minutes:g} ARGS='--seed {given.seed}'"
            seconds = time.monotonic() - started
            report.write(given.report, torture.counter, seconds, f"make torture {ordered}")
    return 1 if torture.counter.wrong or unreached else 0


def say(text: str = "", end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
