"""EMAIL_URL: which server sends e-mails, in one line."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


def read(url: str) -> dict[str, Any]:
    """Django's settings of a mail server, from a URL such as smtp+tls://name:password@host:587."""
    try:
        found: dict[str, Any] = environ.Env.email_url_config(url)
    except (KeyError, ValueError, ImproperlyConfigured):
        found = {}
    if "smtp" in found.get("EMAIL_BACKEND", "") and not found.get("EMAIL_HOST"):
        found = {}
    if not found:  # The URL itself is not repeated: a password stands in it.
        raise ImproperlyConfigured(
            "EMAIL_URL must be like smtp+tls://user:password@mail.example.com:587, or smtp+ssl://…"
        )
    usual = 465 if found.get("EMAIL_USE_SSL") else 587 if found.get("EMAIL_USE_TLS") else 25
    return found | {"EMAIL_PORT": found.get("EMAIL_PORT") or usual}
