"""The query parameters of the list of jobs: which jobs, and how they are shown."""

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from aijobs.jobtypes import InvalidInput
from aijobs.reading.filters import JobFilter
from aijobs.reading.parameters import JobTypeName, Status, TagName, Words, storable
from aijobs.web.parameters import Day, PageParameters, Paging, in_order
from citizenapp.tenants.models import Tenant


def _usd(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{1,9}(\.\d{1,10})?", value, re.ASCII):
            raise PydanticCustomError("usd", "Must be an amount in dollars, such as 0.25.")
        return Decimal(value)
    return value


def _not_below(most: Decimal | None, info: ValidationInfo) -> Decimal | None:
    least = info.data.get("cost_from")
    if least is not None and most is not None and least > most:
        raise PydanticCustomError("order", "Must not be below the lowest cost.")
    return most


Usd = Annotated[Decimal, BeforeValidator(_usd), WithJsonSchema({"type": "string", "format": "usd"})]
# All that a list may be narrowed by, with each letter as it is written in an address.
LONGEST_QUERY = 4_900
# Above them no day of a list lies; below, its midnight is a moment in every time zone.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(9000, 1, 1)


class Jobs(Paging):
    """Which jobs of a tenant to list, and how: `collections` as a row each, or apart."""

    status: Literal[Status, "in_progress"] | None = None
    job_type: JobTypeName | None = None
    collection: UUID | None = None
    by: Annotated[str, Field(max_length=150), AfterValidator(storable)] | None = None
    tag: TagName | None = None
    since: Annotated[Day, Field(ge=_FIRST_DAY, le=_LAST_DAY)] | None = Field(None, alias="from")
    until: Annotated[Day, Field(ge=_FIRST_DAY, le=_LAST_DAY), AfterValidator(in_order)] | None = (
        Field(None, alias="to")
    )
    cost_from: Usd | None = None
    cost_to: Annotated[Usd | None, AfterValidator(_not_below)] = None
    q: Words | None = None
    collections: Literal["apart", "rows"] | None = None
    view: Literal["cost"] | None = None

    def only(self, tenant: Tenant) -> JobFilter:
        """The same for whoever reads jobs. Days are those of the tenant."""
        zone = ZoneInfo(tenant.time_zone)
        day = timedelta(days=1)
        return JobFilter(
            status=self.status,
            job_type=self.job_type,
            collection_id=self.collection,
            created_by=self.by,
            tag=self.tag,
            created_after=datetime.combine(self.since, time(), zone) if self.since else None,
            created_before=(
                datetime.combine(self.until + day, time(), zone) if self.until else None
            ),
            cost_from=self.cost_from,
            cost_to=self.cost_to,
            text=self.q,
        )

    @property
    def is_apart(self) -> bool:
        return self.collections == "apart"

    def query(self, *without: str) -> str:
        """What follows the “?” in an address that asks the same, but for these parameters."""
        given = self.model_dump(by_alias=True, exclude_none=True)
        return urlencode({name: value for name, value in given.items() if name not in without})


class FromList(PageParameters):
    """The list that one comes from: what follows the “?” in its address."""

    of_list: Annotated[str, Field(max_length=LONGEST_QUERY), AfterValidator(storable)] | None = (
        Field(None, alias="list")
    )

    @property
    def query(self) -> str:
        """The same, as the list itself would say it; empty where that is nonsense."""
        with suppress(InvalidInput):
            return Jobs.read(QueryDict(self.of_list or "")).query()
        return ""
