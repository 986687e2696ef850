"""Settings of what forms begin with: by job type, and sets of categories by name."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from aijobs import jobtypes
from aijobs.models import CategorySet, JobDefaults, new_id
from aijobs.reading.defaults import category_sets
from aijobs.web.default_forms import TAKEN, CategoriesForm, DefaultsForm
from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.once import once
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def defaults(request: MemberRequest) -> HttpResponseBase:
    """A form for each job type; all of them are saved, or none where one is wrong."""
    tenant = request.access.tenant
    sets = category_sets(tenant)
    stored = {one.job_type: one for one in JobDefaults.objects.filter(tenant=tenant)}
    data = request.POST if request.method == "POST" else None
    forms = [
        DefaultsForm(kind, data, stored=stored.get(kind.name), sets=sets)
        for kind in jobtypes.offered()
    ]
    valid = [form.is_valid() for form in forms]
    if data is not None and all(valid):
        before = {name: value for form in forms for name, value in form.told().items()}
        with transaction.atomic():
            for form in forms:
                form.stored, _ = JobDefaults.objects.update_or_create(
                    tenant=tenant, job_type=form.kind.name, defaults=form.stored_fields()
                )
            after = {name: value for form in forms for name, value in form.told().items()}
            _tell(request, "defaults", before, after)
        messages.success(request, "Saved. Forms begin with it from now on.")
        return redirect("defaults")
    status = 422 if any(form.errors for form in forms) else 200
    context = {"forms": forms, "sets": sets}
    return render(request, "settings/defaults.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
@once(told="This set is saved already.", anew=True)
def new_categories(request: MemberRequest) -> HttpResponseBase:
    """The form of a new set, and what comes of it."""
    tenant = request.access.tenant
    fresh = CategorySet(id=new_id(timezone.now()), tenant=tenant)
    form = CategoriesForm(request.POST or None, instance=fresh)
    if CategorySet.objects.of(tenant).count() >= CategorySet.MOST_OF_A_TENANT:
        messages.error(request, f"There are {CategorySet.MOST_OF_A_TENANT} sets: delete one first.")
        return redirect("defaults")
    return _saved(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def categories(request: MemberRequest, set_id: UUID) -> HttpResponseBase:
    """The form of a set that is there."""
    return _saved(request, CategoriesForm(request.POST or None, instance=_set(request, set_id)))


@require_POST
@for_administrators
def delete_categories(request: MemberRequest, set_id: UUID) -> HttpResponseBase:
    """Jobs keep their categories; only forms no longer begin with them."""
    found = _set(request, set_id)
    with transaction.atomic():
        found.delete()
        _tell(request, f"categories {found.name}", {"categories": found.categories}, {})
    messages.success(request, f"The set “{found.name}” is deleted.")
    return redirect("defaults")


def _saved(request: MemberRequest, form: CategoriesForm) -> HttpResponseBase:
    before = {} if form.instance._state.adding else _told(form.instance)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                form.save()
                told = _told(form.instance)
                _tell(request, f"categories {form.instance.name}", before, told)
        except IntegrityError:
            form.add_error("name", TAKEN)  # By somebody else, at this moment.
        else:
            messages.success(request, f"The set “{form.instance.name}” is saved.")
            return redirect("defaults")
    context = {"form": form, "is_new": form.instance._state.adding}
    status = 422 if form.errors else 200
    return render(request, "settings/categories.html", context, status=status)


def _told(found: CategorySet) -> dict[str, object]:
    return {"name": found.name, "categories": [*found.categories]}


def _tell(
    request: MemberRequest, subject: str, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """Write into the audit what has changed, if anything has."""
    if changed := audit.differences(before, after):
        audit.of_request(
            request, request.access, Action.SETTINGS_CHANGED, subject=subject, details=changed
        )


def _set(request: MemberRequest, set_id: UUID) -> CategorySet:
    tenant: Tenant = request.access.tenant
    return get_object_or_404(CategorySet.objects.of(tenant), pk=set_id)
