"""What the list of jobs may be narrowed to: people, tags, collections, and views that were kept."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from citizenapp.tenants.models import Tenant, User

RECENT_COLLECTIONS = 50
MOST_SENDERS, MOST_TAGS, MOST_VIEWS = 200, 500, 50

_CHOICES = """
(SELECT 'sender', person.username, person.username, '', FALSE
 FROM tenants_membership AS member JOIN tenants_user AS person ON person.id = member.user_id
 WHERE member.tenant_id = %(tenant)s ORDER BY person.username LIMIT %(senders)s)
UNION ALL
(SELECT 'sender', 'key ' || prefix, 'API key ' || name, '', FALSE
 FROM tenants_apikey WHERE tenant_id = %(tenant)s ORDER BY created DESC LIMIT %(senders)s)
UNION ALL
(SELECT 'tag', name, name, '', FALSE
 FROM aijobs_tag WHERE tenant_id = %(tenant)s ORDER BY lower(name) LIMIT %(tags)s)
UNION ALL
(SELECT 'view', id::text, name, query, user_id = %(user)s
 FROM aijobs_savedview WHERE tenant_id = %(tenant)s AND (user_id = %(user)s OR is_shared)
 ORDER BY user_id <> %(user)s, lower(name), id LIMIT %(views)s)
UNION ALL
(SELECT 'collection', id::text, name, '', id = %(chosen)s
 FROM aijobs_collection
 WHERE tenant_id = %(tenant)s AND erasing_since IS NULL ORDER BY id DESC LIMIT %(collections)s)
UNION ALL
(SELECT 'chosen', id::text, name, '', TRUE
 FROM aijobs_collection
 WHERE tenant_id = %(tenant)s AND erasing_since IS NULL AND id = %(chosen)s)
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands in the address, and what people call it."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class View:
    """A filter under a name. `query` follows the “?” in its address."""

    id: int
    title: str
    query: str
    is_mine: bool


@dataclass(slots=True)
class Choices:
    """`collections` are the newest ones, and the one that was asked for."""

    senders: list[Choice] = field(default_factory=list)
    tags: list[Choice] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    collections: list[Choice] = field(default_factory=list)
    chosen: Choice | None = None


def choices(tenant: Tenant, user: User, collection: UUID | None = None) -> Choices:
    """All of them. One query."""
    found = Choices()
    with connection.cursor() as cursor:
        cursor.execute(
            _CHOICES,
            {
                "tenant": tenant.pk,
                "user": user.pk,
                "chosen": collection,
                "senders": MOST_SENDERS,
                "tags": MOST_TAGS,
                "views": MOST_VIEWS,
                "collections": RECENT_COLLECTIONS,
            },
        )
        for kind, value, title, query, flag in cursor.fetchall():
            match kind:
                case "sender":
                    found.senders.append(Choice(value, title))
                case "tag":
                    found.tags.append(Choice(value, title))
                case "view":
                    found.views.append(View(int(value), title, query, flag))
                case "collection":
                    found.collections.append(Choice(value, title))
                case _:
                    found.chosen = Choice(value, title)
    if found.chosen and found.chosen not in found.collections:
        found.collections.append(found.chosen)
    return found
