"""Signing in, as staff see it: wrong passwords, second factors, sessions, addresses.

What helps a person who cannot get in is deleted here; nothing is made or changed, and no secret is
shown.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from citizenapp.tenants import sessions
from citizenapp.tenants.admin import AnyModelAdmin, is_superuser
from citizenapp.tenants.models import User

for model in (EmailAddress, Authenticator, UserSession):
    # allauth's own pages show secrets, and delete the row of a session but not the session.
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class OnlyDeleted(AnyModelAdmin):
    """Rows that staff read, and delete to help a person."""

    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OfAPerson(OnlyDeleted):
    """Those of a superuser are touched by superusers only, or staff could take an account over."""

    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found if is_superuser(request) else found.filter(user__is_superuser=False)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(OnlyDeleted):
    """Wrong passwords that count at the moment. Whoever deletes some lets the person try again."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time", "path_info")
    search_fields = ("username", "ip_address")
    fields = (*list_display, "user_agent")
    readonly_fields = fields


@admin.register(Authenticator)
class AuthenticatorAdmin(OfAPerson):
    """Second factors. Whoever deletes those of a person lets them in by the password alone."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    fields = list_display
    readonly_fields = fields


@admin.register(UserSession)
class UserSessionAdmin(OfAPerson):
    """Where people are signed in. Whoever deletes a session signs the person out there."""

    list_display = ("user", "ip", "user_agent", "created_at", "last_seen_at")
    fields = list_display
    readonly_fields = fields

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        sessions.end([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        sessions.end(queryset)


@admin.register(EmailAddress)
class EmailAddressAdmin(OfAPerson):
    """Addresses that people have given themselves."""

    list_display = ("user", "email", "verified", "primary")
    list_filter = ("verified",)
    fields = list_display
    readonly_fields = fields

    def delete_model(self, request: HttpRequest, obj: EmailAddress) -> None:
        _forget(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for address in queryset:
            _forget(address)
        super().delete_queryset(request, queryset)


def _forget(address: EmailAddress) -> None:
    # Or the next page of the account would write the row anew.
    User.objects.filter(pk=address.user_id, email__iexact=address.email).update(email="")
