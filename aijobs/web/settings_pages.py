"""What pages of settings have in common: a form about the workspace, and what stands beside it."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpResponseBase
from django.shortcuts import redirect, render

from aijobs.web.guards import MemberRequest
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant


def settings_page(
    request: MemberRequest,
    form_of: "type[ModelForm[Tenant]]",
    *,
    page: str,
    template: str,
    beside: Callable[[Tenant], Mapping[str, Any]] = lambda _: {},
) -> HttpResponseBase:
    """The form; saved, and shown anew, where it was sent and is valid.

    `page` is the name of its address. `beside` says what else the template shows.
    """
    tenant = Tenant.objects.get(pk=request.access.tenant.pk)
    # A copy: an invalid form has changed its instance all the same.
    form = form_of(request.POST if request.method == "POST" else None, instance=copy(tenant))
    if form.is_bound and form.is_valid():
        with transaction.atomic():
            form.save()
            before = {name: form.initial.get(name) for name in form.changed_data}
            after = {name: form.cleaned_data.get(name) for name in form.changed_data}
            if changed := audit.differences(before, after):
                audit.of_request(
                    request, request.access, Action.SETTINGS_CHANGED, subject=page, details=changed
                )
        messages.success(request, "Saved.")
        return redirect(page)
    context = {"form": form, **beside(tenant)}
    return render(request, template, context, status=422 if form.errors else 200)
