"""The people of a workspace: seen by all of them, changed by owners and admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from aijobs.reading import people as reading
from aijobs.web import parameters
from aijobs.web.guards import MemberRequest, for_administrators, for_members, or_404
from aijobs.web.members_forms import Invite, NewRole
from aijobs.web.parameters import asks
from citizenapp.tenants import audit, people
from citizenapp.tenants.access import SESSION_TENANT
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Membership, Role
from citizenapp.tenants.people import Refused

# Links of invitations that could not be sent, on their way to the page that shows them once.
SLOT = "invitation_links"


@dataclass(frozen=True, slots=True)
class Row:
    """A member, and the roles that whoever looks may give; none where nothing may be changed."""

    member: Membership
    roles: Sequence[Role]


@require_safe
@never_cache
@for_members
@asks(parameters.Members)
def members(request: MemberRequest, asked: parameters.Members) -> HttpResponseBase:
    """Who works here; to owners and admins also who was invited."""
    # A HEAD shows nothing to anybody.
    links = request.session.pop(SLOT, None) if request.method == "GET" else None
    return members_page(request, Invite(request.access.role), after=asked.after, links=links or ())


def members_page(
    request: MemberRequest,
    form: Invite,
    *,
    after: int | None = None,
    links: Sequence[tuple[str, str]] = (),
) -> HttpResponseBase:
    """The page, with the form as it was filled in, and links that could not be sent."""
    access, now = request.access, timezone.now()
    page = reading.members(access.tenant, after)
    context: dict[str, Any] = {
        "rows": [Row(one, _roles_for(access.role, one)) for one in page.rows],
        "next_page": page.after,
        "links": links,
    }
    if access.can_administer:
        context["form"] = form
        context["invitations"] = reading.invitations(access.tenant)
        context["now"] = now
    return render(request, "settings/members.html", context, status=422 if form.errors else 200)


def _roles_for(own: Role, member: Membership) -> Sequence[Role]:
    if not own.can_administer or (member.role == Role.OWNER and own != Role.OWNER):
        return ()
    return own.up_to_it


@require_POST
@for_administrators
def change_role(request: MemberRequest, member_id: int) -> HttpResponseBase:
    form = NewRole(request.POST)
    member = _member(request, member_id)
    if not form.is_valid():
        messages.error(request, "There is no such role.")
        return redirect("members")
    role = Role(form.cleaned_data["role"])
    try:
        with transaction.atomic(), or_404():
            changed = people.change_role(
                *(request.access.tenant, member_id, role), by=request.user, now=timezone.now()
            )
            if changed:
                audit.of_request(
                    request,
                    request.access,
                    Action.ROLE_CHANGED,
                    subject=member.user.get_username(),
                    details={"role": f"{member.role} → {role.value}"},
                )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        name = member.user.get_username()
        verb = "is now" if changed else "was already"
        messages.success(request, f"{name} {verb} {_with_article(role)}.")
    return redirect("members")


@require_POST
@for_administrators
def remove(request: MemberRequest, member_id: int) -> HttpResponseBase:
    if member_id == _own_id(request):
        return _leave(request)
    member = _member(request, member_id)
    try:
        with transaction.atomic(), or_404():
            people.remove(request.access.tenant, member_id, by=request.user, now=timezone.now())
            audit.of_request(
                request,
                request.access,
                Action.REMOVED,
                subject=member.user.get_username(),
                details={"role": member.role},
            )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            f"{member.user.get_username()} is removed. API keys belong to the workspace and go on "
            "to work: revoke those that only this person knew.",
        )
    return redirect("members")


@require_POST
@for_members
def leave(request: MemberRequest) -> HttpResponseBase:
    return _leave(request)


def _leave(request: MemberRequest) -> HttpResponseBase:
    access = request.access
    try:
        with transaction.atomic():
            people.leave(access.tenant, request.user, now=timezone.now())
            audit.of_request(request, access, Action.LEFT, subject=access.actor)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("members")
    # From now on in the first of the others, if there are any.
    request.session.pop(SESSION_TENANT, None)
    messages.success(request, f"You have left {access.tenant.name}.")
    return redirect("dashboard")


def _member(request: MemberRequest, member_id: int) -> Membership:
    with or_404():
        return reading.member_of(request.access.tenant, member_id)


def _own_id(request: MemberRequest) -> int | None:
    own = Membership.objects.filter(tenant=request.access.tenant, user=request.user)
    return own.values_list("pk", flat=True).first()


def _with_article(role: Role) -> str:
    return f"{'an' if role.label[0] in 'AO' else 'a'} {role.label.lower()}"
