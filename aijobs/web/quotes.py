"""The price of what was filled in, on a page of its own: queue it, change it, or drop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from aijobs import uploads
from aijobs.models import Quote
from aijobs.quotes import stored
from aijobs.quotes.bill import Cost
from aijobs.web import paying, queueing, rerunning, sent, wishes
from aijobs.web.guards import MemberRequest, for_members, for_writers
from aijobs.web.offers import Offer, ranges
from aijobs.web.once import TOLD, not_done, once
from aijobs.web.redirects import onward
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action

FORM_PAGES = {
    stored.JOB_FORM: "new-job",
    stored.COLLECTION_FORM: "new-collection",
    stored.AGAIN_FORM: "collections",
}
# How many documents a trial takes, of which somebody can then read every answer.
TRIED = 5
GONE = "The quote has expired, and its documents are gone. Fill in the form once more."


@require_safe
@for_members
def detail(request: MemberRequest, quote_id: UUID) -> HttpResponseBase:
    """A quote: its price, until when it holds, and what became of it."""
    now = timezone.now()
    quote = _quote(request, quote_id)
    tenant, fields = request.access.tenant, quote.fields or {}
    told = quote.answer
    roads = [told[road] for road in ("batch", "at_once") if told[road]]
    by_road = ranges(*map(_cost, roads))
    (asked,) = ranges(Cost(quote.low_usd, quote.likely_usd, quote.high_usd))
    saved = Decimal(told.get("cache_saving_usd", 0))
    form_page = FORM_PAGES.get(quote.target)
    is_open = quote.queued is None and quote.expires_at > now
    files = [one.name for one in sent.files_of(quote)]
    return render(
        request,
        "quotes/detail.html",
        {
            "quote": quote,
            "asked": asked if roads else "",
            "likely": quote.likely_usd if quote.high_usd else None,
            "by_road": by_road,
            "wish": wishes.described(fields.get("urgency", ""), fields.get("within", "")),
            "seconds": told.get(
                "at_once_seconds" if fields.get("urgency") == wishes.NOW else "batch_seconds"
            ),
            "offer": Offer("", "", quote.jobs, told.get("repeated", 0)),
            "saved": saved,
            "told": told,
            "files": files,
            "name": fields.get("name", ""),
            "trial": fields.get("trial"),
            "can_try": is_open
            and form_page is not None
            and tenant.full_price
            and quote.jobs > TRIED
            and quote.target in stored.FORMS,
            "tried": TRIED,
            "form_page": form_page,
            "form_address": form_address(quote),
            "is_open": is_open,
            "paying": paying.of(tenant, now, quote.high_usd) if is_open else None,
        },
    )


@require_POST
@for_writers
@once()
def queue(request: MemberRequest, quote_id: UUID) -> HttpResponseBase:
    """Queue what was quoted, or try some of it; nothing is sent again."""
    trial = str(TRIED) if "trial" in request.POST else ""
    return confirm(request, _quote(request, quote_id), timezone.now(), trial)


@require_POST
@for_writers
def drop(request: MemberRequest, quote_id: UUID) -> HttpResponseBase:
    """Delete what was sent with a quote; nothing was queued of it."""
    quote = _quote(request, quote_id)
    if stored.drop(request.access.tenant, quote_id):
        uploads.drop_of_quote(request.access.tenant, quote_id)
    else:
        messages.error(request, "It is queued already.")
        return redirect("quote", quote_id)
    messages.success(request, "Dropped. Nothing was queued, and its documents are deleted.")
    return redirect(FORM_PAGES.get(quote.target, "dashboard"))


@contextmanager
def changing(
    request: MemberRequest, quote_id: UUID | None, target: str, now: datetime
) -> Iterator[sent.Sent | None]:
    """What a quote of this form was asked for; None without one, or once it is gone."""
    quote = stored.form_of(request.access.tenant, quote_id, now) if quote_id else None
    if quote is None or quote.target != target:
        if quote_id:
            messages.warning(request, GONE)
        yield None
        return
    with sent.sent_before(quote) as given:
        yield given


def confirm(request: MemberRequest, quote: Quote, now: datetime, trial: str = "") -> HttpResponse:
    """Queue what a quote was asked for; to what was queued where it was confirmed before."""
    if quote.target not in stored.FORMS:
        messages.error(request, "A program asked for this quote. It is the one to confirm it.")
        return not_done(redirect("quote", quote.pk))
    try:
        with stored.confirming(request.access.tenant, quote.pk, now=now) as confirmation:
            if before := confirmation.quote.queued:
                messages.info(request, TOLD)
            queued = before or _queue(request, confirmation, now, trial)
    except stored.ExpiredQuote:
        messages.error(request, GONE)
        return not_done(onward(request, FORM_PAGES[quote.target]))
    if not queued:
        return not_done(onward(request, "quote", quote.pk))
    return onward(request, *queued["page"])


def _queue(
    request: MemberRequest, confirmation: stored.Confirmation, now: datetime, trial: str
) -> dict[str, Any] | None:
    """The page to go to; None, and a message says why, where something has changed since."""
    if confirmation.quote.target == stored.AGAIN_FORM:
        return _run_again(request, confirmation, now, trial)
    with sent.sent_before(confirmation.quote, trial) as given:
        is_job = confirmation.quote.target == stored.JOB_FORM
        form: Any = given.job() if is_job else given.collection()
        queue_it: Any = queueing.queue_jobs if is_job else queueing.queue_collection
        if form.is_valid() and (queued := queue_it(request, form, given, now)):
            told = {"page": [*map(str, queued.page)]}
            confirmation.done(
                told,
                job_id=queued.job_id,
                collection_id=queued.collection_id,
                is_trial=bool(given.trial),
            )
            return told
        forms = (form, form.chosen) if "job_type" in form.cleaned_data else (form,)
        for errors in (one for each in forms for one in each.errors.values()):
            messages.error(request, " ".join(errors))
    return None


def _run_again(
    request: MemberRequest, confirmation: stored.Confirmation, now: datetime, trial: str
) -> dict[str, Any] | None:
    """The same of a collection that is run again."""
    fields = dict(confirmation.quote.fields or {}) | ({"trial": trial} if trial else {})
    accepted = rerunning.queue(request, fields, now)
    if isinstance(accepted, list):
        for problem in accepted:
            messages.error(request, problem)
        return None
    key = accepted.collection.pk
    queued = {"page": ["collection", str(key)]}
    audit.of_request(
        *(request, request.access, Action.RUN_AGAIN),
        subject=f"collection {key}",
        details={"of": f"collection {fields['again']}", "jobs": accepted.accepted},
    )
    is_trial = bool(sent.trial_of(fields))
    confirmation.done(queued, job_id=None, collection_id=key, is_trial=is_trial)
    return queued


def form_address(quote: Quote) -> str:
    """Where what was quoted can be changed; empty where a program asked."""
    if quote.target == stored.AGAIN_FORM and (again := (quote.fields or {}).get("again")):
        return reverse("run-again", args=[again])
    return reverse(FORM_PAGES[quote.target]) if quote.target in FORM_PAGES else ""


def _quote(request: MemberRequest, quote_id: UUID) -> Quote:
    try:
        return stored.quote_of(request.access.tenant, quote_id)
    except stored.UnknownQuote:
        raise Http404 from None


def _cost(told: dict[str, str]) -> Cost:
    return Cost(*(Decimal(told[f"{name}_usd"]) for name in Cost._fields))
