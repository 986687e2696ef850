"""How a new customer gets its first owner: staff name an address, to which an invitation goes.

So nobody sets a password for somebody else.
"""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from citizenapp.tenants import audit, invitations
from citizenapp.tenants.audit import Action
from citizenapp.tenants.invitations import Letter
from citizenapp.tenants.models import Role, Tenant, User
from citizenapp.tenants.people import Refused

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyModelForm = forms.ModelForm[Tenant]
else:
    AnyModelAdmin = admin.ModelAdmin  # not subscriptable at run time
    AnyModelForm = forms.ModelForm


class TenantForm(AnyModelForm):
    owner = forms.EmailField(
        label="Invite an owner",
        required=False,
        help_text="Their e-mail address. They get a letter with a link, and choose their password.",
    )

    def clean_owner(self) -> str:
        email = str(self.cleaned_data["owner"]).lower()
        if email and self.instance.pk:
            try:
                invitations.refuse_members(self.instance, [email])
            except Refused as refusal:
                raise forms.ValidationError(str(refusal)) from None
        return email


class InvitesOwner(AnyModelAdmin):
    """The page of a workspace, on which staff who may make members invite its owner."""

    form = TenantForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        may_change = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        if may_change and _may_make_members(request):
            return fields
        return [field for field in fields if field != "owner"]

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        email = form.cleaned_data.get("owner")
        # A form has its own fields, whichever are shown.
        if not email or not _may_make_members(request):
            return
        staff = cast(User, request.user)
        try:
            letters = invitations.invite_owner(obj, staff, email, now=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
            return
        audit.of_staff(request, obj, Action.INVITED, subject=email, details={"role": Role.OWNER})
        # The letter leaves once the workspace is stored: no mail server is waited for before.
        transaction.on_commit(lambda: _send(request, letters))


def _may_make_members(request: HttpRequest) -> bool:
    return request.user.has_perm("tenants.add_membership")


def _send(request: HttpRequest, letters: list[Letter]) -> None:
    def address_of(token: str) -> str:
        return request.build_absolute_uri(reverse("accept-invitation", args=[token]))

    failed = invitations.send(letters, address_of, now=timezone.now())
    for letter in letters:
        email = letter.invitation.email
        if letter in failed:
            link = address_of(letter.token)
            said = (
                f"The letter to {email} could not be sent. Hand over its link, shown once: {link}"
            )
            messages.warning(request, said)
        else:
            messages.success(request, f"An invitation is on its way to {email}.")
