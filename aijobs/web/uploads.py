"""Each file of a form is sent and read by itself, as soon as it is chosen."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from aijobs import uploads
from aijobs.models import Upload
from aijobs.web.guards import MemberRequest, for_writers
from aijobs.web.sent import how_to_read, keep_file


@require_POST
@for_writers
def upload(request: MemberRequest) -> HttpResponseBase:
    """Store one file, `file`, of this `field` of a form: 201, and how it was read."""
    file, field = request.FILES.get("file"), request.POST.get("field", "")
    if file is None or field not in Upload.Field.values:
        return JsonResponse({"error": "Send a file, and the field that it is for."}, status=400)
    try:
        kept = keep_file(request, field, file, timezone.now())
    except uploads.TooMuchWaits as refusal:
        return JsonResponse({"error": str(refusal)}, status=429)
    return JsonResponse(_told(kept), status=201)


@require_POST
@for_writers
def read(request: MemberRequest, upload_id: UUID) -> HttpResponseBase:
    """Read a file once more, in the way in which the form now says."""
    kept = _upload(request, upload_id)
    uploads.read_again(kept, how_to_read(request.POST))
    return JsonResponse(_told(kept))


@require_POST
@for_writers
def drop(request: MemberRequest, upload_id: UUID) -> HttpResponseBase:
    """Delete a file that is not wanted."""
    uploads.drop([_upload(request, upload_id)])
    return HttpResponse(status=204)


def _upload(request: MemberRequest, upload_id: UUID) -> Upload:
    tenant, person = request.access.tenant, request.user.pk
    found = uploads.found(tenant, [upload_id], timezone.now(), person_id=person)
    if not found:
        raise Http404
    return found[0]


def _told(upload: Upload) -> dict[str, object]:
    return {
        "id": str(upload.pk),
        "name": upload.name,
        "size": upload.size,
        "pages": upload.pages,
        "refused": upload.refused,
        "is_partial": upload.is_partial,
        "is_table": upload.is_table,
    }
