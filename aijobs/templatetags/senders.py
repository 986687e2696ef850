"""Who queued something, as people call them."""

from typing import Any

from django import template

from citizenapp.tenants import senders

register = template.Library()


@register.simple_tag(takes_context=True)
def sender(context: dict[str, Any], name: str) -> str:
    """What `created_by` says: the name of a key or of a member, else as it stands.

    Names are asked for once, however many rows a page has.
    """
    request, access = context.get("request"), context.get("access")
    if access is None or request is None:
        return name
    known: dict[str, str] | None = getattr(request, "_senders", None)
    if known is None:
        known = senders.names(access.tenant)
        request._senders = known
    return known.get(name, name)
