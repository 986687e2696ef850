"""Jobs as they come: drawn for a day, read from a file, or those of a past day here."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

from django.db.models import Count
from django.db.models.functions import Trunc

from aijobs.models import AIJob
from aijobs.reading import pages
from citizenapp.tenants.models import Tenant

START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
MOST_JOBS = 5_000_000
MOST_SECONDS = 86_400.0
TRACE = ("moment", "tenant", "jobs", "needed_within")

FORM = re.compile(
    r"(?P<name>[^=]+)=(?:(?P<times>\d+)x)?(?P<jobs>\d+)(?:@(?P<weight>\d+))?"
    r"(?:/(?P<low>\d+[smhd]?)(?:-(?P<high>\d+[smhd]?))?)?(?:~(?P<since>\d+)-(?P<until>\d+))?"
)
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Arrival(NamedTuple):
    """Jobs that come at one moment. `tenant` is the place of their customer in the list of them."""

    moment: datetime
    tenant: int
    jobs: int
    needed_within: float | None = None
    """Seconds; 0 is at once."""

    @property
    def needed_by(self) -> datetime | None:
        if self.needed_within is None:
            return None
        return self.moment + timedelta(seconds=self.needed_within)


@dataclass(frozen=True, slots=True)
class Customer:
    """A tenant that comes so many times, with about so many jobs each time.

    `needed_within`: the shortest and the longest time that its jobs have, in seconds; as many
    arrivals have half as much as have twice as much. `hours`: of the day, in which it comes.
    """

    name: str
    jobs: int
    times: int = 1
    weight: int = 1
    needed_within: tuple[float, float] | None = None
    hours: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """As `gold=30x300@3/10m-4h~8-18`. Raises ValueError saying what is wrong."""
        found = FORM.fullmatch(text)
        if found is None:
            raise ValueError("must be such as gold=30x300@3, gold=30x300@3/2h, or small=10")
        low, high = found["low"], found["high"] or found["low"]
        one = cls(
            found["name"].strip()[:100],
            int(found["jobs"]),
            int(found["times"] or 1),
            int(found["weight"] or 1),
            (_seconds(low), _seconds(high)) if low else None,
            (int(found["since"]), int(found["until"])) if found["since"] else None,
        )
        if one.jobs < 1 or one.times < 1 or not 1 <= one.weight <= 100:
            raise ValueError("needs a job at least, and a weight from 1 to 100")
        if one.needed_within and not one.needed_within[0] <= one.needed_within[1] <= MOST_SECONDS:
            raise ValueError("needs deadlines of a day at most, the shortest first")
        if one.hours and not one.hours[0] < one.hours[1] <= 24:
            raise ValueError("needs hours of the day, the earlier first")
        return one

    def arrivals(self, place: int, random: Random, length: timedelta) -> Iterator[Arrival]:
        for _ in range(self.times):
            jobs = self.jobs if self.times == 1 else round(self.jobs * random.uniform(0.5, 1.5))
            moment = self._moment(random, length)
            yield Arrival(moment, place, max(1, jobs), self._deadline(random))

    def _moment(self, random: Random, length: timedelta) -> datetime:
        moment = length * random.random()
        if self.hours:
            since, until = (timedelta(hours=hour) for hour in self.hours)
            day = timedelta(days=moment // timedelta(days=1))
            return START + day + since + (moment - day) / timedelta(days=1) * (until - since)
        return START + moment

    def _deadline(self, random: Random) -> float | None:
        if self.needed_within is None:
            return None
        low, high = self.needed_within
        return exp(random.uniform(log(low), log(high))) if low and low != high else low


def drawn(customers: Sequence[Customer], seed: int, length: timedelta) -> list[Arrival]:
    """The arrivals of all of them, in their order."""
    random = Random(seed)  # noqa: S311  (nothing is kept secret by it)
    return ordered(
        arrival
        for place, one in enumerate(customers)
        for arrival in one.arrivals(place, random, length)
    )


def ordered(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """By their moments, no two at the same one: later they are told apart by it."""
    found: list[Arrival] = []
    for one in sorted(arrivals, key=lambda arrival: arrival[:3]):
        earliest = found[-1].moment + timedelta(microseconds=1) if found else one.moment
        found.append(one._replace(moment=max(one.moment, earliest)))
    return found


def read_trace(path: Path) -> tuple[list[Customer], list[Arrival]]:
    """Of a CSV file with the columns of TRACE, moments in ISO 8601, the last one maybe empty.

    The day of the first of them becomes START. Raises ValueError naming the row.
    """
    names: dict[str, int] = {}
    found = []
    for number, row in _rows(path, TRACE):
        try:
            moment = datetime.fromisoformat(row["moment"])
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            jobs, within = int(row["jobs"]), row["needed_within"]
            seconds = float(within) if within else None
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
        if jobs < 1 or not 0 <= (seconds or 0) <= MOST_SECONDS or not row["tenant"].strip():
            raise ValueError(
                f"row {number}: needs a tenant, a job at least, and a deadline within a day"
            )
        place = names.setdefault(row["tenant"].strip()[:100], len(names))
        found.append(Arrival(moment, place, jobs, seconds))
    if not found:
        raise ValueError("has no arrivals")
    return [Customer(name, 1) for name in names], _as_a_day(found)


def read_turnarounds(path: Path) -> list[tuple[int, float]]:
    """Of a CSV file: how many requests batches had, and how long they took.

    Raises ValueError naming the row.
    """
    found = []
    for number, row in _rows(path, ("requests", "seconds")):
        try:
            requests, seconds = int(row["requests"]), float(row["seconds"])
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
        if requests < 1 or not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"row {number}: needs a request at least, and seconds within a day")
        found.append((requests, seconds))
    if not found:
        raise ValueError("has no turnarounds")
    return found


def of_history(day: date) -> tuple[list[Customer], list[Arrival]]:
    """The jobs that were accepted on a day in UTC, minute by minute. Only counts are read.

    Raises ValueError where there were none.
    """
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    until = since + timedelta(days=1)
    # The bounds on the id make it a range of an index; the moments make it exact.
    of_day = AIJob.objects.filter(
        pk__gte=pages.first_id_of(since), pk__lt=pages.first_id_of(until)
    ).filter(created_at__gte=since, created_at__lt=until)
    rows = (
        of_day.annotate(minute=Trunc("created_at", "minute"), needed=Trunc("needed_by", "minute"))
        .values_list("tenant", "minute", "needed")
        .annotate(jobs=Count("pk"))
        .order_by("minute", "tenant", "needed")
    )
    places: dict[int, int] = {}
    found = []
    for tenant, minute, needed, jobs in rows:
        seconds = None
        if needed:
            seconds = min(max((needed - minute).total_seconds(), 0.0), MOST_SECONDS)
        found.append(Arrival(minute, places.setdefault(tenant, len(places)), jobs, seconds))
    if not found:
        raise ValueError(f"Nothing was accepted on {day}.")
    tenants = Tenant.objects.in_bulk(places)
    customers = [Customer(tenants[pk].name, 1, weight=tenants[pk].weight) for pk in places]
    return customers, _as_a_day(found)


def _as_a_day(found: Sequence[Arrival]) -> list[Arrival]:
    """The same, moved to the day that begins with START."""
    first = min(one.moment for one in found).astimezone(UTC)
    shift = START - first.replace(hour=0, minute=0, second=0, microsecond=0)
    return ordered(one._replace(moment=one.moment + shift) for one in found)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"lacks the column {missing[0]}")
        for number, row in enumerate(reader, 2):
            yield number, {name: (row[name] or "").strip() for name in columns}


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else float(text[:-1]) * SECONDS[text[-1]]
