"""An export of Anthropic's console: a CSV of usage in tokens, or one of costs in USD."""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aijobs.bill.lines import Amount, Bill, Days, Kind, add, key_of

# The columns that count, each with the names that exports and the API have for it.
DAY = ("usage_date_utc", "date", "usage_date", "starting_at")
MODEL = ("model_version", "model")
TIER = ("usage_type", "service_tier")
TOKENS = {
    Kind.INPUT: ("usage_input_tokens_no_cache", "uncached_input_tokens", "input_tokens"),
    Kind.OUTPUT: ("usage_output_tokens", "output_tokens"),
    Kind.CACHE_READ: ("usage_input_tokens_cache_read", "cache_read_input_tokens"),
    Kind.CACHE_WRITE_5M: ("usage_input_tokens_cache_write_5m", "ephemeral_5m_input_tokens"),
    Kind.CACHE_WRITE_1H: ("usage_input_tokens_cache_write_1h", "ephemeral_1h_input_tokens"),
}
COST, TOKEN_TYPE = ("cost_usd",), ("token_type",)
OF_TOKEN_TYPE = {
    "input_no_cache": Kind.INPUT,
    "output": Kind.OUTPUT,
    "input_cache_read": Kind.CACHE_READ,
    "input_cache_write_5m": Kind.CACHE_WRITE_5M,
    "input_cache_write_1h": Kind.CACHE_WRITE_1H,
}
# The console shows costs to the cent, and each of its rows is rounded.
HALF_A_CENT = Decimal("0.005")


class NoExport(ValueError):
    """A file that is no export of the console. Says what is missing or wrong, and where."""


def read(path: Path) -> Bill:
    """Raises NoExport, or OSError when it cannot be read."""
    try:
        # Whoever saved it by Excel has a mark before the first name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = {_plain(name): name for name in rows.fieldnames or ()}
            return _read(rows, names)
    except UnicodeDecodeError:
        raise NoExport("It is no CSV in UTF-8.") from None
    except csv.Error as error:
        raise NoExport(f"It is no CSV: {error}.") from None


def _read(rows: Iterable[Mapping[str, str]], names: Mapping[str, str]) -> Bill:
    day, model = _column(names, DAY), _column(names, MODEL)
    # Without one, it is told as all standard, which then differs.
    tier, cost, token_type = (_column(names, known) for known in (TIER, COST, TOKEN_TYPE))
    tokens = {kind: name for kind, known in TOKENS.items() if (name := _column(names, known))}
    of_tokens = {Kind.INPUT, Kind.OUTPUT} <= tokens.keys()
    missing = [known[0] for known, found in ((DAY, day), (MODEL, model)) if not found]
    if not of_tokens and not (cost and token_type):
        lacking = [TOKENS[kind][0] for kind in (Kind.INPUT, Kind.OUTPUT) if kind not in tokens]
        missing.append(f"{' and '.join(lacking)} (usage), or cost_usd and token_type (cost)")
    if missing or not day or not model:
        raise NoExport(f"These columns are missing: {', '.join(missing)}.")
    days: Days = {}
    for number, row in enumerate(rows, 2):
        if not any(row.values()):
            continue
        try:
            when, name = date.fromisoformat(row[day].strip()[:10]), _model(row[model])
            of_tier = row[tier] if tier else None
            if of_tokens:
                for kind, column in tokens.items():
                    count = int(row[column].replace(",", "").strip() or 0)
                    add(days, when, key_of(name, kind.value, of_tier), Amount(tokens=count))
            else:
                assert cost
                assert token_type
                kind = OF_TOKEN_TYPE.get(row[token_type].strip().lower(), Kind.OTHER)
                usd = Decimal(row[cost].replace("$", "").replace(",", "").strip() or 0)
                key = key_of(name, kind.value, of_tier)
                add(days, when, key, Amount(usd=usd, slack_usd=HALF_A_CENT))
        except (AttributeError, InvalidOperation, ValueError):
            raise NoExport(f"Line {number} has a day or a number that is none.") from None
    if not days:
        raise NoExport("It has no line.")
    return Bill(
        "file",
        days,
        tells_tokens=of_tokens,
        tells_usd=not of_tokens,
        covered=(min(days), max(days)),
    )


def _column(names: Mapping[str, str], known: Iterable[str]) -> str | None:
    return next((names[name] for name in known if name in names), None)


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", (name or "").strip().lower()).strip("_")


def _model(name: str) -> str:
    """An export of costs has names for people: "Claude Haiku 5.5"."""
    return re.sub(r"[\s.]+", "-", name.strip().lower())
