"""What is called so: jobs by the beginning of their reference, collections by a part of their name.

For a menu that asks at each letter. References are walked by their index from the first that may
begin so, a few at a time, whatever there is behind them.
"""

from dataclasses import dataclass
from uuid import UUID

from aijobs.models import Collection, JobInput
from citizenapp.tenants.models import Tenant

MOST = 10
_MOST_COLLECTIONS = 5
# Where the database sorts by language, a few others may stand between those that begin so.
_LOOKED_AT = 40
# No tenant has more that anybody remembers by name.
_COLLECTIONS_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """A collection or a job, and what people call it."""

    key: UUID
    name: str
    is_collection: bool
    job_type: str


def find(tenant: Tenant, text: str) -> list[Found]:
    """At most MOST, collections first, each kind newest first. Four queries at most."""
    text = text.strip()
    if not text:
        return []
    found = _collections(tenant, text)
    return [*found, *_jobs(tenant, text, MOST - len(found))]


def _collections(tenant: Tenant, text: str) -> list[Found]:
    recent = Collection.objects.filter(tenant=tenant, erasing_since=None).order_by("-pk")
    keys = recent.values("pk")[:_COLLECTIONS_LOOKED_AT]
    named = Collection.objects.filter(pk__in=keys, name__icontains=text).order_by("-pk")
    rows = named.values_list("pk", "name", "job_type")[:_MOST_COLLECTIONS]
    return [Found(key, name, True, kind) for key, name, kind in rows]


def _jobs(tenant: Tenant, text: str, most: int) -> list[Found]:
    """Newest first among the first references that begin so: as typed, and in capitals."""
    found: dict[UUID, Found] = {}
    for beginning in dict.fromkeys((text, text.upper())):
        inputs = (
            JobInput.objects.filter(
                tenant=tenant, reference__gte=beginning, job__erasing_since=None
            )
            .exclude(reference="")  # As the index has it.
            .order_by("reference", "-job")
        )
        for key, name, kind in inputs.values_list("pk", "reference", "job_type")[:_LOOKED_AT]:
            if name.casefold().startswith(text.casefold()):
                found[key] = Found(key, name, False, kind)
    return list(found.values())[:most]
