"""What jobs of one type will cost together, by batch and at once: a range for each."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from math import sqrt
from typing import NamedTuple

from aijobs.jobtypes import JobType
from aijobs.quotes.terms import Terms
from aijobs.tokens import Estimate
from citizenapp.tenants.models import LongPrompts

# Jobs that are sent together are alike: their errors are to this part the same one, and the rest
# evens out. 1 would add up the ends of all their ranges, 0 would leave hardly a range to many.
_COMMON = 0.3
_LEDGER = Decimal("0.0000000001")


class Cost(NamedTuple):
    """In USD: eight of ten bills are between `low` and `high`."""

    low: Decimal
    likely: Decimal
    high: Decimal


@dataclass(slots=True)
class _Sum:
    """Costs added up: of independent errors the squares, of common ones the errors themselves."""

    likely: Decimal = Decimal(0)
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
        return Cost(max(self.likely - below, Decimal(0)), self.likely, self.likely + above)


class Bill:
    """The costs of jobs of one type, as they are added."""

    def __init__(self, kind: JobType, now: datetime, long_prompts: str = LongPrompts.RUN) -> None:
        self.terms = Terms(kind, now, long_prompts)
        self.jobs = 0
        # Whether the model has a price today. Without one, all sums are 0.
        self.is_known = True
        # How many jobs are likely to be priced by the next tier: their prompts are that long.
        self.beyond_step = 0
        # How many jobs go to another model instead.
        self.elsewhere = 0
        # From how many charges of the like it is told, at most.
        self.learned_from = 0
        self._batch = _Sum()
        self._sync = _Sum()

    def add(self, expected: Estimate, max_tokens: int, model: str = "") -> None:
        """A job, with the `model` that it has for itself, where it has one."""
        self.jobs += 1
        self.elsewhere += bool(model)
        self.learned_from = max(self.learned_from, self.terms.ratios(expected, model).jobs)
        try:
            charges = self.terms.charges(expected, max_tokens, model)
        except LookupError:
            self.is_known = False
            return
        self.beyond_step += not model and self.terms.is_long(expected)
        self._batch.add(Cost(*(one.cost_usd for one in charges)))
        self._sync.add(Cost(*(one.sync_cost_usd for one in charges)))

    @property
    def kind(self) -> JobType:
        return self.terms.kind

    @property
    def batch(self) -> Cost:
        return self._batch.cost

    @property
    def at_once(self) -> Cost:
        return self._sync.cost

    @property
    def notes(self) -> list[str]:
        """What is worth knowing before it is queued, for its sender."""
        asks_more = f"{self.kind.model} asks more for each of its tokens"
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
    return "1 job has" if count == 1 else f"{count:,} jobs have"
