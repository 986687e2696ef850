"""What all endpoints have in common."""

from typing import Any, cast

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from aijobs.api import bodies
from citizenapp.tenants.access import Access


class Endpoint(APIView):
    """An address of the API, for one tenant's member or key."""

    # Without OPTIONS, which would tell of parsers that are not used: /api/schema tells all.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]  # noqa: RUF012
    largest_upload = 0  # bytes

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before authentication: a session's CSRF check reads the whole form.
        bodies.refuse_oversized(request, self.largest_upload)
        super().initial(request, *args, **kwargs)

    def perform_content_negotiation(
        self,
        request: Request,  # noqa: ARG002
        force: bool = False,  # noqa: ARG002
    ) -> tuple[JSONRenderer, str]:
        # What an address answers with is documented; an Accept header does not change it.
        return JSONRenderer(), bodies.JSON

    @property
    def access(self) -> Access:
        return cast(Access, self.request.auth)
