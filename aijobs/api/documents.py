"""GET jobs/{job_id}/document: the text as it was read, or the file itself."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from aijobs.api import openapi
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.parameters import DocumentForm, documented
from aijobs.jobtypes.text import utf8
from aijobs.reading import jobs

TEXT = "text/plain"


class JobDocument(Endpoint):
    """GET jobs/{job_id}/document."""

    @extend_schema(
        operation_id="get_document",
        summary="A document of a job, as it was read or as it was sent",
        tags=["jobs"],
        parameters=documented(DocumentForm),
        responses=openapi.responses(
            {(200, TEXT): str, (200, "application/octet-stream"): bytes}, 400, 404
        ),
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponse:
        """The text with its page marks; with `original`, the file, always as a download.

        404 as well where a text was sent, and no file; or where the job has fewer documents.
        """
        wanted = DocumentForm.read(request.query_params)
        with is_there("job or document"):
            document = jobs.document_of(
                self.access.tenant, job_id, wanted.number, original=wanted.original
            )
        if not wanted.original:
            return HttpResponse(utf8(document.text), content_type=f"{TEXT}; charset=utf-8")
        if document.original is None:
            raise NotFound("It was sent as text: there is no file.")
        # Never shown by a browser: what is in it belongs to whoever sent it.
        return HttpResponse(
            bytes(document.original),
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": content_disposition_header(
                    as_attachment=True, filename=utf8(document.name) or "document"
                ),
                "X-Content-Type-Options": "nosniff",
            },
        )
