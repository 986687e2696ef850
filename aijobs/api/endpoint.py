"""What all endpoints have in common."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, preferences
from aijobs.api.problems import NotInScope
from aijobs.api.versions import Versioned
from citizenapp.tenants import audit
from citizenapp.tenants.access import Access
from citizenapp.tenants.audit import Action


class Endpoint(Versioned):
    """An address of the API, for one tenant's member or key."""

    # Without OPTIONS, which would tell of parsers that are not used: /api/schema tells all.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]  # noqa: RUF012
    largest_upload = 0  # bytes
    # Whether a POST that is answered with 200 tells what GET tells as well.
    tells_what_is_known = False

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

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """What comes after each answer."""
        # It may be one of Django's own: a problem, a download, a 304.
        if request.method == "POST" and hasattr(response, "data"):
            response = preferences.apply(request, response, is_known=self.tells_what_is_known)
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        return final

    @property
    def access(self) -> Access:
        """On whose behalf the request acts. Known once the request was authenticated."""
        return cast(Access, self.request.auth)

    def must_be_in_scope(self, job_types: Iterable[str]) -> None:
        """Raises NotInScope for a key that was made for others than one of these job types."""
        allowed = self.access.job_types
        if allowed is not None:
            for job_type in job_types:
                if job_type not in allowed:
                    raise NotInScope(job_type, allowed)

    def tell(
        self, action: Action, subject: str, details: Mapping[str, object] | None = None
    ) -> None:
        """Write into the audit what was asked for, in the transaction in which it is done."""
        audit.of_request(
            self.request._request, self.access, action, subject=subject, details=details
        )


@contextmanager
def is_there(what: str) -> Iterator[None]:
    """Turns the error of a reader that found no row into a 404 that names what is missing."""
    try:
        yield
    except ObjectDoesNotExist:
        raise NotFound(f"There is no {what} with this id.") from None
