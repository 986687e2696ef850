"""Every kind of error that the API has: a stable address, and what a client can do about it.

The address is the `type` of a problem document, and opens a page (`problem_pages`).
"""

from dataclasses import dataclass
from http import HTTPStatus

ROOT = "/problems/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """`name` is for machines and never changes; the rest is for people."""

    name: str
    status: HTTPStatus
    title: str
    meaning: str
    remedy: str

    @property
    def uri(self) -> str:
        """What clients compare: the same on every host."""
        return f"{ROOT}{self.name}"


UNREADABLE = ProblemType(
    "unreadable-request",
    HTTPStatus.BAD_REQUEST,
    "The request cannot be read",
    "The body is no valid JSON and no valid form, or the request names a host that is not served "
    "here. Nothing was stored.",
    "Compare the body with its Content-Type: a JSON object in UTF-8, or multipart/form-data with "
    "the boundary that the header names. `detail` says where the reading ended.",
)
INVALID_FIELDS = ProblemType(
    "invalid-fields",
    HTTPStatus.BAD_REQUEST,
    "Some fields have errors",
    "The request was read, but some of its fields, parameters or headers have values that are not "
    "taken. Nothing was stored.",
    "`errors` has messages by field; “categories.3” is the fourth entry of a list. Correct them "
    "and send it again, with the same Idempotency-Key if you like.",
)
REJECTED_COLLECTION = ProblemType(
    "rejected-collection",
    HTTPStatus.BAD_REQUEST,
    "Some items have errors",
    "Some items of a collection are no valid jobs, and `on_error` is `reject`: nothing was queued.",
    "`rejected` names the first bad rows and what is wrong with each, `rejected_count` says how "
    "many there are. Correct them, or leave them out with `on_error: skip`.",
)
UNAUTHENTICATED = ProblemType(
    "not-authenticated",
    HTTPStatus.UNAUTHORIZED,
    "Not authenticated",
    "There is no API key, or it is unknown, revoked or expired.",
    "Send `Authorization: Bearer <key>`. Owners and admins of a workspace make keys.",
)
LIMIT_REACHED = ProblemType(
    "limit-reached",
    HTTPStatus.PAYMENT_REQUIRED,
    "Beyond the monthly limit",
    "What was asked for could cost more than is left of the monthly limit: of the workspace, or of "
    "the whole installation. Nothing was stored. What was queued before is not touched.",
    "`left_usd` says how much is left, `renews_at` when the limit begins anew. Queue less, or ask "
    "an owner of the workspace to raise it.",
)
FORBIDDEN = ProblemType(
    "not-allowed",
    HTTPStatus.FORBIDDEN,
    "Not allowed",
    "The key or the session is known, but may not do this: a viewer only reads, a key may be made "
    "for some job types only, and a session needs its CSRF token.",
    "Use a key with the role that `detail` asks for, or one that may queue `job_type`.",
)
NOT_FOUND = ProblemType(
    "not-found",
    HTTPStatus.NOT_FOUND,
    "Not found",
    "There is nothing at this address. What belongs to another workspace is answered in the same "
    "way as what never was.",
    "Compare the address with the documentation, and the id with the answer that named it.",
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    HTTPStatus.METHOD_NOT_ALLOWED,
    "Method not allowed",
    "The address exists, but not with this method.",
    "The header `Allow` names the methods that it has.",
)
NOT_ACCEPTABLE = ProblemType(
    "not-acceptable",
    HTTPStatus.NOT_ACCEPTABLE,
    "Not acceptable",
    "The OpenAPI schema and its page are not written in what the Accept header asks for.",
    "Ask for `application/json` or `application/yaml`, or leave the header out.",
)
CONFLICT = ProblemType(
    "conflict",
    HTTPStatus.CONFLICT,
    "Not in this state",
    "The job is in a status that does not allow it: only a waiting job can be canceled, only a "
    "failed or canceled one queued again.",
    "`detail` says which status it is in. Read the job again before you decide.",
)
LENGTH_REQUIRED = ProblemType(
    "length-required",
    HTTPStatus.LENGTH_REQUIRED,
    "Length required",
    "The body was sent in chunks and does not say how long it is, so that too much of it could "
    "not be refused before it is read.",
    "Send a Content-Length.",
)
TOO_LARGE = ProblemType(
    "too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Too large",
    "The body, or a file in it, has more bytes than are read.",
    "`detail` names the limit. Divide a collection into several.",
)
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Unsupported media type",
    "The body is neither JSON nor a form with files.",
    "Send `application/json` or `multipart/form-data`, and say so in Content-Type.",
)
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Idempotency-Key used for another request",
    "This Idempotency-Key came with another request before. Nothing was stored.",
    "Use a new key for each request, and the same one only to send the same request again.",
)
UNKNOWN_VERSION = ProblemType(
    "unknown-version",
    HTTPStatus.BAD_REQUEST,
    "Unknown version of the API",
    "The header CitizenApp-Version names a version that there is not. Nothing was done.",
    "`versions` has those that there are. Send one of them, or leave the header out: then the "
    "version counts that the key was made for.",
)
RATE_LIMITED = ProblemType(
    "rate-limited",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too many calls",
    "More calls came than the key, or its workspace as a whole, may make in this time. Nothing was "
    "done.",
    "Send it again after `Retry-After` seconds. Each answer says in `RateLimit` how many calls are "
    "left; many jobs at once are a collection, which is one call.",
)
QUEUE_FULL = ProblemType(
    "queue-full",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too many jobs wait",
    "With what was asked for, more jobs of the workspace would be queued or on their way than may "
    "be at once. Nothing was stored. What was queued before is not touched.",
    "`waiting` says how many there are, `room` how many more would fit. Send it again when some of "
    "them are done, or queue less.",
)
IN_PROGRESS = ProblemType(
    "idempotency-in-progress",
    HTTPStatus.CONFLICT,
    "A request with this Idempotency-Key is under way",
    "The first request with this Idempotency-Key, or another one that it depends on, has not ended "
    "yet. This one has stored nothing.",
    "Wait as long as `Retry-After` says, and send it again with the same key.",
)
SERVER_ERROR = ProblemType(
    "server-error",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong on our side",
    "A defect or an outage of ours. What the request asked for was not stored.",
    "Send it again in a moment, with the same Idempotency-Key.",
)
NOT_STREAMED = ProblemType(
    "not-streamed-here",
    HTTPStatus.NOT_IMPLEMENTED,
    "Not streamed here",
    "A job or a collection that has not ended was asked for as a stream, and the server that got "
    "the request can send whole answers only. Nothing is touched.",
    "Ask for the job or collection itself until it has ended. Whoever runs CitizenApp leads such "
    "requests to daphne (docs/production.md).",
)

ALL = (
    UNREADABLE, INVALID_FIELDS, REJECTED_COLLECTION, UNAUTHENTICATED, LIMIT_REACHED, FORBIDDEN,
    NOT_FOUND, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, CONFLICT, LENGTH_REQUIRED, TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE, KEY_REUSED, IN_PROGRESS, UNKNOWN_VERSION, RATE_LIMITED, QUEUE_FULL,
    SERVER_ERROR, NOT_STREAMED,
)  # fmt: skip
# The framework's errors have a status of their own; of ours, the first with a status counts.
BY_STATUS = {kind.status: kind for kind in reversed(ALL)}
