"""Views of the list that people keep under a name, for themselves or for all of the workspace."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import utf8
from aijobs.models import SavedView
from aijobs.web import list_parameters
from aijobs.web.guards import MemberRequest, for_members

TWICE = "You have a view of this name already."


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def overview(request: MemberRequest) -> HttpResponseBase:
    """All views that the person sees; a POST keeps what the list shows under a name."""
    tenant = request.access.tenant
    if request.method != "POST":
        found = SavedView.objects.of(tenant, request.user).select_related("user")
        views = found.order_by("name", "pk")
        return render(request, "jobs/views.html", {"views": views, "person": request.user})
    try:
        query = list_parameters.Jobs.read(QueryDict(request.POST.get("list", ""))).query(
            "before", "after"
        )
    except InvalidInput as refusal:
        return render(request, "400.html", {"errors": refusal.errors}, status=400)
    name, wrong = _name(request)
    if len(query) > SavedView.LONGEST_QUERY:
        wrong = "This list is narrowed by too many letters to be kept. Search for fewer words."
    if not wrong and SavedView.objects.filter(tenant=tenant, user=request.user).count() >= (
        SavedView.MOST
    ):
        wrong = f"You have {SavedView.MOST} views already. Delete one first."
    if not wrong:
        view = SavedView(
            tenant=tenant,
            user=request.user,
            name=name,
            query=query,
            is_shared="shared" in request.POST,
            created_at=timezone.now(),
        )
        wrong = _saved(view)
    if wrong:
        messages.error(request, wrong)
    else:
        messages.success(request, f"The view “{name}” is kept.")
    return redirect(f"{reverse('dashboard')}?{query}")


@require_POST
@for_members
def change(request: MemberRequest, view_id: int) -> HttpResponseBase:
    """Another name for a view of one's own, and who sees it."""
    view = _mine(request, view_id)
    view.name, wrong = _name(request)
    view.is_shared = "shared" in request.POST
    wrong = wrong or _saved(view)
    if wrong:
        messages.error(request, wrong)
    else:
        messages.success(request, f"The view “{view.name}” is changed.")
    return redirect("views")


@require_POST
@for_members
def delete(request: MemberRequest, view_id: int) -> HttpResponseBase:
    """A view of one's own is forgotten; the jobs stay."""
    view = _mine(request, view_id)
    view.delete()
    messages.success(request, f"The view “{view.name}” is deleted.")
    return redirect("views")


def _mine(request: MemberRequest, view_id: int) -> SavedView:
    mine = SavedView.objects.filter(tenant=request.access.tenant, user=request.user)
    # Beyond what the column holds there is none.
    view = mine.filter(pk=view_id).first() if view_id < 2**63 else None
    if view is None:
        raise Http404
    return view


def _name(request: MemberRequest) -> tuple[str, str]:
    name = " ".join(request.POST.get("name", "").split())
    if not name:
        return name, "Type a name for the view."
    if len(name) > SavedView.LONGEST:
        return name, f"A name has {SavedView.LONGEST} characters at most."
    if name != utf8(name) or not name.isprintable():
        return name, "The name holds a character that no name may have."
    return name, ""


def _saved(view: SavedView) -> str:
    """What is wrong, where it could not be kept."""
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        return TWICE
    return ""
