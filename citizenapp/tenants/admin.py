"""Customers, as staff see and change them."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from citizenapp.tenants import audit, people, sessions, shown_once
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import APIKey, Membership, Role, Tenant, User
from citizenapp.tenants.owner_admin import InvitesOwner

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyTabularInline = admin.TabularInline[Any, Any]
    AnyUserAdmin = DjangoUserAdmin[User]
    AnyInlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # not subscriptable at run time
    AnyTabularInline = admin.TabularInline
    AnyUserAdmin = DjangoUserAdmin
    AnyInlineFormSet = BaseInlineFormSet


class Memberships(AnyInlineFormSet):
    """Whom staff take out, or give a lower role, has no invitations left that go beyond it."""

    def save_existing(self, form: Any, obj: Membership, commit: bool = True) -> Any:
        saved = super().save_existing(form, obj, commit)
        people.withdraw_above(obj, Role(obj.role), timezone.now())
        return saved

    def delete_existing(self, obj: Membership, commit: bool = True) -> None:
        people.withdraw_above(obj, None, timezone.now())
        super().delete_existing(obj, commit)


class MembershipInline(AnyTabularInline):
    model = Membership
    formset = Memberships
    autocomplete_fields = ("user", "tenant")
    extra = 0


class Audited(AnyModelAdmin):
    """What staff change here stands in the audit of the tenant that it is about."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Called by Django in the transaction of the change."""
        entry: LogEntry = super().log_addition(request, obj, message)
        self._tell(request, obj, entry.get_change_message())
        return entry

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """As above."""
        entry: LogEntry = super().log_change(request, obj, message)
        self._tell(request, obj, entry.get_change_message())
        return entry

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """As above."""
        for obj in queryset:
            self._tell(request, obj, "Deleted.")
        return super().log_deletions(request, queryset)

    def _tell(self, request: HttpRequest, obj: Model, said: str) -> None:
        subject = f"{obj._meta.verbose_name} {obj}"
        for tenant_id in _tenants_of(obj):
            audit.of_staff(
                request, tenant_id, Action.STAFF_CHANGED, subject=subject, details={"what": said}
            )


def _tenants_of(obj: Model) -> Iterable[int]:
    match obj:
        case Tenant():
            return [obj.pk]
        case User():
            return obj.memberships.values_list("tenant_id", flat=True)
        case Membership() | APIKey():
            return [obj.tenant_id]
    return []


class NeverDeleted(AnyModelAdmin):
    """Rows that others point to and that the record needs: they are switched off instead."""

    show_facets = admin.ShowFacets.NEVER

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Tenant)
class TenantAdmin(InvitesOwner, Audited, NeverDeleted):
    inlines = (MembershipInline,)
    list_display = ("name", "slug", "is_active", "weight", "is_demo", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    fields = (
        "name",
        "slug",
        "owner",
        "is_active",
        "weight",
        "repeat_days",
        "deadline_percent",
        "full_price",
        "rescue_usd",
        "long_prompts",
        "time_zone",
        "budget_usd",
        "limit_usd",
        "api_rate",
        "api_burst",
        "most_waiting",
        "is_demo",
        "created_at",
    )
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012
    readonly_fields = ("is_demo", "created_at")


@admin.register(Membership)
class MembershipAdmin(Audited):
    autocomplete_fields = ("user", "tenant")
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__username", "user__email", "tenant__name", "tenant__slug")
    show_facets = admin.ShowFacets.NEVER

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        people.withdraw_above(obj, Role(obj.role), timezone.now())

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        people.withdraw_above(obj, None, timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for one in queryset:
            people.withdraw_above(one, None, timezone.now())
        super().delete_queryset(request, queryset)


@admin.register(User)
class UserAdmin(Audited, NeverDeleted, AnyUserAdmin):
    """People. Only superusers decide who is staff, and touch other superusers."""

    inlines = (MembershipInline,)
    list_display = ("username", "email", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, User) and obj.is_superuser and not is_superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.is_active:
            sessions.end_all(obj, timezone.now())

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002
        form_url: str = "",
    ) -> HttpResponse:
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            sessions.end_others(request, User.objects.get(pk=id))
        return response

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        given = tuple(super().get_readonly_fields(request, obj))
        if is_superuser(request):
            return given
        return (*given, "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(APIKey)
class APIKeyAdmin(Audited, NeverDeleted):
    """Keys of tenants. A key is shown once, on the page that follows its making."""

    autocomplete_fields = ("tenant",)
    list_display = (
        *("name", "prefix", "tenant", "role", "version", "created", "last_used_at"),
        *("expiry_date", "revoked"),
    )
    list_filter = ("revoked", "role", "version")
    list_select_related = ("tenant",)
    search_fields = ("prefix", "name", "tenant__name", "tenant__slug")
    fields = (
        *("name", "tenant", "role", "version", "expiry_date", "revoked", "prefix", "created"),
        *("job_types", "made_by", "last_used_at"),
    )

    def get_readonly_fields(
        self,
        request: HttpRequest,
        obj: Model | None = None,
    ) -> tuple[str, ...]:
        fixed = ("prefix", "created", "job_types", "made_by", "last_used_at")
        if not isinstance(obj, APIKey):
            return (*fixed, "revoked", "version")
        # Whoever holds the key was promised what it may do.
        given = (*fixed, "tenant", "role")
        return (*given, "name", "version", "expiry_date", "revoked") if obj.revoked else given

    def save_model(self, request: HttpRequest, obj: APIKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        secret = APIKey.objects.assign_key(obj)
        super().save_model(request, obj, form, change)
        shown_once.put(request.session, obj, secret)

    def response_add(
        self, request: HttpRequest, obj: APIKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return redirect("admin:tenants_apikey_made")

    def get_urls(self) -> list[URLPattern]:
        made = self.admin_site.admin_view(self.made)
        return [path("made/", made, name="tenants_apikey_made"), *super().get_urls()]

    def made(self, request: HttpRequest) -> HttpResponse:
        """The page that shows a new key. Loaded again, it leads to the list."""
        found = shown_once.take(request.session) if request.method == "GET" else None
        if found is None:
            return redirect("admin:tenants_apikey_changelist")
        key, secret = found
        context = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "api_key": key,
            "key": secret,
        }
        return TemplateResponse(request, "admin/tenants/apikey/made.html", context)


def is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
