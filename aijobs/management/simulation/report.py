"""What the command prints: tables of text."""

from collections.abc import Sequence
from datetime import timedelta

from aijobs.management.simulation import Outcome
from aijobs.management.simulation.courses import Course
from aijobs.management.simulation.schedules import Schedule

COURSES = (
    *("tenant", "jobs", "weight", "places", "while waiting"),
    *("batches: median", "longest", "minutes: median", "longest"),
)
SCHEDULES = ("schedule", "in time", "USD", "of the cheapest", "by batch", "paid twice")


def tenants(outcome: Outcome, slots: int) -> str:
    """How they shared batches, and how long they waited. `slots`: the limit; 0 for none."""
    limit = f"of {slots:,}" if slots else "without a limit"
    return (
        table(COURSES, [_course(one) for one in outcome.courses])
        + f"\n\n{outcome.batches:,} batches, the last after {outcome.end / timedelta(hours=1):.1f}"
        f" hours. Slots in use at most: {outcome.most_slots:,} {limit}."
    )


def deadlines(outcome: Outcome) -> str:
    """Only of an outcome with deadlines."""
    ours = outcome.schedules[0]
    inside, ended = outcome.within_range
    held = f"{inside / ended:.0%}" if ended else "none"
    promised = ", ".join(
        f"{one.level:.0%}: {one.share:.0%}"
        for one in outcome.reliability
        if one.level in (0.1, 0.5, 0.8, 0.9, 0.95)
    )
    return (
        table(SCHEDULES, schedules(outcome))
        + f"\n\n{ours.deadlines:,} jobs had a deadline. Canceled for its sake: {outcome.rescues:,} "
        f"of {outcome.batches:,} batches.\nPromised, and came true: {promised}.\n"
        f"Ended between the promises of 10 % and of 90 %: {held}."
    )


def schedules(outcome: Outcome) -> list[tuple[str, ...]]:
    """The cells of SCHEDULES."""
    cheapest = outcome.schedules[1]
    return [
        (
            one.name,
            f"{one.share_met:.2%}",
            f"{one.usd:,.2f}",
            f"{ratio(one, cheapest):.3f}",
            f"{one.share_by_batch:.1%}",
            f"{one.twice:,}",
        )
        for one in outcome.schedules
    ]


def ratio(one: Schedule, cheapest: Schedule) -> float:
    """How many times the cheapest it costs."""
    return float(one.usd / cheapest.usd) if cheapest.usd else 1.0


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text; the first one is aligned to the left, the others to the right."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _course(course: Course) -> tuple[str, ...]:
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
