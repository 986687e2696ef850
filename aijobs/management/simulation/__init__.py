"""A day of jobs: on which roads they go, what that costs, and whether deadlines are met.

`arrivals` says who comes, `anthropic` how it answers, `play` runs the stages' own code over both in
the tables of `scratch`, and `schedules` are what ours is held against. `courses` say what each
tenant got.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from aijobs import jobtypes, pricing, tokens
from aijobs.management.simulation import schedules, scratch
from aijobs.management.simulation.anthropic import Anthropic
from aijobs.management.simulation.arrivals import START, Arrival, Customer
from aijobs.management.simulation.courses import Course, Left, courses
from aijobs.management.simulation.play import MOVED, Play
from aijobs.management.simulation.schedules import Prices, Schedule
from aijobs.models import Batch
from aijobs.pricing import Usage
from aijobs.turnaround import calibration
from aijobs.turnaround.calibration import Past, Reliability
from aijobs.turnaround.history import over
from citizenapp.tenants.models import Tenant

JOB_TYPE = "summarize"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a day. Without deadlines there is but one schedule."""

    courses: Sequence[Course]
    batches: int
    most_slots: int
    """Requests that were at Anthropic at once."""
    end: timedelta
    """When the last batch left, from the beginning."""
    rescues: int
    """Batches that were canceled for their deadlines' sake."""
    schedules: Sequence[Schedule]
    """Ours first."""
    reliability: Sequence[Reliability]
    within_range: tuple[int, int]
    """Batches that ended between the promises of 10 % and of 90 %, and of how many."""


@dataclass(frozen=True, slots=True)
class _Played:
    play: Play
    fates: Sequence[scratch.Fate]
    batches: Sequence[Left]
    past: Sequence[Past]
    schedule: Schedule


def simulate(
    customers: Sequence[Customer],
    arrivals: Sequence[Arrival],
    anthropic: Anthropic,
    *,
    request_bytes: int,
    put_away_at: int = MOVED,
) -> Outcome:
    """Play all arrivals until the last of them is done. `arrivals` are in their order.

    `put_away_at`: rows of ended jobs are kept until so many have moved.

    The same arguments and settings have the same outcome.
    """
    prices = usual_prices(request_bytes)
    ours = _played(customers, arrivals, anthropic, request_bytes, prices, put_away_at)
    found = [ours.schedule]
    if schedules.deadlines(arrivals):
        by_batch, fates = schedules.all_by_batch(arrivals, anthropic, prices)
        found += [
            schedules.cheapest(arrivals, anthropic, prices),
            schedules.all_at_once(arrivals, anthropic, prices),
            by_batch,
            schedules.run_again(arrivals, fates, by_batch, anthropic),
        ]
    return Outcome(
        courses(customers, arrivals, ours.fates, ours.batches),
        batches=len(ours.batches),
        most_slots=ours.play.most_slots,
        end=ours.batches[-1].moment - START if ours.batches else timedelta(),
        rescues=len(ours.play.uncanceled),
        schedules=found,
        reliability=calibration.reliability(ours.past),
        within_range=calibration.within_range(ours.past),
    )


def _played(
    customers: Sequence[Customer],
    arrivals: Sequence[Arrival],
    anthropic: Anthropic,
    request_bytes: int,
    prices: Prices,
    put_away_at: int,
) -> _Played:
    with scratch.scratch():
        tenants = [
            Tenant.objects.create(
                name=one.name, slug=f"{slugify(one.name)}-{number}"[-50:], weight=one.weight
            ).pk
            for number, one in enumerate(customers)
        ]
        play = Play(anthropic, tenants, request_bytes, prices.at_once, put_away_at)
        play.run(arrivals)
        fates, bills = scratch.fates(), scratch.bills()
        met, needed = schedules.met(arrivals, fates), schedules.deadlines(arrivals)
        schedule = Schedule("ours", met, needed, *bills, prices)
        return _Played(
            play, fates, _left(Batch.objects.order_by("pk")), _past(play.uncanceled), schedule
        )


def usual_prices(request_bytes: int) -> Prices:
    """Of a summary of a text that makes so long a request, at the prices of the model's newest day.

    Raises UnknownModel.
    """
    kind = jobtypes.get(JOB_TYPE)
    given = kind.validate({"document_text": "word " * max(1, request_bytes // 5)})
    read = tokens.of_request(kind.params(given), given.parts).tokens
    usage = Usage(read, round(kind.max_tokens(given) * kind.usual_answer))
    day = pricing.nearest_day(kind.model, START.astimezone(UTC).date())
    by_batch, at_once = (
        pricing.charge(kind.model, usage, batch=batch, on=day).cost_usd for batch in (True, False)
    )
    return Prices(Decimal(by_batch), Decimal(at_once))


def _left(batches: QuerySet[Batch]) -> list[Left]:
    return [Left(*row) for row in batches.values_list("pk", "assembled_at", "requests")]


def _past(uncanceled: Mapping[int, datetime]) -> list[Past]:
    """What was promised of each batch, and what it took, or would have taken uncanceled.

    Only here is that known of those that were canceled. They are the slow ones: without them, what
    was promised would look better than it was.
    """
    rows: Any = over().values(
        "pk", "submitted_at", "ended_at", "foreseen_seconds", "promised_seconds"
    )
    found = []
    for one in rows.iterator():
        took = uncanceled.get(one["pk"], one["ended_at"]) - one["submitted_at"]
        found.append(Past(one["foreseen_seconds"], one["promised_seconds"], took.total_seconds()))
    return found
