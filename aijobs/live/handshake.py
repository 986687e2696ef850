"""Who opens a WebSocket, and from which page. Read anew whenever it is asked.

docs/decisions/0018-a-channels-consumer.md says why not by the middleware of Channels.
"""

from importlib import import_module
from io import BytesIO

from asgiref.typing import WebSocketScope
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from citizenapp.tenants import access, ends
from citizenapp.tenants.access import Access

SCHEMES = {"ws": "http", "wss": "https"}


def read_request(scope: WebSocketScope) -> ASGIRequest:
    """The handshake as the GET request that it is: Django knows its cookies, host and proxies."""
    scheme = SCHEMES[scope.get("scheme", "ws")]
    return ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, BytesIO())


def is_welcome(request: ASGIRequest) -> bool:
    """Whether it asks for a host of ours, from one of our own pages or from no page at all.

    Every browser names the page's origin in the handshake, and no script can hold that back:
    a handshake without one comes from a program, which no foreign page can misuse.
    """
    try:
        own = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False
    return request.headers.get("Origin", own) in {own, *settings.CSRF_TRUSTED_ORIGINS}


def find_access(request: ASGIRequest) -> Access | None:
    """The access that the API key or the session gives at this moment; asks the database.

    None where there is neither, or where it does not hold (any more). A key that does not hold
    is not made good by a session. Raises DatabaseError when the database does not answer.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return access.of_key(key.strip())
    sessions = import_module(settings.SESSION_ENGINE)
    # A new store, since a store keeps what it has read once.
    session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.session = session
    return access.of_user(auth.get_user(request), session)


def names_of(request: HttpRequest, found: Access) -> frozenset[str]:
    """What the hub calls the access that was found for a request, when it may have ended."""
    return ends.of(found, request.COOKIES.get(settings.SESSION_COOKIE_NAME))
