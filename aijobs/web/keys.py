"""API keys of a workspace: made, rolled over and revoked by its owners and admins."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.reading import people as reading
from aijobs.web.guards import MemberRequest, for_administrators, or_404
from aijobs.web.keys_forms import NewKey, RollOver
from aijobs.web.once import once
from citizenapp.tenants import audit, keys, shown_once
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import APIKey, Role
from citizenapp.tenants.people import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_administrators
@once(told="This key was made already.", anew=True)
def overview(request: MemberRequest) -> HttpResponseBase:
    """The workspace's keys; a new one is shown once, on the page that follows its making."""
    tenant, now = request.access.tenant, timezone.now()
    form = NewKey(tenant, now)
    if request.method == "POST":
        form = NewKey(tenant, now, request.POST)
        if form.is_valid():
            with transaction.atomic():
                key, secret = keys.make(
                    *(tenant, form.cleaned_data["name"], Role(form.cleaned_data["role"])),
                    job_types=form.cleaned_data["job_types"],
                    expires_at=form.expires_at,
                    made_by=request.access.actor,
                )
                _tell(request, Action.KEY_MADE, key, _rights(key))
            shown_once.put(request.session, key, secret)
            return redirect("keys")
    # A HEAD shows nothing to anybody.
    made = shown_once.take(request.session) if request.method == "GET" else None
    return render(
        request,
        "settings/keys.html",
        {
            "keys": reading.keys(tenant),
            "now": now,
            "form": form,
            "made": made[1] if made else None,
            "made_version": made[0].version if made else "",
            "replaced": made[0].replaces if made else None,
        },
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def roll_over(request: MemberRequest, key_id: str) -> HttpResponseBase:
    """A new key with the same rights, while the old one goes on to work for a time."""
    now, key = timezone.now(), _key(request, key_id)
    form = RollOver(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        status = 422 if form.errors else 200
        return render(request, "settings/roll_over.html", {"key": key, "form": form}, status=status)
    overlap = timedelta(hours=form.cleaned_data["hours"])
    try:
        with transaction.atomic():
            new, secret = keys.roll_over(key, overlap, made_by=request.access.actor, now=now)
            until = _moment(now + overlap)
            _tell(request, Action.KEY_ROLLED_OVER, key, {"to": f"key {new.prefix}", "until": until})
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        shown_once.put(request.session, new, secret)
    return redirect("keys")


@require_POST
@for_administrators
def revoke(request: MemberRequest, key_id: str) -> HttpResponseBase:
    key = _key(request, key_id)
    with transaction.atomic():
        if keys.revoke(key):
            _tell(request, Action.KEY_REVOKED, key, {})
            said = f"The key “{key.name}” is revoked. Calls with it are refused now."
            messages.success(request, said)
        else:
            messages.info(request, f"The key “{key.name}” was revoked already.")
    return redirect("keys")


def _key(request: MemberRequest, key_id: str) -> APIKey:
    with or_404():
        return reading.key_of(request.access.tenant, key_id)


def _tell(
    request: MemberRequest, action: Action, key: APIKey, details: Mapping[str, object]
) -> None:
    named = {"name": key.name, **details}
    audit.of_request(request, request.access, action, subject=f"key {key.prefix}", details=named)


def _rights(key: APIKey) -> dict[str, str]:
    return {
        "role": key.role,
        "job types": ", ".join(key.job_types or ["all"]),
        "expires": _moment(key.expiry_date) if key.expiry_date else "never",
    }


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
