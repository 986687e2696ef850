"""How durations are written: rounded up, so that what is promised stays true."""

from datetime import timedelta
from math import ceil

from django import template

from citizenapp.tenants import reader

register = template.Library()


@register.filter
def in_words(duration: timedelta | float) -> str:
    """A duration, or so many seconds: "45 seconds", "20 minutes", "2 hours 40 minutes"."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    seconds = max(ceil(round(seconds, 3)), 1)
    if seconds < 120:
        return _counted(seconds, "second")
    minutes = ceil(seconds / 60)
    if minutes < 90:
        return _counted(minutes, "minute")
    hours, minutes = divmod(10 * ceil(minutes / 10), 60)
    if hours >= 48:
        return _counted(ceil(seconds / 86_400), "day")
    rest = f" {_counted(minutes, 'minute')}" if minutes else ""
    return _counted(hours, "hour") + rest


def _counted(number: int, unit: str) -> str:
    return f"{reader.count(number)} {unit}{'' if number == 1 else 's'}"
