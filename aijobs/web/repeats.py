"""For how many days a result answers the same question: set by owners and admins."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_forms import Repeats
from citizenapp.tenants.models import Tenant


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def repeats(request: MemberRequest) -> HttpResponseBase:
    """The form, and what comes of it."""
    tenant = Tenant.objects.get(pk=request.access.tenant.pk)
    form = Repeats(request.POST if request.method == "POST" else None, instance=tenant)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("repeats")
    status = 422 if form.errors else 200
    return render(request, "settings/repeats.html", {"form": form}, status=status)
