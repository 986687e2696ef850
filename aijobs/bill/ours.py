"""What the ledger says was used, by the days on which Anthropic may have worked on it.

A request of a batch is worked on between the moment it was sent and the one at which its batch
ended; a direct call between its beginning and its answer. Where both are the same day, that is the
day of Anthropic's bill too. Where they are not, it may be any day from the one to the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce

from aijobs import pricing
from aijobs.bill.lines import Amount, Key, Kind, key_of
from aijobs.models import Batch, Submission
from aijobs.pricing import Usage

DAY = timedelta(days=1)
# A window of days grows by so many to each side at most.
MOST_DAYS_BESIDE = 3


@dataclass(frozen=True, slots=True)
class Span:
    """Charges of one kind that were worked on from one day to another, both among them."""

    first: date
    last: date
    key: Key
    amount: Amount


@dataclass(frozen=True, slots=True)
class Window:
    """The days around one day that nothing runs out of, unless not `is_closed`."""

    first: date
    last: date
    is_closed: bool

    @property
    def days(self) -> list[date]:
        return [self.first + n * DAY for n in range((self.last - self.first).days + 1)]


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)


def window(day: date) -> Window:
    """The fewest days around one that no batch and no call runs into or out of."""
    earliest, latest = day - MOST_DAYS_BESIDE * DAY, day + MOST_DAYS_BESIDE * DAY
    found = {(first, last) for _, first, last in batches_of(earliest, latest) if first < last}
    found |= set(_calls_over_midnight(earliest, latest))
    first = last = day
    while True:
        reach = [it for it in found if it[0] <= last and it[1] >= first]
        wider = (min([first, *(a for a, _ in reach)]), max([last, *(b for _, b in reach)]))
        if wider == (first, last):
            return Window(first, last, is_closed=True)
        if wider[0] < earliest or wider[1] > latest:
            return Window(max(wider[0], earliest), min(wider[1], latest), is_closed=False)
        first, last = wider


def spans(first: date, last: date) -> list[Span]:
    """The charges of all tenants that may have been worked on in these days."""
    batches = batches_of(first, last)
    steps = pricing.limits()
    parameters: dict[str, Any] = {
        "batches": [batch for batch, _, _ in batches],
        "firsts": [a for _, a, _ in batches],
        "lasts": [b for _, _, b in batches],
        "steps": [limit + 1 for limit in steps],
        "since": start_of(first),
        # An answer takes minutes: whatever was begun before the end is here by then.
        "until": start_of(last + 2 * DAY),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHARGES, parameters)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        span
        for row in rows
        if row["first"] <= last and row["last"] >= first
        for span in _by_kind(row, steps)
    ]


# A correction brings the money of a charge that had none, and no tokens: both are one.
_CHARGES = """
WITH charge AS (
    SELECT entry.*, batch.first, batch.last
    FROM unnest(%(batches)s::bigint[], %(firsts)s::date[], %(lasts)s::date[])
         AS batch (id, first, last)
    JOIN aijobs_ledgerentry AS entry ON entry.batch_id = batch.id AND entry.corrects_id IS NULL
    UNION ALL
    SELECT entry.*, entry.priced_on, (entry.created_at AT TIME ZONE 'UTC')::date
    FROM aijobs_ledgerentry AS entry
    WHERE entry.batch_id IS NULL AND entry.corrects_id IS NULL
      AND entry.created_at >= %(since)s AND entry.created_at < %(until)s
)
SELECT charge.first, charge.last, charge.model, charge.route, charge.priced_on,
       COALESCE(NULLIF(charge.priced_as, ''), correction.priced_as, '') AS priced_as,
       width_bucket(charge.input_tokens::bigint + charge.cache_read_tokens
                    + charge.cache_write_5m_tokens + charge.cache_write_1h_tokens,
                    %(steps)s::bigint[]) AS step,
       sum(charge.input_tokens)::bigint AS input_tokens,
       sum(charge.output_tokens)::bigint AS output_tokens,
       sum(charge.cache_read_tokens)::bigint AS cache_read_input_tokens,
       sum(charge.cache_write_5m_tokens)::bigint AS cache_write_5m_tokens,
       sum(charge.cache_write_1h_tokens)::bigint AS cache_write_1h_tokens,
       sum(charge.cost_usd + COALESCE(correction.cost_usd, 0)) AS cost_usd
FROM charge LEFT JOIN aijobs_ledgerentry AS correction ON correction.corrects_id = charge.id
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


def _by_kind(row: dict[str, Any], steps: list[int]) -> Iterable[Span]:
    """The kinds of tokens of a row with their costs; what these leave over is one of its own."""
    usage = Usage(*(row[kind] for kind in Usage._fields))
    costs = _costs(row, usage, steps)
    rest = row["cost_usd"] - sum(costs)
    kinds = [*zip(Usage._fields, usage, costs, strict=True), (Kind.OTHER.value, 0, rest)]
    for kind, tokens, usd in kinds:
        if tokens or usd:
            key = key_of(row["model"], kind, row["route"])
            yield Span(row["first"], row["last"], key, Amount(tokens, usd))


def _costs(row: dict[str, Any], usage: Usage, steps: list[int]) -> tuple[Decimal, ...]:
    longest = steps[row["step"] - 1] + 1 if row["step"] else 0
    try:
        if row["cost_usd"]:
            is_batch = row["route"] == "batch"
            return pricing.by_kind(
                row["priced_as"], usage, longest=longest, batch=is_batch, on=row["priced_on"]
            )
    except LookupError:
        pass  # Its price is gone from the table: what it cost stands in the ledger.
    return (Decimal(0),) * len(usage)


def batches_of(first: date, last: date) -> list[tuple[int, date, date]]:
    """Batches that were at Anthropic in these days and have ended, with their days."""
    found = (
        Submission.objects.current()
        .filter(batch__status__in=[Batch.Status.ENDED, Batch.Status.SETTLED])
        .annotate(over_at=Coalesce("batch__ended_at", "batch__settled_at"))
        .filter(Q(sent_at__lt=start_of(last + DAY)), over_at__gte=start_of(first))
    )
    return [
        (batch, _day(min(sent_at, over_at)), _day(over_at))
        for batch, sent_at, over_at in found.values_list("batch", "sent_at", "over_at")
    ]


def _calls_over_midnight(first: date, last: date) -> list[tuple[date, date]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT priced_on, (created_at AT TIME ZONE 'UTC')::date"
            " FROM aijobs_ledgerentry"
            " WHERE batch_id IS NULL AND corrects_id IS NULL AND created_at >= %s"
            " AND created_at < %s AND priced_on < (created_at AT TIME ZONE 'UTC')::date",
            [start_of(first), start_of(last + DAY)],
        )
        return [tuple(row) for row in cursor.fetchall()]


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
