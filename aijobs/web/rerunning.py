"""What running a collection again would cost, and how it is queued, from its stored documents."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages

from aijobs import jobtypes
from aijobs.budgets.room import OverLimit
from aijobs.jobtypes import InvalidInput
from aijobs.models import Collection
from aijobs.pipeline import accept
from aijobs.pipeline.accept import Accepted, RejectedCollection
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.reading import collections, sources
from aijobs.web.again_form import RunAgain
from aijobs.web.guards import MemberRequest
from aijobs.web.previews import Reasons
from aijobs.web.queueing import counted, drop_changed
from aijobs.web.sent import trial_of
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant


def bill_of(
    tenant: Tenant,
    collection: Collection,
    form: RunAgain,
    reasons: Reasons,
    trial: int,
    now: datetime,
) -> Bill | None:
    """What it would cost; None, and form and reasons say why, where a row would be refused."""
    terms = Terms(tenant, form.kind, now, wanted=form.asked_model)
    with sources.of(tenant, collection) as source:

        def good() -> Iterator[accept.Asked]:
            for one in accept.examine(
                terms,
                source.rows(form.raw(), keeps_own=form.keeps_own),
                defaults=source.defaults,
                needed_within=form.needed_within,
                refused=reasons.add,
            ):
                yield one.asked

        try:
            bill = accept.bill_of(
                *(terms, good()), fresh=form.is_fresh, trial=trial, is_collection=True
            )
        except InvalidInput as refusal:
            form.refuse(refusal)
            return None
    if reasons.count:
        form.add_error(None, f"{counted(reasons.count, 'row')} cannot be run like this.")
        return None
    if not bill.jobs:
        form.add_error(None, "No row is left of this collection.")
        return None
    return bill


def queue(request: MemberRequest, fields: Mapping[str, Any], now: datetime) -> Accepted | list[str]:
    """Queue what was quoted; or say why not."""
    tenant = request.access.tenant
    try:
        collection = collections.collection_of(tenant, UUID(str(fields.get("again"))))
    except (Collection.DoesNotExist, ValueError):
        return ["Its documents are gone: the collection was erased."]
    common = sources.common_options(tenant, collection)
    form = RunAgain(jobtypes.get(collection.job_type), common, fields)
    trial = trial_of(fields)
    if not form.is_valid():
        return form.problems
    try:
        with sources.of(tenant, collection) as source:
            accepted = accept.accept_collection(
                *(tenant, collection.name, collection.job_type),
                source.rows(form.raw(), keeps_own=form.keeps_own),
                now=now,
                created_by=request.access.actor,
                defaults=source.defaults,
                needed_within=form.needed_within,
                lenient=True,
                trial=trial,
                fresh=form.is_fresh,
                model=form.asked_model,
            )
    except InvalidInput as refusal:
        return [message for told in refusal.errors.values() for message in told]
    except (RejectedCollection, OverLimit) as refusal:
        return [str(refusal)]
    if tried := min(trial, accepted.accepted):
        messages.success(
            request, f"{counted(tried, 'document')} run now. The others wait for your word."
        )
    else:
        messages.success(request, f"Queued {counted(accepted.accepted, 'document')} again.")
    if accepted.repeated:
        messages.success(
            request, f"{reader.count(accepted.repeated)} ask what was asked before: no charge."
        )
    drop_changed(request, str(fields.get("changes", "")), now)
    return accepted
