"""What Anthropic's Usage and Cost API says was used and what it cost, by day."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings

from aijobs import gateway
from aijobs.bill.lines import Amount, Bill, Days, Kind, add, key_of

USAGE, COST = "usage_report/messages", "cost_report"
# The most days that a page may have.
PAGE_DAYS = 31
# The default workspace has no id.
DEFAULT_WORKSPACE = "default"

OF_TOKEN_TYPE = {
    "uncached_input_tokens": Kind.INPUT,
    "output_tokens": Kind.OUTPUT,
    "cache_read_input_tokens": Kind.CACHE_READ,
    "cache_creation.ephemeral_5m_input_tokens": Kind.CACHE_WRITE_5M,
    "cache_creation.ephemeral_1h_input_tokens": Kind.CACHE_WRITE_1H,
}


def read(first: date, last: date, *, page_days: int = PAGE_DAYS) -> Bill:
    """Of these days in UTC, both among them. Raises gateway.Refused or gateway.Unavailable."""
    days: Days = {}
    days_asked = [
        ("starting_at", f"{first}T00:00:00Z"),
        ("ending_at", f"{last + timedelta(days=1)}T00:00:00Z"),
        ("bucket_width", "1d"),
        ("limit", str(page_days)),
    ]
    try:
        for day, line in _lines(USAGE, days_asked, "model", "service_tier", "workspace_id"):
            for token_type, kind in OF_TOKEN_TYPE.items():
                if tokens := _count(line, token_type):
                    key = key_of(line.get("model"), kind.value, line.get("service_tier"))
                    add(days, day, key, Amount(tokens=tokens))
        for day, line in _lines(COST, days_asked, "description", "workspace_id"):
            kind = OF_TOKEN_TYPE.get(str(line.get("token_type")), Kind.OTHER)
            # What is no token has no model: it goes by what it is.
            name = line.get("model") or line.get("cost_type") or line.get("description")
            key = key_of(name, kind.value, line.get("service_tier"))
            add(days, day, key, _cost(line))
    except (AttributeError, InvalidOperation, LookupError, TypeError, ValueError) as error:
        # A message of theirs is not repeated: nobody knows what stands in it.
        raise gateway.Unavailable(f"The report cannot be read ({type(error).__name__}).") from None
    return Bill("report", days)


def _lines(
    name: str, days_asked: list[tuple[str, str]], *groups: str
) -> Iterator[tuple[date, Any]]:
    """The lines of our workspace with their days, page by page."""
    query = [*days_asked, *(("group_by[]", group) for group in groups)]
    ours = settings.ANTHROPIC_WORKSPACE_ID
    further: list[tuple[str, str]] = []
    seen: set[str] = set()
    while True:
        page = gateway.organization_report(name, query + further)
        for bucket in page["data"]:
            day = datetime.fromisoformat(bucket["starting_at"]).date()
            for line in bucket["results"]:
                if not ours or (line.get("workspace_id") or DEFAULT_WORKSPACE) == ours:
                    yield day, line
        if not page.get("has_more"):
            return
        next_page = str(page["next_page"])
        if next_page in seen:
            raise gateway.Unavailable("The report does not end.")
        seen.add(next_page)
        further = [("page", next_page)]


def _count(line: Mapping[str, Any], token_type: str) -> int:
    outer, _, inner = token_type.partition(".")
    value = line.get(outer)
    return int((value or {}).get(inner) or 0) if inner else int(value or 0)


def _cost(line: Mapping[str, Any]) -> Amount:
    """Amounts are cents, and exact to half of their last place."""
    if line.get("currency") not in (None, "USD"):
        raise ValueError("another currency")
    cents = Decimal(str(line["amount"]))
    if not cents.is_finite():
        raise ValueError("no amount")
    exponent = cents.as_tuple().exponent
    assert isinstance(exponent, int)
    return Amount(usd=cents / 100, slack_usd=Decimal(5).scaleb(min(0, exponent) - 3))
