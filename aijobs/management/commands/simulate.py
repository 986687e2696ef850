"""manage.py simulate: how tenants would share batches, and how long they would wait."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.test import override_settings

from aijobs.management.simulation import Course, Customer, Outcome, simulate

# One with a heap of jobs at some moment; two that come all day, one of them with a weight; one
# that comes with a few jobs now and then.
USUAL = ("giant=20000", "gold=30x300@3", "silver=30x300", "small=24x10")
FORM = re.compile(r"([^=]+)=(?:([0-9]+)x)?([0-9]+)(?:@([0-9]+))?")
HEADS = (
    *("tenant", "jobs", "weight", "places", "while waiting"),
    *("batches: median", "longest", "minutes: median", "longest"),
)
MOST_JOBS = 5_000_000


class Command(BaseCommand):
    help = (
        "Draw a day of arrivals, and put them into batches by the code that does so in earnest. "
        "It plays in temporary tables and rolls back: nothing that exists is changed or sent."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Settings that are not named here are those of the environment."""
        parser.add_argument(
            "--tenant",
            action="append",
            type=_customer,
            metavar="NAME=[TIMESx]JOBS[@WEIGHT]",
            help="may be repeated. gold=30x300@3 comes 30 times at random moments, with 150 to "
            f"450 jobs, and has weight 3. Default: {' '.join(USUAL)}",
        )
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
            "--turnaround", type=_from(0, 1_440), default=45, metavar="MINUTES",
            help="that Anthropic works on a batch, at the median; default: %(default)s",
        )  # fmt: skip
        parser.add_argument(
            "--hours", type=_from(1, 240), default=24,
            help="in which jobs come; default: %(default)s",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=1, help="other numbers draw another day")

    def handle(self, *args: object, **options: Any) -> None:  # noqa: ARG002
        customers = options["tenant"] or [_customer(one) for one in USUAL]
        if sum(one.jobs * one.times for one in customers) > MOST_JOBS:
            raise CommandError(f"More than {MOST_JOBS:,} jobs would take too long.")
        slots = options["slots"]
        with override_settings(AIJOBS_QUEUE_SLOTS=slots, AIJOBS_BATCH_REQUESTS=options["batch"]):
            outcome = simulate(
                customers,
                seed=options["seed"],
                length=timedelta(hours=options["hours"]),
                turnaround=timedelta(minutes=options["turnaround"]),
                request_bytes=options["bytes"],
            )
        self.stdout.write(_table(outcome))
        limit = f"of {slots:,}" if slots else "without a limit"
        self.stdout.write(
            f"\n{outcome.batches:,} batches, the last after {_hours(outcome.end)} hours. "
            f"Slots in use at most: {outcome.most_slots:,} {limit}."
        )


def _table(outcome: Outcome) -> str:
    cells = [HEADS, *map(_cells, outcome.courses)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cells(course: Course) -> tuple[str, ...]:
    share = course.share_while_waiting
    return (
        course.name,
        f"{course.jobs:,}",
        str(course.weight),
        f"{course.share:.1%}",
        "" if share is None else f"{share:.1%}",
        str(course.median_batches),
        str(course.longest_batches),
        _minutes(course.median_wait),
        _minutes(course.longest_wait),
    )


def _minutes(wait: timedelta) -> str:
    return f"{wait / timedelta(minutes=1):,.1f}"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.1f}"


def _customer(text: str) -> Customer:
    found = FORM.fullmatch(text)
    if found is None:
        raise ArgumentTypeError("must be such as gold=30x300@3, or small=10")
    name, times, jobs, weight = found.groups()
    one = Customer(name.strip()[:100], int(jobs), int(times or 1), int(weight or 1))
    if one.jobs < 1 or one.times < 1 or not 1 <= one.weight <= 100:
        raise ArgumentTypeError("needs a job at least, and a weight from 1 to 100")
    return one


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
