"""What a search term may name. Each lookup uses an index; no document is ever searched."""

from uuid import UUID

from django.db.models import Q

from aijobs.models import Submission
from citizenapp.tenants.models import Tenant

ID_LENGTH = 36


def job_or_collection(term: str) -> UUID | None:
    """The id in a term: an id as it stands, or a custom_id, which ends with one."""
    try:
        return UUID(term.rpartition("-")[2] if len(term) > ID_LENGTH else term)
    except ValueError:
        return None


def batches(term: str) -> list[int]:
    """Keys of the batches with this nonce or this id at Anthropic."""
    found = Submission.objects.filter(Q(remote_id=term) | Q(nonce=term))
    return list(found.values_list("batch", flat=True))


def tenants(term: str) -> list[int]:
    """Keys of the tenants with this name or slug."""
    found = Tenant.objects.filter(Q(slug=term) | Q(name__iexact=term))
    return list(found.values_list("pk", flat=True))
