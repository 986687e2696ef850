"""Webhooks of a workspace: set up, tried, followed and switched off by its owners and admins."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs.jobtypes import InvalidInput
from aijobs.models import EventType, Webhook, WebhookDelivery
from aijobs.web.guards import MemberRequest, for_administrators, or_404
from aijobs.web.once import once
from aijobs.webhooks import endpoints
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action

# A new secret on its way to the page that shows it: see tenants/shown_once.py.
SLOT = "new_webhook_secret"
SHOWN_DELIVERIES = 25
OFF = "The webhook is switched off. Switch it on first."

# What was wrong, for people. What the endpoint answered stands beside it.
ERRORS = {
    "http_error": "Not taken",
    "redirect": "It redirects, which is not followed",
    "timeout": "No answer in time",
    "connection": "Nobody listens there",
    "unknown_host": "The name leads nowhere",
    "address_refused": "The name leads to a private address",
    "tls": "No TLS, or no valid certificate",
    "broken_answer": "The connection broke",
    "proxy": "The proxy refuses it",
}


class WebhookForm(forms.Form):
    """The rules are those of the API (webhooks/endpoints.py)."""

    url = forms.CharField(
        label="Address",
        strip=True,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "https://example.com/hooks/citizenapp"}
        ),
    )
    description = forms.CharField(
        required=False, label="Description", help_text="For yourself: what listens there."
    )
    events = forms.MultipleChoiceField(
        label="Tell it when",
        choices=EventType.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    includes_result = forms.BooleanField(
        required=False,
        label="Send the results of completed jobs as well",
        help_text="Otherwise only ids, statuses, references and links are sent.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            endpoints.read(cleaned, is_new=False)
        except InvalidInput as error:
            for name, problems in error.errors.items():
                self.add_error(name, problems)
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
@once(told="This webhook is set up already.", anew=True)
def overview(request: MemberRequest) -> HttpResponseBase:
    """All endpoints, and the form for another one."""
    tenant, now = request.access.tenant, timezone.now()
    form = WebhookForm(initial={"events": ["job.failed", "collection.completed"]})
    if request.method == "POST":
        form = WebhookForm(request.POST)
        if form.is_valid():
            try:
                with transaction.atomic():
                    webhook = endpoints.create(
                        *(tenant, form.cleaned_data),
                        root=request.build_absolute_uri("/"),
                        created_by=request.access.actor,
                        now=now,
                    )
                    _tell(request, Action.WEBHOOK_MADE, webhook, form.cleaned_data)
            except endpoints.TooMany:
                form.add_error(None, f"There are {Webhook.MOST_OF_A_TENANT} already.")
            else:
                request.session[SLOT] = (str(webhook.pk), webhook.secret)
                return redirect("webhook", webhook.pk)
    found = Webhook.objects.of(tenant).order_by("-pk")
    context = {"webhooks": found, "form": form}
    return render(request, "settings/webhooks.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@for_administrators
def detail(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    """One endpoint with its log; a new secret is shown once, on the page after its making."""
    webhook = _webhook(request, webhook_id)
    return _page(request, webhook, _form_of(webhook), made=_take_secret(request, webhook))


@require_POST
@for_administrators
def change(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    webhook = _webhook(request, webhook_id)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, webhook, form)
    changed = endpoints.changes(webhook, form.cleaned_data)
    with transaction.atomic():
        endpoints.change(webhook, form.cleaned_data, timezone.now())
        if changed:
            _tell(request, Action.WEBHOOK_CHANGED, webhook, changed)
    messages.success(request, "Saved.")
    return redirect("webhook", webhook_id)


@require_POST
@for_administrators
def switch(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    """On where it was off, off where it was on."""
    webhook = _webhook(request, webhook_id)
    state = "off" if webhook.state == Webhook.State.ON else "on"
    with transaction.atomic():
        endpoints.change(webhook, {"state": state}, timezone.now())
        _tell(request, Action.WEBHOOK_CHANGED, webhook, {"state": state})
    messages.success(request, f"The webhook is switched {state}.")
    return redirect("webhook", webhook_id)


@require_POST
@for_administrators
def rotate(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    webhook = _webhook(request, webhook_id)
    with transaction.atomic():
        endpoints.rotate(webhook, timezone.now())
        _tell(request, Action.WEBHOOK_ROTATED, webhook, {})
    request.session[SLOT] = (str(webhook.pk), webhook.secret)
    return redirect("webhook", webhook_id)


@require_POST
@for_administrators
def test(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    webhook = _webhook(request, webhook_id)
    try:
        endpoints.test(webhook, timezone.now())
        messages.success(request, "A test is on its way. Load this page again in a moment.")
    except endpoints.IsOff:
        messages.error(request, OFF)
    return redirect("webhook", webhook_id)


@require_POST
@for_administrators
def delete(request: MemberRequest, webhook_id: UUID) -> HttpResponseBase:
    webhook = _webhook(request, webhook_id)
    with transaction.atomic():
        _tell(request, Action.WEBHOOK_DELETED, webhook, {})
        endpoints.delete(webhook)
    messages.success(request, "The webhook is deleted.")
    return redirect("webhooks")


@require_POST
@for_administrators
def replay(request: MemberRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponseBase:
    webhook = _webhook(request, webhook_id)
    with or_404():
        rows = WebhookDelivery.objects.select_related("event", "webhook")
        delivery = rows.get(webhook=webhook, public_id=delivery_id)
    try:
        endpoints.replay(delivery, timezone.now())
        messages.success(request, "It is sent again.")
    except endpoints.IsOff:
        messages.error(request, OFF)
    return redirect("webhook", webhook_id)


def _webhook(request: MemberRequest, webhook_id: UUID) -> Webhook:
    with or_404():
        return Webhook.objects.of(request.access.tenant).get(pk=webhook_id)


def _tell(
    request: MemberRequest, action: Action, webhook: Webhook, fields: Mapping[str, Any]
) -> None:
    details = endpoints.in_audit(fields)
    audit.of_request(request, request.access, action, subject=webhook.pk, details=details)


def _form_of(webhook: Webhook) -> WebhookForm:
    return WebhookForm(initial={name: getattr(webhook, name) for name in endpoints.FIELDS})


def _take_secret(request: MemberRequest, webhook: Webhook) -> str | None:
    """A HEAD shows nothing to anybody."""
    if request.method != "GET":
        return None
    of, secret = request.session.pop(SLOT, (None, None))
    return secret if of == str(webhook.pk) else None


def _page(
    request: MemberRequest, webhook: Webhook, form: WebhookForm, made: str | None = None
) -> HttpResponseBase:
    context = {
        "webhook": webhook,
        "form": form,
        "made": made,
        "deliveries": [
            (one, ERRORS.get(one.error, one.error))
            for one in endpoints.deliveries_of(webhook, SHOWN_DELIVERIES)
        ],
        "last_error": ERRORS.get(webhook.last_error, webhook.last_error),
    }
    return render(request, "settings/webhook.html", context, status=422 if form.errors else 200)
