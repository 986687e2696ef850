"""What both sides are broken down into: model, kind of token, tier; tokens and USD of each."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from aijobs.models import ReconciledLine
from aijobs.pricing import Usage

Kind, Tier = ReconciledLine.Kind, ReconciledLine.Tier
NumberT = TypeVar("NumberT", int, Decimal)


class Key(NamedTuple):
    """What a line is about."""

    model: str
    kind: str
    tier: str


@dataclass(frozen=True, slots=True)
class Amount:
    """None where a source does not tell it. `slack_usd`: what may be lost in its rounding."""

    tokens: int | None = None
    usd: Decimal | None = None
    slack_usd: Decimal = Decimal(0)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            _sum(self.tokens, other.tokens),
            _sum(self.usd, other.usd),
            self.slack_usd + other.slack_usd,
        )


NOTHING = Amount()
Days = dict[date, dict[Key, Amount]]


@dataclass(frozen=True, slots=True)
class Bill:
    """What Anthropic says was used, by day; whether it tells tokens, and whether it tells USD."""

    source: str
    days: Days
    tells_tokens: bool = True
    tells_usd: bool = True
    covered: tuple[date, date] | None = None
    """The first and the last day that it speaks of; None for any."""

    def covers(self, first: date, last: date) -> bool:
        """Whether a day of these without a line is one without use."""
        return self.covered is None or self.covered[0] <= first <= last <= self.covered[1]

    def of(self, day: date, key: Key) -> Amount:
        """What it does not name was not used."""
        said = self.days.get(day, {}).get(key, NOTHING)
        return Amount(
            (said.tokens or 0) if self.tells_tokens and key.kind in Usage._fields else None,
            (said.usd or Decimal(0)) if self.tells_usd else None,
            said.slack_usd,
        )


def key_of(model: object, kind: str, tier: object) -> Key:
    """A model goes by its name without a date, and whatever is no batch is standard."""
    # Whatever stands there, PostgreSQL can store it.
    storable = str(model or "").replace("\0", "").encode("utf-8", "replace").decode()
    name = re.sub(r"-\d{8}$", "", storable) or "unknown"
    is_batch = "batch" in str(tier or "").lower()
    return Key(name[:100], kind, (Tier.BATCH if is_batch else Tier.STANDARD).value)


def add(days: Days, day: date, key: Key, amount: Amount) -> None:
    """Add it to what the day has of it."""
    lines = days.setdefault(day, {})
    lines[key] = lines.get(key, NOTHING) + amount


def _sum(one: NumberT | None, other: NumberT | None) -> NumberT | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other
