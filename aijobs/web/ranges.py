"""Which time a page of spending is about: a month, some past days, or two days and all between."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from aijobs.reading.usage import Period
from aijobs.web import parameters
from citizenapp.tenants import reader

PAST = {"7": "7 days", "30": "30 days", "90": "90 days"}


@dataclass(frozen=True, slots=True)
class Range:
    """A period, what people call it, and what it is beside.

    `query` is the query string of the page that shows it. `until_now` is as much of the time
    before as of this one has passed; None where all of it has.
    """

    period: Period
    title: str
    query: str
    before: Period
    before_title: str
    until_now: Period | None = None

    @property
    def first_day(self) -> date:
        return self.period.days[0]

    @property
    def last_day(self) -> date:
        return self.period.days[-1]


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to a range that many ask for."""

    query: str
    title: str
    is_current: bool


def zone_of(name: str) -> tzinfo:
    """A time zone by its name."""
    return UTC if name == "UTC" else ZoneInfo(name)


def range_of(asked: parameters.Spending, *, now: datetime, zone: tzinfo = UTC) -> Range:
    """What was asked for; this month where nothing was. Days and months are those of `zone`."""
    if asked.since or asked.until:
        return _days(asked.since, asked.until, now, zone)
    if asked.days:
        period = Period.last_days(int(asked.days), now=now, zone=zone)
        title = f"Past {PAST[asked.days]}"
        return Range(
            period, title, f"days={asked.days}", period.before, f"The {PAST[asked.days]} before"
        )
    return _month(asked.month or now.astimezone(zone).date().replace(day=1), now, zone)


def tabs(shown: Range, *, now: datetime) -> list[Tab]:
    """This month, the last one, and some past days."""
    this = now.astimezone(shown.period.zone).date().replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    found = {f"month={this:%Y-%m}": "This month", f"month={last:%Y-%m}": "Last month"}
    found |= {f"days={days}": title for days, title in PAST.items()}
    return [Tab(query, title, query == shown.query) for query, title in found.items()]


def neighbours(shown: Range, *, now: datetime) -> tuple[date | None, date | None]:
    """The months before and after a month; none after this one, and none beside anything else."""
    if not shown.query.startswith("month="):
        return None, None
    earlier, later = shown.before.days[0], shown.last_day + timedelta(days=1)
    today = now.astimezone(shown.period.zone).date()
    return earlier if earlier.year >= 2000 else None, later if later <= today else None


def _month(first: date, now: datetime, zone: tzinfo) -> Range:
    period = Period.month(first, zone)
    before = period.before
    until_now = None
    if period.since <= now < period.until:
        until_now = Period(
            before.since, min(before.since + (now - period.since), before.until), zone
        )
    return Range(
        *(period, f"{first:%B %Y}", f"month={first:%Y-%m}"),
        *(before, f"{before.days[0]:%B %Y}", until_now),
    )


def _days(first: date | None, last: date | None, now: datetime, zone: tzinfo) -> Range:
    today = now.astimezone(zone).date()
    last = last or max(today, first or today)
    first = first or last - timedelta(days=29)
    period = Period.days_from(first, last, zone)
    title = (
        f"{reader.full_day(first)} to {reader.full_day(last)}"
        if first < last
        else reader.full_day(first)
    )
    return Range(period, title, f"from={first}&to={last}", period.before, "As many days before")
