"""What would be charged for what is asked: less what was asked before, and what the cache saves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from aijobs.pipeline import _repeats
from aijobs.pipeline._checks import Asked
from aijobs.pipeline._seeding import CHUNK, Sharing
from aijobs.quotes.bill import Bill, Repeat
from aijobs.quotes.terms import Terms
from aijobs.turnaround.choice import Choice
from citizenapp.tenants.models import Tenant


def bill_of(
    terms: Terms,
    rows: Iterable[Asked],
    *,
    fresh: bool = False,
    trial: int = 0,
    is_collection: bool = False,
) -> Bill:
    """What these rows would cost, by the rules by which accept would queue them.

    `fresh`: also what was asked before is asked. With a trial, nobody knows yet whether the others
    go, and what the cache may save is not counted.
    """
    tenant, now = terms.tenant, terms.now
    bill = Bill(terms, trial=trial)
    sharing = Sharing(terms.kind.model, now) if is_collection and not trial else None
    recalls = bool(tenant.repeat_days) and not fresh
    asked: set[bytes] = set()
    late = _Late(tenant, now)
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        known = _repeats.known(tenant, [one.fingerprint for one in chunk], now) if recalls else {}
        if sharing:
            sharing.decide(chunk)
        for one in chunk:
            repeat = _repeat(one, known, asked) if recalls else Repeat.NONE
            bill.add(
                *(one.tokens, one.max_tokens, one.model),
                within=one.needed_within,
                is_late=late.is_late(one.needed_within),
                repeat=repeat,
            )
            if repeat != Repeat.NONE:
                continue
            if recalls:
                asked.add(one.fingerprint)
            if sharing:
                sharing.add(one)
    if sharing and (plan := sharing.plan()):
        bill.saved_by_cache = max(plan.saving_usd, Decimal(0))
    return bill


@dataclass(slots=True)
class _Late:
    """Whether jobs would run at once, since no batch is in time for them."""

    tenant: Tenant
    now: datetime
    _reach_seconds: float | None = None

    def is_late(self, needed_within: float | None) -> bool:
        if needed_within is None or not self.tenant.full_price:
            return False
        if self._reach_seconds is None:
            reach = Choice.at(self.now).reach_of(self.tenant)
            self._reach_seconds = reach.total_seconds()
        return needed_within < self._reach_seconds


def _repeat(one: Asked, known: dict[bytes, bool], asked: set[bytes]) -> Repeat:
    """A row that is needed sooner than its first can be waited for is sent by itself."""
    has_answer = known.get(one.fingerprint)
    if has_answer or (has_answer is None and one.fingerprint in asked):
        return Repeat.ANSWERED
    is_urgent = one.needed_within is not None and one.needed_within <= _repeats.MARGIN.seconds
    return Repeat.NONE if has_answer is None or is_urgent else Repeat.WAITS
