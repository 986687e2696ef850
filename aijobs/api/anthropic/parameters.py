"""What the list of batches may be asked for."""

from typing import Any

from pydantic import BaseModel, Field

from aijobs.api.anthropic import shapes
from aijobs.models import Collection
from aijobs.reading import message_batches
from aijobs.reading.pages import Position
from aijobs.wire.errors import invalid
from citizenapp.tenants.models import Tenant

MOST = 1_000


class Listing(BaseModel):
    """`after_id` leads to older batches, `before_id` to newer ones: of both, only one."""

    limit: int = Field(20, ge=1, le=MOST)
    after_id: str = ""
    before_id: str = ""

    @classmethod
    def read(cls, query: Any) -> "Listing":
        """Raises ApiError, which names the parameter."""
        limit = query.get("limit") or "20"
        number = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 5 else 0
        if not 1 <= number <= MOST:
            raise invalid(f"limit: Input should be an integer from 1 to {MOST}")
        after, before = query.get("after_id", ""), query.get("before_id", "")
        if after and before:
            raise invalid("after_id and before_id cannot both be given")
        return cls(limit=number, after_id=after, before_id=before)

    def position(self, tenant: Tenant) -> Position:
        """Raises ApiError where the tenant has no such batch."""
        name = "after_id" if self.after_id else "before_id"
        given = self.after_id or self.before_id
        if not given:
            return Position()
        found = shapes.collection_id_of(given)
        batches = Collection.objects.of(tenant).filter(job_type=message_batches.JOB_TYPE)
        if found is None or not batches.filter(pk=found).exists():
            raise invalid(f"{name}: no such message batch")
        return Position(before=found) if self.after_id else Position(after=found)
