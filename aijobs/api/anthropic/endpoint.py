"""What the addresses of Anthropic's API have in common."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.anthropic import bodies, errors
from aijobs.api.anthropic.keys import ProgramAuthentication
from aijobs.api.endpoint import Endpoint
from aijobs.wire.errors import invalid


class ProgramEndpoint(Endpoint):
    """An address for a program with a tenant's key. Errors are worded as Anthropic words them."""

    authentication_classes = [ProgramAuthentication]  # noqa: RUF012
    # Anthropic's own documentation says what these addresses take and answer.
    schema = None

    def setup(self, *args: Any, **kwargs: Any) -> None:
        super().setup(*args, **kwargs)
        self.request_id = errors.new_request_id()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises what REST framework raises for credentials that do not hold, and ApiError."""
        super().initial(request, *args, **kwargs)
        if "anthropic-version" not in request.headers:
            raise invalid("anthropic-version: header is required")

    def refuse_oversized(self, request: Request) -> None:
        bodies.refuse_oversized(request)

    def get_exception_handler(self) -> Callable[..., Any]:
        return errors.as_error

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        response.headers.setdefault(errors.REQUEST_ID, self.request_id)
        return response
