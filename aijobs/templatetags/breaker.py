"""Why nothing is sent at the moment."""

from typing import Any

from django import template

from aijobs.models import CircuitBreaker

register = template.Library()


@register.simple_tag(takes_context=True)
def open_breaker(context: dict[str, Any]) -> CircuitBreaker | None:
    """The circuit breaker, where it is open. Asked once, however often a page says so."""
    request = context.get("request")
    known = vars(request) if request is not None else {}
    if "_open_breaker" not in known:
        known["_open_breaker"] = CircuitBreaker.objects.open().first()
    found: CircuitBreaker | None = known["_open_breaker"]
    return found
