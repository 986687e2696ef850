"""How texts, counts and moments are written on pages."""

import re
from datetime import UTC, date, datetime
from typing import Any, cast

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from aijobs import jobtypes
from aijobs.jobtypes.text import cut, utf8
from citizenapp.tenants import reader
from citizenapp.tenants.access import Access
from citizenapp.tenants.invitations import invitations_for
from citizenapp.tenants.models import Invitation, Membership, User

register = template.Library()


@register.filter
def text(value: object) -> str:
    """Text that came from a document: what UTF-8 cannot hold becomes U+FFFD."""
    return utf8(str(value))


@register.filter
def grouped(count: int) -> str:
    """A count with its thousands grouped."""
    return reader.count(count)


@register.filter
def of_limit(count: int, limit: int) -> str:
    """A count that stops counting at a limit."""
    return f"{reader.count(limit)}+" if count > limit else reader.count(count)


@register.filter
def cut_to(text: str, most: int) -> str:
    """At most so many characters of a text, in whole words."""
    return cut(text, most)


_STATUS_WORDS = {
    "queued": "Waiting",
    "submitted": "In progress",
    "processing": "In progress",
    "completed": "Done",
    "failed": "Failed",
    "canceled": "Canceled",
}


@register.filter
def status_word(status: str) -> str:
    """What people call a status: those that differ only at Anthropic have one word."""
    return _STATUS_WORDS.get(status, status.capitalize())


@register.filter
def job_title(name: str) -> str:
    """What people call a job type; the bare name where it is gone."""
    try:
        return jobtypes.get(name).title
    except jobtypes.UnknownJobType:
        return name


# Fields that are numbers of something: what they are called, and what is counted.
_MEASURED = {"max_length": ("Longest summary", "words")}


@register.filter
def measured(value: object, name: str) -> str:
    """What was filled in, with its unit where it is a number of something."""
    if name not in _MEASURED or not isinstance(value, int):
        return utf8(str(value))
    return f"{reader.count(value)} {_MEASURED[name][1]}"


@register.filter
def field_label(name: str) -> str:
    """What a field of an input or a result is called."""
    if name in _MEASURED:
        return _MEASURED[name][0]
    return name.replace("_", " ").capitalize()


@register.filter
def is_list(value: object) -> bool:
    return isinstance(value, list)


@register.simple_tag
def moment(when: datetime | None) -> SafeString:
    """A <time>, which the page's script says by its distance from now."""
    if when is None:
        return format_html("–")
    return format_html(
        '<time datetime="{}">{}</time>',
        when.astimezone(UTC).isoformat(timespec="seconds"),
        reader.moment(when),
    )


@register.filter
def moment_text(when: datetime) -> str:
    """A moment where no script says it: "26 Nov 2026, 14:05 CET"."""
    return reader.moment(when)


@register.filter
def clock(when: datetime) -> str:
    """A moment of today or tomorrow: "14:05 CET"."""
    return reader.clock(when)


@register.filter
def day(when: date) -> str:
    """A day of a year that is plain from what stands beside it: "26 November"."""
    return reader.day(when)


@register.filter
def short_day(when: date) -> str:
    """A day as a chart has room for: "26 Nov"."""
    return reader.short_day(when)


@register.filter
def full_day(when: date) -> str:
    """A day with its year: "26 Nov 2026"."""
    return reader.full_day(when)


@register.filter
def month(when: date) -> str:
    """A month with its year: "November 2026"."""
    return reader.month(when)


@register.filter
def with_code(text: str) -> SafeString:
    """A sentence in which `names` are set between backticks, as Markdown has it."""
    return mark_safe(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


@register.simple_tag
def icon(name: str, css_class: str = "icon") -> SafeString:
    """An image of our sprite; decoration only, since the words beside it say the same."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css_class,
        staticfiles_storage.url("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def workspaces(context: dict[str, Any]) -> tuple[Membership, ...]:
    """The person's memberships in the tenants to switch between."""
    access: Access | None = context["access"]
    return access.memberships if access else ()


@register.simple_tag(takes_context=True)
def open_invitations(context: dict[str, Any]) -> list[Invitation]:
    """Those that the person may accept here and now."""
    request: HttpRequest = context["request"]
    return invitations_for(cast(User, request.user), now=timezone.now())
