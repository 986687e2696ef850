"""What a workspace is called, where its days begin, and for how long it keeps its jobs."""

from django.conf import settings
from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods

from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_forms import General
from aijobs.web.settings_pages import settings_page


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def general(request: MemberRequest) -> HttpResponseBase:
    """The form, and what comes of it."""
    return settings_page(
        request,
        General,
        page="general",
        template="settings/general.html",
        beside=lambda _: {"keeps_days": settings.AIJOBS_KEEP_JOBS_DAYS},
    )
