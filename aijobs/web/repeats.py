"""For how many days a result answers the same question: set by owners and admins."""

from django.http import HttpResponseBase
from django.views.decorators.http import require_http_methods

from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_forms import Repeats
from aijobs.web.settings_pages import settings_page


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def repeats(request: MemberRequest) -> HttpResponseBase:
    """The form, and what comes of it."""
    return settings_page(request, Repeats, page="repeats", template="settings/repeats.html")
