"""Invitations: sent by owners and admins, accepted by whoever has the link."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.reading import people as reading
from aijobs.web.guards import MemberRequest, for_administrators, or_404
from aijobs.web.members import SLOT, members_page
from aijobs.web.members_forms import Invite, NewPerson
from aijobs.web.once import once
from citizenapp.tenants import audit, invitations, people, sessions
from citizenapp.tenants.access import SESSION_TENANT
from citizenapp.tenants.audit import Action
from citizenapp.tenants.invitations import AddressTaken, Letter
from citizenapp.tenants.models import Invitation, Membership, Role, User
from citizenapp.tenants.people import Refused
from citizenapp.tenants.throttle import client_address

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_POST
@for_administrators
def invite(request: MemberRequest) -> HttpResponseBase:
    """Send invitations to one or several addresses."""
    now = timezone.now()
    letters: list[Letter] = []
    response = _invite(request, letters, now)
    # Not before they are stored: sending is a call over the network.
    if letters:
        _send(request, letters, now)
    return response


@once(told="These are invited already.", anew=True)
def _invite(request: MemberRequest, letters: list[Letter], now: datetime) -> HttpResponseBase:
    """Store the invitations of a form, and add their letters to `letters`."""
    access = request.access
    form = Invite(access.role, request.POST)
    if not form.is_valid():
        return members_page(request, form)
    asked = form.cleaned_data
    role = Role(asked["role"])
    try:
        with transaction.atomic():
            stored = invitations.invite(
                *(access, request.user, asked["emails"], role, asked["days"]), now=now
            )
            for letter in stored:
                _tell(request, Action.INVITED, letter.invitation)
    except Refused as refusal:
        form.add_error("emails", str(refusal))
        return members_page(request, form)
    letters.extend(stored)
    return redirect("members")


@require_POST
@for_administrators
def again(request: MemberRequest, invitation_id: UUID) -> HttpResponseBase:
    """Send one again, with a new link: the one before works no more."""
    now, invitation = timezone.now(), _invitation(request, invitation_id)
    try:
        with transaction.atomic():
            letter = invitations.again(request.access, request.user, invitation, now=now)
            _tell(request, Action.INVITED_AGAIN, invitation)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        _send(request, [letter], now)
    return redirect("members")


@require_POST
@for_administrators
def withdraw(request: MemberRequest, invitation_id: UUID) -> HttpResponseBase:
    invitation = _invitation(request, invitation_id)
    try:
        with transaction.atomic():
            if invitations.withdraw(request.access, invitation, now=timezone.now()):
                _tell(request, Action.INVITATION_WITHDRAWN, invitation)
                messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
            else:
                messages.info(request, "It was accepted or withdrawn already.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("members")


def _send(request: MemberRequest, letters: Sequence[Letter], now: datetime) -> None:
    """Letters leave, and the next page says what became of them."""

    def address_of(token: str) -> str:
        return request.build_absolute_uri(reverse("accept-invitation", args=[token]))

    failed = invitations.send(letters, address_of, now=now)
    if sent := len(letters) - len(failed):
        to = letters[0].invitation.email if len(letters) == 1 else f"{sent} addresses"
        messages.success(request, f"An invitation is on its way to {to}.")
    if failed:
        request.session[SLOT] = [(one.invitation.email, address_of(one.token)) for one in failed]


def _invitation(request: MemberRequest, invitation_id: UUID) -> Invitation:
    with or_404():
        return reading.invitation_of(request.access.tenant, invitation_id)


def _tell(request: MemberRequest, action: Action, invitation: Invitation) -> None:
    details = {"role": invitation.role, "until": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC"}
    audit.of_request(request, request.access, action, subject=invitation.email, details=details)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page of an invitation's link: join as who is signed in, or as somebody new.

    Only a POST uses the link up: programs that read letters open what is in them.
    """
    now = timezone.now()
    invitation = invitations.by_token(token, now=now)
    if invitation is None:
        return _gone(request)
    if isinstance(request.user, User):
        if request.method == "POST":
            return _join(request, request.user, invitation, now)
        return _page(request, invitation, None)
    if people.with_address(invitation.email):
        if request.method == "POST":
            raise PermissionDenied("Sign in first: this address has an account.")
        return _page(request, invitation, None)
    form = NewPerson(invitation.email, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _join_as_new(request, token, invitation, form, now)
    return _page(request, invitation, form)


@require_POST
@login_required
def join(request: HttpRequest) -> HttpResponseBase:
    """Accept one of the invitations that the person is shown without a link."""
    assert isinstance(request.user, User)
    now, wanted = timezone.now(), request.POST.get("invitation", "")
    for invitation in invitations.invitations_for(request.user, now=now):
        if str(invitation.pk) == wanted:
            return _join(request, request.user, invitation, now)
    messages.error(request, "This invitation is no longer open.")
    return redirect("dashboard")


def _page(request: HttpRequest, invitation: Invitation, form: NewPerson | None) -> HttpResponse:
    context = {
        "invitation": invitation,
        "form": form,
        "is_mine": isinstance(request.user, User)
        and people.has_proven(request.user, invitation.email),
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "invitations/accept.html", context, status=status)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "invitations/gone.html", status=404)


def _join(
    request: HttpRequest, user: User, invitation: Invitation, now: datetime
) -> HttpResponseBase:
    with transaction.atomic():
        membership = invitations.accept(invitation, user, now=now)
        if membership is None:
            return _gone(request)
        _tell_joined(request, membership, invitation)
    _work_there(request, membership, invitation)
    return redirect("dashboard")


def _join_as_new(
    request: HttpRequest, token: str, invitation: Invitation, form: NewPerson, now: datetime
) -> HttpResponseBase:
    asked = form.cleaned_data
    try:
        with transaction.atomic():
            membership = invitations.accept_as_new(
                invitation, asked["name"], asked["password"], now=now
            )
            if membership is None:
                return _gone(request)
            _tell_joined(request, membership, invitation)
    except AddressTaken:
        # By the same person, a moment ago: two clicks, or two tabs.
        return redirect("accept-invitation", token)
    login(request, membership.user, BACKEND)
    sessions.begin(request)
    _work_there(request, membership, invitation)
    return redirect("dashboard")


def _tell_joined(request: HttpRequest, membership: Membership, invitation: Invitation) -> None:
    audit.record(
        invitation.tenant,
        membership.user.get_username(),
        Action.JOINED,
        subject=invitation.email,
        details={"role": membership.role, "invited by": invitation.inviter},
        address=client_address(request),
        agent=request.headers.get("User-Agent", ""),
    )


def _work_there(request: HttpRequest, membership: Membership, invitation: Invitation) -> None:
    request.session[SESSION_TENANT] = invitation.tenant_id
    role = Role(membership.role).label.lower()
    messages.success(request, f"You work in {invitation.tenant.name} now, as {role}.")
