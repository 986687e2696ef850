"""The people of a tenant and its API keys."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aijobs.web.guards import MemberRequest, for_administrators, for_members
from aijobs.web.settings_forms import NewKey
from citizenapp.tenants import shown_once
from citizenapp.tenants.models import APIKey, Membership


@require_safe
@for_members
def members(request: MemberRequest) -> HttpResponseBase:
    found = Membership.objects.filter(tenant=request.access.tenant).select_related("user")
    return render(request, "settings/members.html", {"members": found.order_by("created_at")})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_administrators
def keys(request: MemberRequest) -> HttpResponseBase:
    """The tenant's keys; a new one is shown once, on the page that follows its making."""
    tenant = request.access.tenant
    form = NewKey(initial={"role": "member"})
    if request.method == "POST":
        form = NewKey(request.POST)
        if form.is_valid():
            key, secret = APIKey.objects.create_key(tenant=tenant, **form.cleaned_data)
            shown_once.put(request.session, key, secret)
            return redirect("keys")
    # A HEAD shows nothing to anybody.
    made = shown_once.take(request.session) if request.method == "GET" else None
    found = APIKey.objects.filter(tenant=tenant, revoked=False).order_by("-created")
    return render(
        request,
        "settings/keys.html",
        {
            "keys": found,
            "form": form,
            "made": made[1] if made else None,
            "made_version": made[0].version if made else "",
        },
        status=422 if form.errors else 200,
    )


@require_POST
@for_administrators
def revoke(request: MemberRequest, key_id: str) -> HttpResponseBase:
    key = get_object_or_404(APIKey, tenant=request.access.tenant, pk=key_id, revoked=False)
    key.revoked = True
    key.save(update_fields=["revoked"])
    messages.success(request, f"The key “{key.name}” is revoked. Calls with it are refused now.")
    return redirect("keys")
