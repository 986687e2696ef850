"""On whose behalf a request acts: one tenant, one role, one name for the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from citizenapp.database import prepared_cursor
from citizenapp.tenants.api_versions import NEWEST
from citizenapp.tenants.models import APIKey, Membership, Role, Tenant, User

SESSION_TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Access:
    """What a signed-in person or an API key may do, and in which tenant."""

    tenant: Tenant
    role: Role
    actor: str
    key: str = ""
    """What a key's text begins with, by which it is known; empty for a person."""
    version: str = NEWEST
    """Of the API, where a request names none."""
    job_types: frozenset[str] | None = None
    """Which it may queue; all where it is None."""
    user_id: int | None = None
    """Of a person."""
    memberships: tuple[Membership, ...] = field(default=(), compare=False, repr=False)
    """All of a person, of which this access is one; by the names of their tenants."""

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
    return Access(
        membership.tenant,
        Role(membership.role),
        user.get_username(),
        user_id=user.pk,
        memberships=tuple(memberships),
    )


# All of it: what was left out would be asked for when it is read, maybe in the middle of a COPY,
# where the connection answers nothing.
_TENANT = [field.attname for field in Tenant._meta.concrete_fields]
_KEY = ("prefix", "hashed_key", "role", "version", "job_types", "last_used_at")
# Asked at every call of the API: put together once, since that takes longer than asking.
FIND_KEY = f"""
SELECT {", ".join((*(f"key.{name}" for name in _KEY), *(f"tenant.{name}" for name in _TENANT)))}
FROM tenants_apikey AS key JOIN tenants_tenant AS tenant ON tenant.id = key.tenant_id
WHERE key.prefix = %(prefix)s AND NOT key.revoked
  AND (key.expiry_date IS NULL OR key.expiry_date > %(now)s)
  AND tenant.is_active AND (%(is_local)s OR NOT tenant.is_demo)
"""  # noqa: S608 - names of our own

USED_EVERY = timedelta(minutes=1)
# Nobody waits for a row that somebody else is writing: the same minute would be written again.
NOTE_USE = """
UPDATE tenants_apikey SET last_used_at = %(minute)s WHERE id = (
    SELECT id FROM tenants_apikey
    WHERE prefix = %(prefix)s AND (last_used_at IS NULL OR last_used_at < %(minute)s)
    FOR NO KEY UPDATE SKIP LOCKED
)
"""


def of_key(key: str) -> Access | None:
    """The access that an API key gives; None where it is unknown, revoked or expired.

    Notes the minute of its use, once a minute.
    """
    if not key.isprintable():
        return None  # PostgreSQL would refuse the very question.
    now = timezone.now()
    with prepared_cursor() as cursor:
        cursor.execute(
            FIND_KEY,
            {
                "prefix": key.partition(".")[0],
                "now": now,
                "is_local": settings.LOCAL,
            },
        )
        found = cursor.fetchone()
    if found is None:
        return None
    prefix, hashed_key, role, version, job_types, last_used_at, *tenant = found
    if not APIKey.objects.key_generator.verify(key, hashed_key):
        return None
    if last_used_at is None or now - last_used_at >= USED_EVERY:
        _note_use(prefix, now)
    return Access(
        Tenant.from_db(connection.alias, _TENANT, tenant),
        Role(role),
        f"key {prefix}",
        prefix,
        version,
        None if job_types is None else frozenset(job_types),
    )


def _note_use(prefix: str, now: datetime) -> None:
    with prepared_cursor() as cursor:
        cursor.execute(NOTE_USE, {"prefix": prefix, "minute": now.replace(second=0, microsecond=0)})
