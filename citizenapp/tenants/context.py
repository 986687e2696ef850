"""What every template may say about the product and the person."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from citizenapp.tenants import reader


def product(request: HttpRequest) -> dict[str, Any]:
    return {
        "emulated": settings.EMULATED,
        "local": settings.LOCAL,
        "has_mailbox": settings.MAILBOX,
        "access": getattr(request, "access", None),
        "reader": SimpleLazyObject(reader.current),
    }
