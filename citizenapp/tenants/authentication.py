"""The two ways into the REST API: `Authorization: Bearer <key>`, or a signed-in session."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from citizenapp.tenants import access
from citizenapp.tenants.access import Access
from citizenapp.tenants.models import User

if TYPE_CHECKING:
    # Views import the settings, which import this module.
    from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The `request.user` of a call that came with an API key: somebody, but no person."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. A key that does not hold is a 401, never ignored."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Access] | None:
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = access.of_key(key.strip())
        if found is None:
            raise AuthenticationFailed("The API key is unknown, revoked or expired.")
        return KeyHolder(found.actor), found

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Bearer"


class MemberAuthentication(SessionAuthentication):
    """A signed-in member of a tenant, with Django's CSRF check."""

    def authenticate(self, request: Request) -> tuple[User, Access | None] | None:
        authenticated: tuple[Any, None] | None = super().authenticate(request)
        if authenticated is None:
            return None
        user = authenticated[0]
        return user, access.of_user(user, request._request.session)


class RolePermission(BasePermission):
    """Members and keys of a tenant read; only roles that may write change anything."""

    message = "Your role may read but not change anything."

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002
        found = request.auth
        if not isinstance(found, Access):
            self.message = "You belong to no tenant."
            return False
        return request.method in SAFE_METHODS or found.can_write
