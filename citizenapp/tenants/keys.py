"""API keys of a tenant: made, rolled over to new ones, revoked.

Whoever calls these shows the secret once: only its hash is stored.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from citizenapp.tenants.models import APIKey, Role, Tenant
from citizenapp.tenants.people import Refused


def make(
    tenant: Tenant,
    name: str,
    role: Role,
    *,
    job_types: Collection[str] = (),
    expires_at: datetime | None,
    made_by: str,
) -> tuple[APIKey, str]:
    """A new key and its secret. `job_types`: which it may queue; all where there are none."""
    return APIKey.objects.create_key(  # type: ignore[no-any-return]
        tenant=tenant,
        name=name,
        role=role,
        job_types=sorted(job_types) if job_types and role.can_write else None,
        expiry_date=expires_at,
        made_by=made_by,
    )


def roll_over(
    key: APIKey, overlap: timedelta, *, made_by: str, now: datetime
) -> tuple[APIKey, str]:
    """A new key with the same rights; the old one holds for `overlap`, if it does so long.

    One that expires gets a successor that lasts as long as it was made for. Raises Refused where
    the key has one already, and where it does not hold any more.
    """
    with transaction.atomic():
        old = APIKey.objects.select_for_update(no_key=True).get(pk=key.pk)
        if old.revoked or (old.expiry_date and old.expiry_date <= now):
            raise Refused("This key does not hold any more. Make a new one.")
        if APIKey.objects.filter(replaces=old).exists():
            raise Refused("This key was rolled over already.")
        new, secret = APIKey.objects.create_key(
            tenant_id=old.tenant_id,
            name=old.name,
            role=old.role,
            version=old.version,
            job_types=old.job_types,
            expiry_date=old.expiry_date and now + (old.expiry_date - old.created),
            made_by=made_by,
            replaces=old,
        )
        until = now + overlap
        old.expiry_date = min(until, old.expiry_date) if old.expiry_date else until
        old.save(update_fields=["expiry_date"])
    return new, secret


def revoke(key: APIKey) -> bool:
    """Whether it held until now."""
    return bool(APIKey.objects.filter(pk=key.pk, revoked=False).update(revoked=True))
