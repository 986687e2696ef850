"""Who may open a page: signed-in people of a tenant, and some pages only some roles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from aijobs.templatetags.workspace import FIELD
from citizenapp.tenants.access import Access
from citizenapp.tenants.models import User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of a signed-in person who belongs to a tenant."""

    user: User
    access: Access


Page = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
GuardedPage = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_members(page: Page[P]) -> GuardedPage[P]:
    """Everyone who belongs to a tenant; others sign in, or read that they belong to none."""
    return _only_for(page, lambda _: True, "")


def for_writers(page: Page[P]) -> GuardedPage[P]:
    """Roles that may queue, cancel and retry. The others get a 403 that says so."""
    return _only_for(
        page,
        lambda access: access.can_write,
        "Your role in this workspace may read but not change anything.",
    )


def for_administrators(page: Page[P]) -> GuardedPage[P]:
    """Owners and admins of the tenant. The others get a 403 that says so."""
    return _only_for(
        page,
        lambda access: access.can_administer,
        "Only owners and admins of this workspace may open this page.",
    )


def _only_for(page: Page[P], may: Callable[[Access], bool], refusal: str) -> GuardedPage[P]:
    @wraps(page)
    @login_required
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        member = cast(MemberRequest, request)
        # For people without a tenant the middleware puts None there.
        if not cast(Access | None, member.access):
            return render(request, "no_tenant.html", status=403)
        if not may(member.access):
            raise PermissionDenied(refusal)
        if request.method == "POST" and _is_of_another_workspace(member):
            return _not_here(member)
        return page(member, *args, **kwargs)

    return cast(GuardedPage[P], guarded)


def _is_of_another_workspace(request: MemberRequest) -> bool:
    """Whether the form was made while the person worked in another one than now.

    Programs and scripts need not say so: they say which job or collection they mean.
    """
    return request.POST.get(FIELD, str(request.access.tenant.pk)) != str(request.access.tenant.pk)


def _not_here(request: MemberRequest) -> HttpResponseBase:
    told, own = request.POST.get(FIELD), request.access.memberships
    meant = next((one.tenant for one in own if str(one.tenant_id) == told), None)
    return render(request, "409_workspace.html", {"meant": meant}, status=409)


@contextmanager
def or_404() -> Iterator[None]:
    """Turns the error of a reader that found no row into the page for what is not there."""
    try:
        yield
    except ObjectDoesNotExist:
        raise Http404 from None
