"""Errors as the API words them: a status, a type, a message, and sometimes a stable code."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TYPE_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# The lowest status of each type, but a timeout of ours is a gateway's.
_STATUS_BY_TYPE = {kind: status for status, kind in sorted(TYPE_BY_STATUS.items(), reverse=True)}
_STATUS_BY_TYPE["timeout_error"] = 504

_MESSAGES = {
    "authentication_error": "invalid x-api-key",
    "billing_error": "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits.",
    "permission_error": "Your API key does not have permission to use the specified resource.",
    "not_found_error": "Not found",
    "conflict_error": "The request conflicts with the current state of the resource.",
    "request_too_large": "Request exceeds the maximum allowed number of bytes.",
    "rate_limit_error": "This request would exceed your rate limit. Please try again later.",
    "timeout_error": "Request timed out",
    "api_error": "Internal server error",
    "overloaded_error": "Overloaded",
    "invalid_request_error": "The request is invalid.",
}


@dataclass
class ApiError(Exception):
    """An answer that is an error; `message` never quotes a document."""

    status: int
    message: str = ""
    type: str = ""
    error_code: str | None = None
    retry_after_seconds: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.type = self.type or TYPE_BY_STATUS.get(self.status, "api_error")
        self.message = self.message or default_message(self.type)

    @classmethod
    def of_type(cls, error_type: str, message: str) -> "ApiError":
        """The error of this type, with the status that goes with it."""
        return cls(_STATUS_BY_TYPE.get(error_type, 500), message, error_type)

    def envelope(self, request_id: str) -> dict[str, object]:
        """The body: `{"type": "error", "error": {...}, "request_id": ...}`."""
        error: dict[str, object] = {"type": self.type, "message": self.message}
        if self.error_code:
            error["details"] = {"error_code": self.error_code}
        return {"type": "error", "error": error, "request_id": request_id}


def default_message(error_type: str) -> str:
    """What the API commonly says with an error of this type."""
    return _MESSAGES.get(error_type, error_type.replace("_", " "))


def invalid(message: str) -> ApiError:
    """A 400 that names the field."""
    return ApiError(400, message)


def not_found(message: str) -> ApiError:
    """A 404 that names what is missing."""
    return ApiError(404, message)
