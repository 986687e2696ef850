"""When a sender needs an answer: three plain choices, and what comes of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.forms.boundfield import BoundField, BoundWidget

from aijobs.reading.forecast import Forecast
from aijobs.templatetags.durations import in_words
from citizenapp.tenants.models import Tenant

NOW, HOUR, LATER = "now", "hour", "later"
LABELS = [(LATER, "Within 24 hours"), (HOUR, "Within an hour"), (NOW, "Now")]
# The API's `needed_within`, in seconds.
SECONDS: dict[str, float | None] = {LATER: None, HOUR: 3_600, NOW: 0}

NEVER_FULL = "By batch, since this workspace never pays the full price."


@dataclass(frozen=True, slots=True)
class Wish:
    """One of the choices on a page. `price`: which of the two prices is most likely."""

    choice: BoundWidget
    label: str
    price: str
    hint: str

    @property
    def is_half(self) -> bool:
        return self.price == LATER


def offered(field: BoundField, tenant: Tenant, now: datetime) -> Iterator[Wish]:
    """Those that the tenant may choose, as things are."""
    forecast = Forecast(tenant, now)
    for choice in field:
        value = str(choice.data["value"])
        seconds = SECONDS[value]
        at_once = forecast.goes_at_once(seconds)
        if value == NOW and not at_once:
            continue
        yield Wish(
            choice,
            choice.choice_label,
            NOW if at_once else LATER,
            _hint(forecast, value, at_once, now),
        )


def _hint(forecast: Forecast, value: str, at_once: bool, now: datetime) -> str:
    if value == NOW:
        return "Runs at once, at the full price."
    if at_once:
        return "Batches take longer than that at the moment: runs at once, at the full price."
    found = forecast.of_new(SECONDS[value])
    usual = ""
    if found.latest and found.latest > now:
        usual = f" Most likely done within {in_words(_round(found.latest - now))}."
    if value == LATER:
        return f"Goes out with the next batch.{usual}"
    if not forecast.tenant.full_price:
        return f"{NEVER_FULL}{usual} It may be late."
    too_late = (
        f"By batch while that is in time.{usual} Should its batch take too long, what it has not "
        "answered runs at once, at the full price"
    )
    if forecast.tenant.rescue_usd is None:
        return f"{too_late}."
    return f"{too_late}, as far as the month’s limit of that allows. It may be late."


def _round(duration: timedelta) -> timedelta:
    """To whole minutes: what is so uncertain needs no seconds."""
    return timedelta(minutes=-(-duration // timedelta(minutes=1)))
