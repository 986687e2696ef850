"""What jobs of one type will cost together, by batch and at once: a range for each."""

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from enum import Enum
from math import sqrt
from typing import NamedTuple

from aijobs.jobtypes import JobType
from aijobs.quotes.terms import Terms
from aijobs.tokens import Estimate
from citizenapp.tenants import reader

# Jobs that are sent together are alike: their errors are to this part the same one, and the rest
# evens out. 1 would add up the ends of all their ranges, 0 would leave hardly a range to many.
_COMMON = 0.3
_LEDGER = Decimal("0.0000000001")
_ZERO = Decimal(0)


class Repeat(Enum):
    """Whether a job asks what was asked before: such a one is charged nothing."""

    NONE = "none"
    WAITS = "waits"
    """Its first is under way in a batch: by batch it waits for it, at once it would not."""
    ANSWERED = "answered"


class Cost(NamedTuple):
    """In USD: eight of ten bills are between `low` and `high`."""

    low: Decimal
    likely: Decimal
    high: Decimal


@dataclass(slots=True)
class _Sum:
    """Costs added up: of independent errors the squares, of common ones the errors themselves."""

    likely: Decimal = _ZERO
    below: float = 0.0
    above: float = 0.0
    below_squared: float = 0.0
    above_squared: float = 0.0

    def add(self, cost: Cost) -> None:
        self.likely += cost.likely
        below, above = float(cost.likely - cost.low), float(cost.high - cost.likely)
        self.below, self.above = self.below + below, self.above + above
        self.below_squared += below * below
        self.above_squared += above * above

    @property
    def cost(self) -> Cost:
        below, above = (
            Decimal(sqrt(_COMMON * error * error + (1 - _COMMON) * squared)).quantize(
                _LEDGER, ROUND_FLOOR
            )
            for error, squared in (
                (self.below, self.below_squared),
                (self.above, self.above_squared),
            )
        )
        return Cost(max(self.likely - below, _ZERO), self.likely, self.likely + above)


@dataclass(slots=True)
class Bill:
    """The costs of a tenant's jobs of one type, as they are added."""

    terms: Terms
    jobs: int = 0
    repeated: int = 0
    """How many of them ask what was asked before."""
    trial: int = 0
    """How many of them run first, at once; the others by batch."""
    saved_by_cache: Decimal = _ZERO
    """What the batch price is less, if what the jobs have in common is cached as planned."""
    is_known: bool = True
    """Whether the model has a price today. Without one, all sums are 0."""
    beyond_step: int = 0
    """How many jobs are likely to be priced by the next tier: their prompts are that long."""
    elsewhere: int = 0
    """How many jobs go to another model instead."""
    learned_from: int = 0
    """From how many charges of the like it is told, at most."""
    _batch: _Sum = field(default_factory=_Sum)
    _sync: _Sum = field(default_factory=_Sum)
    _asked: _Sum = field(default_factory=_Sum)

    def add(
        self,
        expected: Estimate,
        max_tokens: int,
        model: str = "",
        *,
        within: float | None = None,
        is_late: bool = False,
        repeat: Repeat = Repeat.NONE,
    ) -> None:
        """Add a job that is needed `within` so many seconds.

        `is_late`: no batch is in time for that, and it runs at once.
        `model`: that it has for itself, where it has one.
        """
        self.jobs += 1
        if repeat != Repeat.NONE:
            self.repeated += 1
        if repeat == Repeat.ANSWERED:
            return
        self.elsewhere += model != self.terms.wanted
        self.learned_from = max(self.learned_from, self.terms.ratios(expected, model).jobs)
        try:
            charges = self.terms.charges(expected, max_tokens, model)
        except LookupError:
            self.is_known = False
            return
        self.beyond_step += model == self.terms.wanted and self.terms.is_long(expected)
        batch = Cost(*(one.cost_usd for one in charges))
        at_once = Cost(*(one.sync_cost_usd for one in charges))
        self._sync.add(at_once)
        if repeat == Repeat.WAITS:
            return
        self._batch.add(batch)
        if is_late:
            self._asked.add(at_once)
        elif within is None or not self.terms.tenant.full_price:
            self._asked.add(batch)
        else:
            # Should its batch take too long, it runs at once after all.
            self._asked.add(batch._replace(high=at_once.high))

    @property
    def kind(self) -> JobType:
        return self.terms.kind

    @property
    def batch(self) -> Cost:
        """Of all jobs by batch."""
        return self._with_cache(self._batch.cost)

    @property
    def at_once(self) -> Cost:
        """Of all jobs as direct calls."""
        return self._sync.cost

    @property
    def asked(self) -> Cost:
        """On the roads that were asked for."""
        found, sent = self._with_cache(self._asked.cost), self.jobs - self.repeated
        if not self.trial or not sent:
            return found
        # At the full price: once more what they would cost by batch.
        part = Decimal(min(self.trial, sent)) / sent
        return Cost(*(one + part * more for one, more in zip(found, self.batch, strict=True)))

    def _with_cache(self, cost: Cost) -> Cost:
        """The upper end stays: the cache may be gone, and it is what is reserved."""
        low, likely = (max(one - self.saved_by_cache, _ZERO) for one in cost[:2])
        return cost._replace(low=low, likely=likely)

    @property
    def notes(self) -> list[str]:
        """What is worth knowing before it is queued, for its sender."""
        asks_more = f"{self.kind.model_of(self.terms.wanted)} asks more for each of its tokens"
        found = []
        if self.beyond_step:
            found.append(f"{_jobs_have(self.beyond_step)} a prompt so long that {asks_more}")
        if self.elsewhere:
            found.append(
                f"{_jobs_have(self.elsewhere)} a prompt so long, by our estimate, that {asks_more}:"
                f" priced here, and asked, as one of {self.terms.other_model}"
            )
        return found


def _jobs_have(count: int) -> str:
    return "1 job has" if count == 1 else f"{reader.count(count)} jobs have"
