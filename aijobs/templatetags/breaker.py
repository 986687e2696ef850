"""Why nothing is sent at the moment."""

from django import template

from aijobs.models import CircuitBreaker

register = template.Library()


@register.simple_tag
def open_breaker() -> CircuitBreaker | None:
    """The circuit breaker, where it is open. For staff: pages of a tenant know by its facts."""
    return CircuitBreaker.objects.open().first()
