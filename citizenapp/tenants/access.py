"""On whose behalf a request acts: one tenant, one role, one name for the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser

from citizenapp.tenants.models import APIKey, Membership, Role, Tenant, User

SESSION_TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Access:
    """What a signed-in person or an API key may do, and in which tenant."""

    tenant: Tenant
    role: Role
    actor: str

    @property
    def can_write(self) -> bool:
        return self.role.can_write

    @property
    def can_administer(self) -> bool:
        return self.role.can_administer


def of_user(user: User | AnonymousUser, session: Mapping[str, Any]) -> Access | None:
    """The access of a signed-in person, in the tenant chosen in the session or the first one."""
    if not isinstance(user, User) or not user.is_active:
        return None
    memberships = list(
        Membership.objects.filter(user=user, tenant__in=Tenant.objects.served())
        .select_related("tenant")
        .order_by("tenant__name", "pk")
    )
    if not memberships:
        return None
    chosen = session.get(SESSION_TENANT)
    membership = next((one for one in memberships if one.tenant_id == chosen), memberships[0])
    return Access(membership.tenant, Role(membership.role), user.get_username())


def of_key(key: str) -> Access | None:
    """The access that an API key gives; None where it is unknown, revoked or expired."""
    if not key.isprintable():
        return None  # PostgreSQL would refuse the very question.
    try:
        found = APIKey.objects.get_from_key(key)
    except APIKey.DoesNotExist:
        return None
    if found.has_expired:
        return None
    return Access(found.tenant, Role(found.role), f"key {found.prefix}")
