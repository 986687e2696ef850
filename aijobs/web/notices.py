"""What a person is told of when nobody looks at the page, and the link that stops e-mails."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from aijobs.mails import choosing, leaving
from aijobs.reading.unfinished import open_jobs
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.notice_forms import Notices


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def notices(request: MemberRequest) -> HttpResponseBase:
    """The form: one person's own choices, in one workspace."""
    tenant, user = request.access.tenant, request.user
    data = request.POST if request.method == "POST" else None
    initial = {"kinds": choosing.kinds_of(tenant, user)}
    form = Notices(data, initial=initial, access=request.access)
    if form.is_bound and form.is_valid():
        root = request.build_absolute_uri("/")
        choosing.choose(tenant, user, form.cleaned_data["kinds"], root=root)
        messages.success(request, "Saved.")
        return redirect("notices")
    status = 422 if form.errors else 200
    return render(request, "settings/notices.html", {"form": form}, status=status)


@require_safe
@never_cache
@for_members
def still_open(request: MemberRequest) -> JsonResponse:
    """How many jobs are not over: for a tab that is hidden."""
    return JsonResponse({"open": open_jobs(request.access.tenant)})


# Mail programs send it by themselves, without our cookie (RFC 8058); the token is the right.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def stop(request: HttpRequest, stop_token: str) -> HttpResponse:
    """Stop the e-mails of one person about one workspace. To open the link changes nothing."""
    if not leaving.is_ours(stop_token):
        raise Http404
    choice = leaving.choice_of(stop_token)
    if choice is not None and request.method == "POST":
        choosing.choose(choice.tenant, choice.user, [], root=choice.root)
        choice = None
    return render(request, "notices/stop.html", {"choice": choice})
