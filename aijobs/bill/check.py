"""One day of the ledger held against Anthropic's bill, line by line; what comes of it is stored."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from aijobs import gateway
from aijobs.bill import causes, ours, reports
from aijobs.bill.lines import NOTHING, Amount, Bill, Key
from aijobs.bill.ours import DAY, Span, start_of
from aijobs.models import ReconciledLine, Reconciliation, Verdict
from aijobs.postgres.locks import exclusive

logger = logging.getLogger(__name__)

# Usage is said to be reported within minutes of its end.
REPORTED_AFTER = timedelta(hours=1)
# A batch ends a day after it was sent at the latest, and is settled soon. What is not settled then
# is no reason to wait any longer.
SETTLED_AFTER = timedelta(hours=26)
# So many days back, a day that was not checked for good is checked again: until the last day that
# may be compared with it is over.
DAYS_BACK = ours.MOST_DAYS_BESIDE + 2

ReadBill = Callable[[date, date], Bill]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What both say of one line, in some days."""

    ours: Amount
    theirs: Amount
    earlier: Amount
    """Of ours: what may have been worked on before these days."""
    elsewhere: Amount
    """Of ours on later days: what may have been worked on in these."""

    @property
    def are_same(self) -> bool:
        """In what they tell, and in USD but for what rounding takes."""
        return _between(Amount(0, Decimal(0)), self, Amount(0, Decimal(0)))

    @property
    def may_be_same(self) -> bool:
        """Whether no more is missing or too much than may stand on a day beside them."""
        return _between(self.earlier, self, self.elsewhere)


def check(day: date, read: ReadBill, now: datetime) -> Reconciliation:
    """Compare a day in UTC; what was found stands in the row, its lines and its notes.

    `read` says what Anthropic's bill has for the days from one to another. Raises what it raises.
    """
    window = ours.window(day)
    spans = ours.spans(window.first, window.last)
    bill = read(window.first, window.last)
    is_over = _is_over(day, now)
    others_over = _is_over(window.last, now) and bill.covers(window.first, window.last)
    lines = [
        _line(
            key,
            _sides(key, [day], spans, bill),
            _sides(key, window.days, spans, bill),
            is_over=is_over,
            others_over=others_over,
        )
        for key in _keys(day, spans, bill)
    ]
    verdict = max((Verdict(line.verdict) for line in lines), key=_rank, default=Verdict.AGREES)
    notes = []
    if now - start_of(day + DAY) < REPORTED_AFTER:
        notes.append(causes.today(now))
    if not bill.covers(day, day):
        notes.append("The bill does not speak of this day.")
    if window.first != window.last:
        notes.append(causes.midnight(window.first, window.last))
        if not window.is_closed:
            notes.append(
                "Others run into these days, or out of them: those may stand on both sides."
            )
    notes += causes.unsettled(start_of(window.last + DAY))
    if verdict != Verdict.AGREES:
        notes += causes.named(window.first, window.last)
    found = Reconciliation(
        day=day,
        checked_at=now,
        source=bill.source,
        first_day=window.first,
        last_day=window.last,
        verdict=verdict,
        is_final=is_over and (others_over or verdict in (Verdict.AGREES, Verdict.DIFFERS)),
        difference_usd=_difference(lines) if bill.tells_usd else None,
        notes=notes,
    )
    _store(found, lines)
    if verdict == Verdict.DIFFERS:
        logger.error("The ledger and Anthropic's bill of %s differ.", day)
    return found


def _is_over(day: date, now: datetime) -> bool:
    """Whether all that was used by its end is reported, and charged here if it ever will be."""
    over_for = now - start_of(day + DAY)
    if over_for >= SETTLED_AFTER:
        return True
    return over_for >= REPORTED_AFTER and not causes.unsettled(start_of(day + DAY))


def due_days(now: datetime) -> list[date]:
    """Days of late that were over for an hour and were not checked for good, oldest first."""
    last = (now.astimezone(UTC) - REPORTED_AFTER).date() - DAY
    days = [last - n * DAY for n in range(DAYS_BACK)]
    done = Reconciliation.objects.filter(day__in=days, is_final=True).values_list("day", flat=True)
    return sorted({*days} - {*done})


def run(now: datetime) -> int:
    """Check what is due by Anthropic's report; returns how many days. None without an admin key."""
    if not settings.ANTHROPIC_ADMIN_KEY:
        return 0
    checked = 0
    with exclusive("reconcile costs") as mine:
        if mine:
            for day in due_days(now):
                try:
                    check(day, reports.read, now)
                except gateway.GatewayError as error:
                    # The next hour asks again; the overview says which day was checked last.
                    logger.warning("The bill of %s was not to be had: %s", day, error)
                    break
                checked += 1
    return checked


def _keys(day: date, spans: Iterable[Span], bill: Bill) -> list[Key]:
    """Every line that one of both has for the day."""
    mine = {span.key for span in spans if span.last == day}
    theirs = {key for key, said in bill.days.get(day, {}).items() if said.tokens or said.usd}
    return sorted(mine | theirs)


def _sides(key: Key, days: list[date], spans: Iterable[Span], bill: Bill) -> _Sides:
    first, last = days[0], days[-1]
    sums: dict[str, Amount] = defaultdict(lambda: Amount(0, Decimal(0)))
    for span in spans:
        if span.key != key:
            continue
        if first <= span.last <= last:
            sums["ours"] += span.amount
            if span.first < first:
                sums["earlier"] += span.amount
        elif span.first <= last < span.last:
            sums["elsewhere"] += span.amount
    theirs = sum((bill.of(day, key) for day in days), NOTHING)
    return _Sides(sums["ours"], theirs, sums["earlier"], sums["elsewhere"])


def _line(
    key: Key, on_day: _Sides, in_window: _Sides, *, is_over: bool, others_over: bool
) -> ReconciledLine:
    if on_day.are_same:
        verdict = Verdict.AGREES
    elif on_day.may_be_same:
        # As long as the days beside it go on, nobody can tell.
        shifted = Verdict.SHIFTED if in_window.may_be_same else Verdict.DIFFERS
        verdict = shifted if others_over else Verdict.OPEN
    else:
        verdict = Verdict.DIFFERS if is_over else Verdict.OPEN
    ours, theirs = on_day.ours, on_day.theirs
    return ReconciledLine(
        model=key.model,
        kind=key.kind,
        tier=key.tier,
        ours=ours.tokens or 0,
        theirs=theirs.tokens,
        ours_usd=ours.usd or Decimal(0),
        theirs_usd=theirs.usd,
        verdict=verdict,
    )


def _between(less: Amount, sides: _Sides, more: Amount) -> bool:
    """Whether theirs is no more below ours than `less`, and no more above it than `more`."""
    ours, theirs = sides.ours, sides.theirs
    if theirs.tokens is not None:
        tokens = theirs.tokens - (ours.tokens or 0)
        if not -(less.tokens or 0) <= tokens <= (more.tokens or 0):
            return False
    if theirs.usd is None:
        return True
    usd, slack = theirs.usd - (ours.usd or 0), theirs.slack_usd
    return -(less.usd or 0) - slack <= usd <= (more.usd or 0) + slack


def _rank(verdict: Verdict) -> int:
    return list(Verdict).index(verdict)


def _difference(lines: Iterable[ReconciledLine]) -> Decimal:
    return sum(((line.theirs_usd or 0) - line.ours_usd for line in lines), Decimal(0))


@transaction.atomic
def _store(found: Reconciliation, lines: list[ReconciledLine]) -> None:
    """In the place of what was found before."""
    Reconciliation.objects.filter(day=found.day).delete()
    found.save(force_insert=True)
    for line in lines:
        line.reconciliation = found
    ReconciledLine.objects.bulk_create(lines)
