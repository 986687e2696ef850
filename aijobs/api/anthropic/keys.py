"""The key of a tenant where Anthropic's SDK puts it: `x-api-key`, or `Authorization: Bearer`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from citizenapp.tenants import access
from citizenapp.tenants.access import Access
from citizenapp.tenants.authentication import KeyHolder


class ProgramAuthentication(BaseAuthentication):
    """A key that does not hold is a 401, never ignored. Sessions are none of a program's."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Access] | None:
        key = request.META.get("HTTP_X_API_KEY", "")
        if not key:
            scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
            key = token if scheme.lower() == "bearer" else ""
        if not key.strip():
            return None
        found = access.of_key(key.strip())
        if found is None:
            raise AuthenticationFailed
        return KeyHolder(found.actor), found

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Bearer"
