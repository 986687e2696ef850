"""Who works in a tenant, who was invited to it, and its API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from citizenapp.tenants.models import APIKey, Invitation, Membership, Tenant

PAGE_SIZE = 100
MOST_KEYS = 500


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members in the order in which they came; `after`: where the next page begins."""

    rows: Sequence[Membership]
    after: int | None


def members(tenant: Tenant, after: int | None = None, *, size: int = PAGE_SIZE) -> MembersPage:
    """Those that came after the one with this id."""
    rows = Membership.objects.filter(tenant=tenant, pk__gt=after or 0).select_related("user")
    found = list(rows.order_by("pk")[: size + 1])
    shown = found[:size]
    return MembersPage(shown, shown[-1].pk if len(found) > size else None)


def member_of(tenant: Tenant, member_id: int) -> Membership:
    """Raises Membership.DoesNotExist, also for one of another tenant."""
    rows = Membership.objects.filter(tenant=tenant).select_related("user")
    return rows.get(pk=member_id)


def invitations(tenant: Tenant) -> Sequence[Invitation]:
    """Those that are neither accepted nor withdrawn, newest first. There are few."""
    return list(Invitation.objects.unanswered().filter(tenant=tenant).order_by("-pk"))


def invitation_of(tenant: Tenant, invitation_id: UUID) -> Invitation:
    """Raises Invitation.DoesNotExist, also for one of another tenant."""
    return Invitation.objects.select_related("tenant").get(tenant=tenant, pk=invitation_id)


def keys(tenant: Tenant) -> Sequence[APIKey]:
    """Those that are not revoked, newest first; each with the key that follows it."""
    rows = APIKey.objects.filter(tenant=tenant, revoked=False).select_related("successor")
    return list(rows.order_by("-created")[:MOST_KEYS])


def key_of(tenant: Tenant, key_id: str) -> APIKey:
    """Raises APIKey.DoesNotExist, also for one of another tenant."""
    found: APIKey = APIKey.objects.get(tenant=tenant, pk=key_id)
    return found


def authors(tenant: Tenant, *, most: int = 200) -> list[tuple[str, str]]:
    """Members and keys: by what the audit calls them, and what people do."""
    people = Membership.objects.filter(tenant=tenant).order_by("pk")
    names = people.values_list("user__username", flat=True)[:most]
    known = APIKey.objects.filter(tenant=tenant).order_by("-created")
    prefixes = known.values_list("prefix", "name")[:most]
    return [
        *((name, name) for name in names),
        *((f"key {prefix}", f"{name} (key {prefix})") for prefix, name in prefixes),
    ]
