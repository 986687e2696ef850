"""Run a collection again with other settings: its documents are not sent a second time."""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aijobs import jobtypes
from aijobs.models import Collection, Quote, new_id
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
from aijobs.reading import sources
from aijobs.templatetags.workspace import FIELD as WORKSPACE
from aijobs.web import parameters, quotes, rerunning, wishes
from aijobs.web.again_form import RunAgain
from aijobs.web.collection_acts import collection_of
from aijobs.web.guards import MemberRequest, for_writers
from aijobs.web.once import not_done, once
from aijobs.web.parameters import asks
from aijobs.web.previews import Reasons
from aijobs.web.redirects import onward
from aijobs.web.sent import trial_of

_NOT_KEPT = {"csrfmiddlewaretoken", "once", "price", WORKSPACE}


@require_http_methods(["GET", "HEAD", "POST"])
@for_writers
@once(anew=True)
@asks(parameters.Chosen)
def run_again(
    request: MemberRequest, asked: parameters.Chosen, collection_id: UUID
) -> HttpResponseBase:
    """The form: what it costs is said before anything is queued. A few may be tried first."""
    collection, now = collection_of(request, collection_id), timezone.now()
    kind = next((one for one in jobtypes.offered() if one.name == collection.job_type), None)
    if kind is None:
        raise Http404
    tenant = request.access.tenant
    common = sources.common_options(tenant, collection)
    if request.method != "POST":
        before = stored.form_of(tenant, asked.quote, now) if asked.quote else None
        filled = before.fields if before and before.target == stored.AGAIN_FORM else None
        form = RunAgain(kind, common, filled or None)
        form.kept = before if filled else None
        return _page(request, collection, form, now)
    form = RunAgain(kind, common, request.POST)
    reasons = Reasons({})
    if form.is_valid():
        trial = trial_of(request.POST)
        bill = rerunning.bill_of(tenant, collection, form, reasons, trial, now)
        if bill is not None:
            quote = _keep(request, collection, bill, now)
            if trial:
                return quotes.confirm(request, quote, now)
            # Nothing is queued: from the same form it still can be.
            return not_done(onward(request, "quote", quote.pk))
    return _page(request, collection, form, now, reasons, status=422)


def _page(
    request: MemberRequest,
    collection: Collection,
    form: RunAgain,
    now: datetime,
    reasons: Reasons | None = None,
    *,
    status: int = 200,
) -> HttpResponseBase:
    tenant = request.access.tenant
    context = {
        "collection": collection,
        "form": form,
        "wishes": wishes.offered(form, tenant, now),
        "groups": reasons.groups if reasons else [],
    }
    return render(request, "collections/again.html", context, status=status)


def _keep(request: MemberRequest, collection: Collection, bill: Bill, now: datetime) -> Quote:
    fields = {name: value for name, value in request.POST.items() if name not in _NOT_KEPT}
    fields |= {"name": collection.name, "again": str(collection.pk)}
    return stored.keep(
        request.access.tenant,
        stored.Request(stored.AGAIN_FORM, fields, [], is_form=True),
        bill,
        id_=new_id(now),
        created_by=request.access.actor,
        now=now,
    )
