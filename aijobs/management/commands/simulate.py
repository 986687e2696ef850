"""manage.py simulate: which roads the jobs of a day would take, at what cost, and who waits."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.test import override_settings

from aijobs.management.simulation import Outcome, document, mixes, plot, report, simulate
from aijobs.management.simulation.anthropic import (
    SPREAD,
    Anthropic,
    Slow,
    recorded,
    turnarounds_of,
)
from aijobs.management.simulation.arrivals import (
    MOST_JOBS,
    START,
    Arrival,
    Customer,
    drawn,
    of_history,
    read_trace,
    read_turnarounds,
)
from aijobs.management.simulation.mixes import MIXES, Mix

# One with a heap of jobs at some moment; two that come all day, one of them with a weight; one
# that comes with a few jobs now and then.
USUAL = ("giant=20000", "gold=30x300@3", "silver=30x300", "small=24x10")
MINUTES = 45

Read = TypeVar("Read")


class Command(BaseCommand):
    help = (
        "Play a day of jobs by the code that chooses roads, fills batches and cancels them in "
        "earnest, and say what it costs, whether deadlines are met, and who waits how long. It "
        "plays in temporary tables and rolls back: nothing that exists is changed or sent."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Settings that are not named here are those of the environment."""
        jobs = parser.add_mutually_exclusive_group()
        jobs.add_argument(
            "--tenant",
            action="append",
            type=_customer,
            metavar="NAME=[TIMESx]JOBS[@WEIGHT][/TIME[-TIME]][~HOUR-HOUR]",
            help="may be repeated. gold=30x300@3/30m-4h~8-18 comes 30 times at random moments from "
            "8 to 18 h, with 150 to 450 jobs that are needed within half an hour to four hours, "
            f"and has weight 3. TIME: seconds, or such as 10m, 4h, 1d. Default: {' '.join(USUAL)}",
        )
        jobs.add_argument("--mix", choices=MIXES, help="a day that is built in")
        jobs.add_argument(
            "--trace", type=Path, metavar="FILE",
            help="CSV with the columns moment, tenant, jobs, needed_within (seconds, or empty)",
        )  # fmt: skip
        jobs.add_argument(
            "--from-history", type=_day, metavar="DAY",
            help="the jobs that were accepted here on a day in UTC, and the batches that ended",
        )  # fmt: skip
        parser.add_argument(
            "--turnarounds", type=Path, metavar="FILE",
            help="CSV with the columns requests, seconds: what batches took, to draw from",
        )  # fmt: skip
        parser.add_argument(
            "--slots", type=_from(0), default=settings.AIJOBS_QUEUE_SLOTS,
            help="requests that are at Anthropic at once; 0: no limit; default: %(default)s",
        )  # fmt: skip
        parser.add_argument(
            "--batch", type=_from(1, 100_000), default=settings.AIJOBS_BATCH_REQUESTS,
            metavar="REQUESTS", help="most in a batch; default: %(default)s",
        )  # fmt: skip
        parser.add_argument(
            "--bytes", type=_from(1, 8_000_000), default=2_000,
            help="of a request; default: %(default)s",
        )  # fmt: skip
        parser.add_argument(
            "--turnaround", type=_from(0, 1_440), metavar="MINUTES",
            help="that Anthropic works on a batch, at the median; default: "
            f"{MINUTES}, and with deadlines as long as is usual for its size",
        )  # fmt: skip
        parser.add_argument(
            "--hours", type=_from(1, 240), default=24,
            help="in which jobs come; default: %(default)s",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1, help="other numbers draw another day")
        parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it as SVG")
        parser.add_argument(
            "--write", type=Path, metavar="FILE",
            help="play all built-in mixes, and write their tables into this document",
        )  # fmt: skip

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ARG002
        slots = options["slots"]
        with override_settings(AIJOBS_QUEUE_SLOTS=slots, AIJOBS_BATCH_REQUESTS=options["batch"]):
            if options["write"]:
                self._write(options)
                return
            outcome, title = _simulated(options)
        self.stdout.write(report.tenants(outcome, slots))
        has_deadlines = len(outcome.schedules) > 1
        if has_deadlines:
            self.stdout.write("\n" + report.deadlines(outcome))
        if options["plot"]:
            if not has_deadlines:
                raise CommandError("--plot: no job of this day has a deadline.")
            _save(options["plot"], plot.drawn(outcome, title))

    def _write(self, options: dict[str, Any]) -> None:
        def play(mix: str) -> Outcome:
            self.stderr.write(f"Playing {mix}")
            return _simulated(options | {"mix": mix})[0]

        path: Path = options["write"]
        text = _read("--write", lambda source: source.read_text("utf-8"), path)
        outcomes = {mix: play(mix) for mix in MIXES}
        _save(path, _read("--write", lambda given: document.with_tables(given, outcomes), text))
        for mix, outcome in outcomes.items():
            image = path.parent / "images" / f"simulation-{mix}.svg"
            _save(image, plot.drawn(outcome, f"{mix}: {MIXES[mix].title}"))


def _simulated(options: dict[str, Any]) -> tuple[Outcome, str]:
    """The outcome of what was asked for, and a title for it."""
    seed = options["seed"]
    mix: Mix | None = MIXES.get(options["mix"]) if options["mix"] else None
    customers, arrivals = _jobs(options, mix)
    if sum(one.jobs for one in arrivals) > MOST_JOBS:
        raise CommandError(f"More than {MOST_JOBS:,} jobs would take too long.")
    has_deadlines = any(one.needed_within for one in arrivals)
    minutes, took = options["turnaround"], list[float]()
    if options["turnarounds"]:
        took = recorded(_read("--turnarounds", read_turnarounds, options["turnarounds"]))
    elif options["from_history"]:
        took = recorded(turnarounds_of(options["from_history"]))
    elif minutes is None and not has_deadlines:
        minutes = MINUTES
    anthropic = Anthropic(
        seed,
        median=None if minutes is None else 60.0 * minutes,
        spread=mixes.SPREAD if minutes is None else SPREAD,
        recorded=took,
        slow=[
            Slow(START + timedelta(hours=since), START + timedelta(hours=until), times)
            for since, until, times in (mix.slow if mix else ())
        ],
    )
    outcome = simulate(customers, arrivals, anthropic, request_bytes=options["bytes"])
    return outcome, f"{options['mix']}: {mix.title}" if mix else "What deadlines cost"


def _jobs(options: dict[str, Any], mix: Mix | None) -> tuple[Sequence[Customer], Sequence[Arrival]]:
    if options["trace"]:
        return _read("--trace", read_trace, options["trace"])
    if options["from_history"]:
        return _read("--from-history", of_history, options["from_history"])
    forms = mix.tenants if mix else USUAL
    customers = options["tenant"] or [Customer.parse(one) for one in forms]
    if sum(one.jobs * one.times for one in customers) > MOST_JOBS:
        raise CommandError(f"More than {MOST_JOBS:,} jobs would take too long.")
    return customers, drawn(customers, options["seed"], timedelta(hours=options["hours"]))


def _read(name: str, read: Callable[[Any], Read], source: object) -> Read:
    try:
        return read(source)
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: {error}") from error


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from error


def _customer(text: str) -> Customer:
    try:
        return Customer.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("must be a day such as 2026-11-02") from None


def _from(least: int, most: int | None = None) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError("must be a whole number") from None
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            raise ArgumentTypeError(f"must be {limits}")
        return value

    return number
