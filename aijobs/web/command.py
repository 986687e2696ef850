"""What the command menu finds by name."""

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from aijobs.jobtypes.text import utf8
from aijobs.reading.finding import Found
from aijobs.reading.finding import find as found_by_name
from aijobs.templatetags.show import job_title
from aijobs.web import parameters
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks


@require_safe
@never_cache
@for_members
@asks(parameters.Finding)
def find(request: MemberRequest, asked: parameters.Finding) -> JsonResponse:
    """Ten at most; nothing where nothing was typed."""
    found = found_by_name(request.access.tenant, asked.search or "")
    return JsonResponse({"results": [_told(one) for one in found]})


def _told(one: Found) -> dict[str, str]:
    name = "collection" if one.is_collection else "job"
    return {
        "title": utf8(one.name),
        "hint": "Collection" if one.is_collection else job_title(one.job_type),
        "url": reverse(name, args=[one.key]),
        "icon": "collections" if one.is_collection else "file",
    }
