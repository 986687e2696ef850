"""What a person chooses for themselves, in whatever workspace."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from aijobs.web.settings_forms import time_zones
from citizenapp.tenants import reader
from citizenapp.tenants.models import User

# The regions whose ways of writing differ. Any other comes from the browser.
LOCALES = {
    "en-US": "United States",
    "en-GB": "United Kingdom",
    "en-IE": "Ireland",
    "en-CA": "Canada",
    "en-AU": "Australia",
    "en-IN": "India",
    "en-ZA": "South Africa",
    "de-DE": "Germany",
    "de-AT": "Austria",
    "de-CH": "Switzerland",
    "fr-FR": "France",
    "nl-NL": "Netherlands",
    "nl-BE": "Belgium",
    "es-ES": "Spain",
    "it-IT": "Italy",
    "pt-PT": "Portugal",
    "pt-BR": "Brazil",
    "pl-PL": "Poland",
    "cs-CZ": "Czechia",
    "da-DK": "Denmark",
    "nb-NO": "Norway",
    "sv-SE": "Sweden",
    "fi-FI": "Finland",
    "he-IL": "Israel",
    "ja-JP": "Japan",
}
_SAMPLE = datetime(2026, 11, 26, 14, 5, tzinfo=UTC)


def _choices() -> list[tuple[str, str]]:
    """Each region with how a date and a sum look there."""
    found = [("", "As the browser says")]
    for tag, name in LOCALES.items():
        numbers, dates = reader.locales_of(tag)
        with reader.reading(lambda: reader.Reader(numbers, dates)):  # noqa: B023 - used at once
            written = f"{reader.full_day(_SAMPLE)}, {reader.usd(Decimal('1234.5'), 2)}"
        found.append((tag, f"{name}: {written}"))
    return found


class DatesForm(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    """How dates and numbers are written for a person."""

    locale = forms.ChoiceField(label="Dates and numbers as in", choices=_choices, required=False)
    time_zone = forms.ChoiceField(
        choices=lambda: [
            ("", "As the browser says"),
            *time_zones(),
        ],
        required=False,
    )

    class Meta:
        model = User
        fields: ClassVar = ["locale", "time_zone"]


@require_safe
@login_required
def settings(request: HttpRequest) -> HttpResponseBase:
    """All pages of settings that the person may open."""
    return render(request, "settings/index.html")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def dates(request: HttpRequest) -> HttpResponseBase:
    """The form; saved, and shown anew, where it was sent and is valid."""
    person = User.objects.get(pk=cast(User, request.user).pk)
    form = DatesForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("dates")
    context: dict[str, Any] = {"form": form}
    return render(request, "settings/dates.html", context, status=422 if form.errors else 200)
