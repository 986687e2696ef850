"""Whoever holds a socket or an answer open is told at once when its access may have ended.

Triggers (sql/tell_of_ends.sql) send a notice in the transaction that changed a membership, a key, a
person, a tenant or a session. It names whose access to look at again and says nothing of what has
changed: whoever hears it asks the database. A lost notice costs a minute, after which all look.
"""

import hashlib

from citizenapp.tenants.access import Access

CHANNEL = "citizenapp_access"


def of(access: Access, session_key: str | None) -> frozenset[str]:
    """What the notices call an access: one of them for each of the reasons for which it may end."""
    tenant = access.tenant.pk
    if access.key:
        return frozenset({f"tenant {tenant}", f"key {access.key}"})
    # Who knows the key of a session is signed in.
    session = hashlib.sha256((session_key or "").encode()).hexdigest()
    return frozenset(
        {
            f"tenant {tenant}",
            f"user {access.user_id}",
            f"member {tenant} {access.user_id}",
            f"session {session}",
        }
    )
