"""What charges would have been under another model, batch share, cache share or price table.

All of it is whole numbers of 1e-18 USD, so that nothing is rounded: whatever the charges are
grouped by, the parts add up to the whole.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from aijobs import pricing
from aijobs.pricing import Table, Usage

SHARE_PLACES = 4
_ONE: int = 10**SHARE_PLACES  # A share of all
_LEDGER_PLACES = 10
_PLACES = _LEDGER_PLACES + 2 * SHARE_PLACES


class Charges(NamedTuple):
    """Charges of one kind, added up: as the ledger has them.

    `model` is the one that answered, and `priced_as` the one of the price table, empty where it had
    none. `prompt_tokens` is the length of a prompt in the tier that all of these prompts are in.
    """

    model: str
    priced_as: str
    batch: bool
    on: dt.date
    prompt_tokens: int
    answers: int
    tokens: Usage
    cost: Decimal
    full: Decimal


@dataclass(frozen=True, slots=True)
class Settings:
    """What is different; None leaves it as it was. Shares are 0 to 1, with four places at most.

    `batch_share` of each charge goes by batch. `cache_hit` is the share of the prompt that is read
    from the cache, of what is not written to it.
    """

    model: str | None = None
    batch_share: Decimal | None = None
    cache_hit: Decimal | None = None
    table: Table | None = None

    def __post_init__(self) -> None:
        for share in (self.batch_share, self.cache_hit):
            if share is not None and not (0 <= share <= 1 and share * _ONE % 1 == 0):
                raise ValueError("A share is 0 to 1, with four decimal places at most.")
        if self.model is not None:
            pricing.nearest_day(self.model, dt.date.max, self.table)


@dataclass(frozen=True, slots=True)
class Sums:
    """USD in units of 1e-18: what was or would be paid, and the same at full price."""

    cost_units: int = 0
    full_units: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.cost_units + other.cost_units, self.full_units + other.full_units)

    @property
    def cost(self) -> Decimal:
        return _usd(self.cost_units)

    @property
    def full(self) -> Decimal:
        return _usd(self.full_units)

    @property
    def saved(self) -> Decimal:
        return _usd(self.full_units - self.cost_units)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What it was and what it would be; and how many answers are not at their own prices.

    `unpriced` answers have no price at all and stay as they were. `other_day` ones are priced by
    the nearest day that the model has a price of.
    """

    was: Sums = field(default_factory=Sums)
    would_be: Sums = field(default_factory=Sums)
    answers: int = 0
    unpriced: int = 0
    other_day: int = 0

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.was + other.was,
            self.would_be + other.would_be,
            self.answers + other.answers,
            self.unpriced + other.unpriced,
            self.other_day + other.other_day,
        )

    @property
    def notes(self) -> list[str]:
        """What to know of the figures."""
        found = []
        if self.unpriced:
            found.append(f"{self.unpriced:,} answers have no price, and stay as they were.")
        if self.other_day:
            found.append(
                f"{self.other_day:,} answers came on days of which that model has no price: they "
                "are priced by the nearest day that has one."
            )
        return found


def replay(charges: Charges, settings: Settings) -> Comparison:
    """Charges of one kind, as they were and as they would be."""
    was = Sums(_from_ledger(charges.cost), _from_ledger(charges.full))
    model = settings.model or charges.priced_as
    try:
        on = pricing.nearest_day(model, charges.on, settings.table)
    except pricing.UnknownModel:
        return Comparison(was, was, charges.answers, unpriced=charges.answers)
    tokens = _tokens(charges.tokens, settings.cache_hit)
    at_once, by_batch = (
        pricing.units(
            *(model, tokens),
            prompt_tokens=charges.prompt_tokens,
            batch=batch,
            on=on,
            table=settings.table,
        )
        for batch in (False, True)
    )
    share = _ONE * charges.batch
    if settings.batch_share is not None:
        share = int(settings.batch_share * _ONE)
    would_be = Sums(by_batch * share + at_once * (_ONE - share), at_once * _ONE)
    other_day = charges.answers if on != charges.on else 0
    return Comparison(was, would_be, charges.answers, other_day=other_day)


def by_model(
    charges: Iterable[Charges], settings: Settings
) -> tuple[Mapping[str, Comparison], Comparison]:
    """By the model that answered, the dearest first; and all of it."""
    found: dict[str, Comparison] = {}
    for one in charges:
        found[one.model] = found.get(one.model, Comparison()) + replay(one, settings)
    dearest = sorted(found.items(), key=lambda item: (-item[1].was.full_units, item[0]))
    return dict(dearest), sum(found.values(), Comparison())


def _tokens(tokens: Usage, cache_hit: Decimal | None) -> Usage:
    """Ten thousand times as many, so that a share of them is a whole number."""
    if cache_hit is None:
        return Usage(*(count * _ONE for count in tokens))
    hit = int(cache_hit * _ONE)
    pool = tokens.input_tokens + tokens.cache_read_input_tokens
    return Usage(
        input_tokens=pool * (_ONE - hit),
        output_tokens=tokens.output_tokens * _ONE,
        cache_read_input_tokens=pool * hit,
        cache_write_5m_tokens=tokens.cache_write_5m_tokens * _ONE,
        cache_write_1h_tokens=tokens.cache_write_1h_tokens * _ONE,
    )


def _from_ledger(amount: Decimal) -> int:
    return int(amount.scaleb(_LEDGER_PLACES)) * _ONE**2


def _usd(units: int) -> Decimal:
    # By its text: no digit is lost, however many there are.
    return Decimal(f"{units}E-{_PLACES}")
