"""What a request costs, by the dated table in prices.toml.

Sums are whole numbers of 1e-10 USD, the scale of the ledger. Every price in the table is a whole
number of them for one token (loading fails otherwise), so no charge is ever rounded.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Self

_PLACES = 10
MOST_TOKENS = 1_000_000_000  # Far more than any model takes, and what the ledger can hold.
_further: Path | None = None
_UNITS_PER_TOKEN = 10**_PLACES // 1_000_000  # of 1e-10 USD, at 1 USD per million tokens


class UnknownModel(LookupError):
    """The price table has no such model."""


class UnpricedDay(LookupError):
    """The price table has the model, but not for that day."""


class Usage(NamedTuple):
    """Tokens of one request. Cached ones are not among `input_tokens`."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0

    @classmethod
    def from_api(cls, usage: Mapping[str, Any]) -> Self:
        """Read `usage` of a message. What is missing or null is 0.

        Raises ValueError when a count is not a whole number of tokens, or of more than there can
        be in one request.
        """
        written = _count(usage, "cache_creation_input_tokens")
        by_lifetime = usage.get("cache_creation") or {}
        written_1h = _count(by_lifetime, "ephemeral_1h_input_tokens")
        written_5m = _count(by_lifetime, "ephemeral_5m_input_tokens")
        return cls(
            input_tokens=_count(usage, "input_tokens"),
            output_tokens=_count(usage, "output_tokens"),
            cache_read_input_tokens=_count(usage, "cache_read_input_tokens"),
            # Five minutes is the lifetime of a cache write unless the request names another. So a
            # count that Anthropic does not split by lifetime is one of five minutes.
            cache_write_5m_tokens=max(written_5m, written - written_1h),
            cache_write_1h_tokens=written_1h,
        )

    @property
    def prompt_tokens(self) -> int:
        """All tokens of the prompt, cached or not."""
        return (
            self.input_tokens
            + self.cache_read_input_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
        )


class Charge(NamedTuple):
    """USD with 10 decimal places. `sync_cost_usd` is what the same usage costs at full price."""

    cost_usd: Decimal
    sync_cost_usd: Decimal
    saved_usd: Decimal


class Rates(NamedTuple):
    """USD for one token of a prompt."""

    input: Decimal
    cache_read: Decimal
    cache_write_1h: Decimal


@dataclass(frozen=True, slots=True)
class _Tier:
    """Prices of one token, in units of 1e-10 USD."""

    up_to: int | None
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int

    def cost(self, usage: Usage) -> int:
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_input_tokens * self.cache_read
            + usage.cache_write_5m_tokens * self.cache_write_5m
            + usage.cache_write_1h_tokens * self.cache_write_1h
        )

    def costs(self, usage: Usage) -> tuple[int, ...]:
        """The same kind by kind, in the order of Usage."""
        kinds = (Usage(*(n == place for n in range(len(usage)))) for place in range(len(usage)))
        return tuple(tokens * self.cost(one) for tokens, one in zip(usage, kinds, strict=True))


@dataclass(frozen=True, slots=True)
class _Price:
    valid_from: dt.date
    valid_until: dt.date
    sync: tuple[_Tier, ...]
    batch: tuple[_Tier, ...]


Table = dict[str, list[_Price]]


def charge(model: str, usage: Usage, *, batch: bool, on: dt.date) -> Charge:
    """What `usage` costs at the prices of the day `on`.

    A dated model id ("claude-haiku-4-5-20251001") has the price of its model.
    Raises UnknownModel or UnpricedDay.
    """
    price = _price(model, on)
    sync_cost = _cost(price.sync, usage)
    cost = _cost(price.batch, usage) if batch else sync_cost
    paid, in_full = _usd(cost), _usd(sync_cost)
    return Charge(paid, in_full, in_full - paid)


def by_kind(
    model: str, usage: Usage, *, longest: int, batch: bool, on: dt.date
) -> tuple[Decimal, ...]:
    """What many requests cost together, kind by kind in the order of Usage.

    `usage` are their sums. `longest` stands for the prompts of all of them: no limit of the table
    (`limits`) lies between. Raises UnknownModel or UnpricedDay.
    """
    price = _price(model, on)
    tier = _tier(price.batch if batch else price.sync, longest)
    return tuple(map(_usd, tier.costs(usage)))


def step(model: str, *, on: dt.date) -> int | None:
    """Up to how many tokens a prompt has the lowest price; None where the length is all the same.

    Raises UnknownModel or UnpricedDay.
    """
    return _price(model, on).sync[0].up_to


def units(
    model: str,
    tokens: Usage,
    *,
    prompt_tokens: int,
    batch: bool,
    on: dt.date,
    table: Table | None = None,
) -> int:
    """What tokens cost in units of 1e-10 USD, in prompts of which each has `prompt_tokens`.

    So those of many requests of one tier may be priced at once. Raises UnknownModel or UnpricedDay.
    """
    price = _price(model, on) if table is None else _found(table, model, on)
    return _tier(price.batch if batch else price.sync, prompt_tokens).cost(tokens)


def models(table: Table | None = None) -> list[str]:
    """The models that a table has prices of, in the order of their names."""
    return sorted(_table() if table is None else table)


def nearest_day(model: str, on: dt.date, table: Table | None = None) -> dt.date:
    """The day itself, if there is a price of it; else the nearest later one, else earlier one.

    Raises UnknownModel.
    """
    prices = _prices(_table() if table is None else table, model)
    if any(price.valid_from <= on <= price.valid_until for price in prices):
        return on
    later = [price.valid_from for price in prices if price.valid_from > on]
    return min(later) if later else max(price.valid_until for price in prices)


def limits(table: Table | None = None) -> list[int]:
    """The lengths of a prompt, in tokens, up to which some tier of a table reaches."""
    tiers = [
        tier
        for prices in (_table() if table is None else table).values()
        for price in prices
        for tier in price.sync
    ]
    return sorted({tier.up_to for tier in tiers if tier.up_to is not None})


def table_with(toml: str) -> Table:
    """The table in use, with further prices that go before its own.

    Raises ValueError when they are no price table.
    """
    return _joined(load(toml, like=_built_in()), _table())


def batch_rates(model: str, prompt_tokens: int, *, on: dt.date) -> Rates:
    """What the tokens of a prompt of this length cost in a batch.

    Raises UnknownModel or UnpricedDay.
    """
    tier = _tier(_price(model, on).batch, prompt_tokens)
    return Rates(_usd(tier.input), _usd(tier.cache_read), _usd(tier.cache_write_1h))


def _count(usage: Mapping[str, Any], field: str) -> int:
    count = usage.get(field)
    if count is None:
        return 0
    if type(count) is not int or not 0 <= count <= MOST_TOKENS:
        raise ValueError(f"{field} is not a number of tokens.")
    return count


def _cost(tiers: tuple[_Tier, ...], usage: Usage) -> int:
    return _tier(tiers, usage.prompt_tokens).cost(usage)


def _tier(tiers: tuple[_Tier, ...], prompt_tokens: int) -> _Tier:
    for tier in tiers[:-1]:
        assert tier.up_to is not None
        if prompt_tokens <= tier.up_to:
            return tier
    return tiers[-1]


def _usd(units: int) -> Decimal:
    return Decimal(units).scaleb(-_PLACES)


@lru_cache(maxsize=1_024)
def _price(model: str, on: dt.date) -> _Price:
    return _found(_table(), model, on)


def _found(table: Table, model: str, on: dt.date) -> _Price:
    for price in _prices(table, model):
        if price.valid_from <= on <= price.valid_until:
            return price
    raise UnpricedDay(f"No price is known for the model {model!r} on {on}.")


def _prices(table: Table, model: str) -> list[_Price]:
    prices = table.get(model, []) + table.get(re.sub(r"-\d{8}$", "", model), [])
    if not prices:
        raise UnknownModel(f"No price is known for the model {model!r}.")
    return prices


@lru_cache(maxsize=1)
def _table() -> Table:
    built_in = _built_in()
    table = load(built_in)
    if _further:
        table = _joined(load(_further.read_text("utf-8"), like=built_in), table)
    return table


def _joined(first: Table, then: Table) -> Table:
    # _found takes the first that holds on a day.
    return {model: first.get(model, []) + then.get(model, []) for model in {**then, **first}}


def _built_in() -> str:
    return files(__package__).joinpath("prices.toml").read_text("utf-8")


def use_table(path: Path | None) -> None:
    """Read a further price table of the same form; None for the built-in one alone.

    On the days on which a price of it holds, that price goes before the built-in one of the model.
    Raises OSError when it cannot be read, ValueError when it is no price table.
    """
    global _further  # noqa: PLW0603  (one table a process, chosen when it starts)
    if path:
        load(path.read_text("utf-8"), like=_built_in())
    _further = path
    _table.cache_clear()
    _price.cache_clear()


def load(toml: str, *, like: str = "") -> Table:
    """Read a price table; what its [defaults] leave out is as in the table `like`.

    Raises ValueError when it contradicts itself or needs rounding, or is none.
    """
    defaults = tomllib.loads(like).get("defaults", {})
    document = tomllib.loads(toml)
    try:
        return _read(document, defaults | document.get("defaults", {}))
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"It is no price table ({type(error).__name__}: {error}).") from None


_TERMS = {
    *("model", "valid_from", "valid_until", "tiers"),
    *("batch", "cache_read", "cache_write_5m", "cache_write_1h"),
}


def _read(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> Table:
    table: Table = {}
    for entry in document["prices"]:
        terms = {**defaults, **entry}
        if unknown := terms.keys() - _TERMS:
            raise ValueError(f"A price has no {', '.join(sorted(unknown))}.")
        price = _Price(
            valid_from=terms["valid_from"],
            valid_until=terms.get("valid_until", dt.date.max),
            sync=tuple(_tiers(terms, Decimal(1))),
            batch=tuple(_tiers(terms, Decimal(terms["batch"]))),
        )
        others = table.setdefault(terms["model"], [])
        if price.valid_from > price.valid_until or any(
            price.valid_from <= other.valid_until and other.valid_from <= price.valid_until
            for other in others
        ):
            raise ValueError(
                f"Two prices of {terms['model']} hold on the same day, or one on none."
            )
        others.append(price)
    return table


def _tiers(terms: Mapping[str, Any], share: Decimal) -> Iterable[_Tier]:
    tiers = terms["tiers"]
    limits = [tier.get("up_to") for tier in tiers]
    if limits[-1] is not None or limits[:-1] != sorted(limit or 0 for limit in limits[:-1]):
        raise ValueError(f"The tiers of {terms['model']} do not rise to one without a limit.")
    for tier in tiers:
        into = Decimal(tier["input"]) * share
        yield _Tier(
            up_to=tier.get("up_to"),
            input=_units(into),
            output=_units(Decimal(tier["output"]) * share),
            cache_read=_units(into * Decimal(terms["cache_read"])),
            cache_write_5m=_units(into * Decimal(terms["cache_write_5m"])),
            cache_write_1h=_units(into * Decimal(terms["cache_write_1h"])),
        )


def _units(usd_per_million: Decimal) -> int:
    units = usd_per_million * _UNITS_PER_TOKEN
    if units != int(units) or units < 0:
        raise ValueError(f"{usd_per_million} USD per million tokens does not fit the ledger.")
    return int(units)
