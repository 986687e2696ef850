"""What all endpoints have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from rest_framework.exceptions import NotFound
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
        """What comes before each answer. Raises LengthRequired and TooLarge, then what REST
        framework raises for credentials that do not hold and roles that may not.
        """
        # Before authentication: a session's CSRF check reads the whole form.
        self.refuse_oversized(request)
        super().initial(request, *args, **kwargs)

    def refuse_oversized(self, request: Request) -> None:
        bodies.refuse_oversized(request, self.largest_upload)

    def perform_content_negotiation(
        self,
        request: Request,  # noqa: ARG002
        force: bool = False,  # noqa: ARG002
    ) -> tuple[JSONRenderer, str]:
        """JSON, always."""
        # What an address answers with is documented; an Accept header does not change it.
        return JSONRenderer(), bodies.JSON

    @property
    def access(self) -> Access:
        """On whose behalf the request acts. Known once the request was authenticated."""
        return cast(Access, self.request.auth)


@contextmanager
def is_there(what: str) -> Iterator[None]:
    """Turns the error of a reader that found no row into a 404 that names what is missing."""
    try:
        yield
    except ObjectDoesNotExist:
        raise NotFound(f"There is no {what} with this id.") from None
