"""Which time a page of spending is about: a month, some past days, or two days and all between."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aijobs.reading.usage import Period
from aijobs.web import parameters

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
    def last_day(self) -> date:
        return self.period.days[-1]


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to a range that many ask for."""

    query: str
    title: str
    is_current: bool


def range_of(asked: parameters.Spending, *, now: datetime) -> Range:
    """What was asked for; this month in UTC where nothing was."""
    if asked.since or asked.until:
        return _days(asked.since, asked.until, now)
    if asked.days:
        period = Period.last_days(int(asked.days), now=now)
        title = f"Past {PAST[asked.days]}"
        return Range(
            period, title, f"days={asked.days}", period.before, f"The {PAST[asked.days]} before"
        )
    return _month(asked.month or now.date().replace(day=1), now)


def tabs(shown: Range, *, now: datetime) -> list[Tab]:
    """This month, the last one, and some past days."""
    this = now.date().replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    found = {f"month={this:%Y-%m}": "This month", f"month={last:%Y-%m}": "Last month"}
    found |= {f"days={days}": title for days, title in PAST.items()}
    return [Tab(query, title, query == shown.query) for query, title in found.items()]


def neighbours(shown: Range, *, now: datetime) -> tuple[date | None, date | None]:
    """The months before and after a month; none after this one, and none beside anything else."""
    if not shown.query.startswith("month="):
        return None, None
    earlier, later = shown.before.since.date(), shown.period.until.date()
    return earlier if earlier.year >= 2000 else None, later if later <= now.date() else None


def _month(first: date, now: datetime) -> Range:
    period = Period.month(first)
    before = period.before
    until_now = None
    if period.since <= now < period.until:
        until_now = Period(before.since, min(before.since + (now - period.since), before.until))
    return Range(
        *(period, f"{first:%B %Y}", f"month={first:%Y-%m}"),
        *(before, f"{before.since:%B %Y}", until_now),
    )


def _days(first: date | None, last: date | None, now: datetime) -> Range:
    last = last or max(now.date(), first or now.date())
    first = first or last - timedelta(days=29)
    period = Period.days_from(first, last)
    title = f"{first:%-d %b %Y} to {last:%-d %b %Y}" if first < last else f"{first:%-d %B %Y}"
    return Range(period, title, f"from={first}&to={last}", period.before, "As many days before")
