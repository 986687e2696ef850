"""Operations as they are listed and followed."""

from collections.abc import Collection
from uuid import UUID

from aijobs.models import Operation
from aijobs.reading import pages
from aijobs.reading.pages import NEWEST, Page, Position
from citizenapp.tenants.models import Tenant

MOST_ERASING = 5


def page(tenant: Tenant, at: Position = NEWEST, *, size: int) -> Page[Operation]:
    """A tenant's operations from the newest to the oldest. One query."""
    return pages.page(Operation.objects.filter(tenant=tenant), at, size)


def erasing(tenant: Tenant) -> list[Operation]:
    """What is being erased at the moment, the latest first. One query."""
    running = Operation.objects.filter(
        tenant=tenant, kind=Operation.Kind.ERASE, status=Operation.Status.RUNNING
    )
    return list(running.order_by("-pk")[:MOST_ERASING])


def operation_of(tenant: Tenant, operation_id: UUID) -> Operation:
    """Raises Operation.DoesNotExist for one of somebody else, as for one that never was."""
    return Operation.objects.get(tenant=tenant, pk=operation_id)


def states(ids: Collection[UUID]) -> dict[UUID, object]:
    """By id, what is another whenever an operation has come further; of any tenant. One query.

    For whoever waits for operations that their own tenants were shown.
    """
    return {one.pk: state_of(one) for one in Operation.objects.filter(pk__in=ids)}


def state_of(operation: Operation) -> object:
    """What `states` reads of this operation."""
    return operation.status, operation.done
