"""When a sender needs an answer: three plain choices, and what comes of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.forms import BaseForm
from django.forms.boundfield import BoundField, BoundWidget

from aijobs.reading.forecast import Forecast
from aijobs.templatetags.durations import in_words
from citizenapp.tenants.models import Tenant

NOW, HOUR, LATER = "now", "hour", "later"
LABELS = [(LATER, "It can wait"), (HOUR, "By a time I say"), (NOW, "Now")]
_HOURS = (1, 2, 4, 8, 12)
TIMES = [(str(hours * 3_600), "an hour" if hours == 1 else f"{hours} hours") for hours in _HOURS]


def seconds(urgency: str, within: str) -> float | None:
    """The API's `needed_within`: None where it can wait."""
    if urgency == HOUR:
        return float(within or TIMES[0][0])
    return 0 if urgency == NOW else None


def described(urgency: str, within: str) -> str:
    """The same in words, for somebody who has chosen."""
    if urgency == HOUR:
        return f"Within {dict(TIMES).get(within or TIMES[0][0], '')}"
    return {NOW: "Now", LATER: "Within 24 hours"}.get(urgency, "")


class WishForm(forms.Form):
    """The fields by which a sender says when an answer is needed."""

    urgency = forms.ChoiceField(
        label="When do you need it?", choices=LABELS, widget=forms.RadioSelect, initial=LATER
    )
    within = forms.ChoiceField(label="Within", choices=TIMES, required=False, initial=TIMES[0][0])

    @property
    def needed_within(self) -> float | None:
        """The API's `needed_within`: None where it can wait. Only for a form that was looked at."""
        cleaned = self.cleaned_data
        return seconds(cleaned.get("urgency", ""), cleaned.get("within", ""))


NEVER_FULL = "By batch, since this workspace never pays the full price."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a wish. `price`: which of the two prices is most likely."""

    price: str
    hint: str
    usual: str = ""
    """How long that takes by batch, most likely."""
    within: str = ""
    """The time that was chosen, where one is."""
    is_shown: bool = True

    @property
    def is_half(self) -> bool:
        return self.price == LATER


@dataclass(frozen=True, slots=True)
class Wish:
    """One of the choices on a page, and what comes of it: one for each time that may be chosen."""

    choice: BoundWidget
    label: str
    outcomes: Sequence[Outcome]
    within: BoundField | None = None
    """Where a time is chosen beside it."""

    @property
    def shown(self) -> Outcome:
        """What comes of it as it is chosen."""
        return next(one for one in self.outcomes if one.is_shown)


def offered(form: BaseForm, tenant: Tenant, now: datetime) -> Iterator[Wish]:
    """Those that the tenant may choose, as things are."""
    forecast = Forecast(tenant, now)
    times = form["within"]
    within = str(times.value() or "")
    within = within if within in dict(TIMES) else TIMES[0][0]
    for choice in form["urgency"]:
        value = str(choice.data["value"])
        if value == NOW and not forecast.goes_at_once(0):
            continue
        has_time = value == HOUR
        outcomes = [
            _outcome(forecast, value, one, now, is_shown=not has_time or one == within)
            for one in (dict(TIMES) if has_time else [""])
        ]
        yield Wish(choice, choice.choice_label, outcomes, times if has_time else None)


def _outcome(
    forecast: Forecast, value: str, within: str, now: datetime, *, is_shown: bool
) -> Outcome:
    wanted = seconds(value, within)
    at_once = forecast.goes_at_once(wanted)
    hint = _hint(forecast.tenant, value, at_once=at_once)
    usual = "" if at_once else _usual(forecast, wanted, now)
    return Outcome(NOW if at_once else LATER, hint, usual, within, is_shown)


def _usual(forecast: Forecast, wanted: float | None, now: datetime) -> str:
    found = forecast.of_new(wanted)
    return usually(found.latest - now) if found.latest and found.latest > now else ""


def usually(duration: timedelta) -> str:
    """How long it takes by batch, most likely."""
    return f"Most likely done within {in_words(_round(duration))}."


def _hint(tenant: Tenant, value: str, *, at_once: bool) -> str:
    if value == NOW:
        return "Runs at once, at the full price."
    if at_once:
        return "Batches take longer than that at the moment: runs at once, at the full price."
    if value == LATER:
        return "Goes out with the next batch."
    if not tenant.full_price:
        return f"{NEVER_FULL} It may be late."
    too_late = (
        "By batch while that is in time. Should its batch take too long, what it has not "
        "answered runs at once, at the full price"
    )
    if tenant.rescue_usd is None:
        return f"{too_late}."
    return f"{too_late}, as far as the month’s limit of that allows. It may be late."


def _round(duration: timedelta) -> timedelta:
    """To whole minutes: what is so uncertain needs no seconds."""
    return timedelta(minutes=-(-duration // timedelta(minutes=1)))
