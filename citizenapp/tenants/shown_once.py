"""A new API key on its way from the request that made it to the page that shows it.

The request redirects, so that loading the page again makes no second key. In between, the key
waits in the session, which is kept by the server: an address stays in histories and logs, and a
message may be kept in a cookie.
"""

from django.contrib.sessions.backends.base import SessionBase

from citizenapp.tenants.models import APIKey

_SLOT = "new_api_key"


def put(session: SessionBase, key: APIKey, secret: str) -> None:
    """Keep the secret of a key for the next page. One that nobody has looked at is replaced."""
    session[_SLOT] = (key.pk, secret)


def take(session: SessionBase) -> tuple[APIKey, str] | None:
    """The key and its secret, which is gone from the session; None where there is none."""
    pk, secret = session.pop(_SLOT, (None, None))
    key = APIKey.objects.filter(pk=pk).select_related("tenant").first() if pk else None
    return (key, secret) if key else None
