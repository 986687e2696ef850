"""A class for each type of problem: catch the one that you can do something about."""

# Written by generate.py: `make schema` does it anew.

from citizenapp_client.errors import Problem


class Conflict(Problem):
    """`/problems/conflict`"""


class IdempotencyInProgress(Problem):
    """`/problems/idempotency-in-progress`"""


class IdempotencyKeyReused(Problem):
    """`/problems/idempotency-key-reused`"""


class InvalidFields(Problem):
    """`/problems/invalid-fields`"""


class LengthRequired(Problem):
    """`/problems/length-required`"""


class LimitReached(Problem):
    """`/problems/limit-reached`"""


class MethodNotAllowed(Problem):
    """`/problems/method-not-allowed`"""


class NotAcceptable(Problem):
    """`/problems/not-acceptable`"""


class NotAllowed(Problem):
    """`/problems/not-allowed`"""


class NotAuthenticated(Problem):
    """`/problems/not-authenticated`"""


class NotFound(Problem):
    """`/problems/not-found`"""


class NotStreamedHere(Problem):
    """`/problems/not-streamed-here`"""


class QueueFull(Problem):
    """`/problems/queue-full`"""


class RateLimited(Problem):
    """`/problems/rate-limited`"""


class RejectedCollection(Problem):
    """`/problems/rejected-collection`"""


class ServerError(Problem):
    """`/problems/server-error`"""


class TooLarge(Problem):
    """`/problems/too-large`"""


class UnknownVersion(Problem):
    """`/problems/unknown-version`"""


class UnreadableRequest(Problem):
    """`/problems/unreadable-request`"""


class UnsupportedMediaType(Problem):
    """`/problems/unsupported-media-type`"""


BY_TYPE: dict[str, type[Problem]] = {
    "/problems/conflict": Conflict,
    "/problems/idempotency-in-progress": IdempotencyInProgress,
    "/problems/idempotency-key-reused": IdempotencyKeyReused,
    "/problems/invalid-fields": InvalidFields,
    "/problems/length-required": LengthRequired,
    "/problems/limit-reached": LimitReached,
    "/problems/method-not-allowed": MethodNotAllowed,
    "/problems/not-acceptable": NotAcceptable,
    "/problems/not-allowed": NotAllowed,
    "/problems/not-authenticated": NotAuthenticated,
    "/problems/not-found": NotFound,
    "/problems/not-streamed-here": NotStreamedHere,
    "/problems/queue-full": QueueFull,
    "/problems/rate-limited": RateLimited,
    "/problems/rejected-collection": RejectedCollection,
    "/problems/server-error": ServerError,
    "/problems/too-large": TooLarge,
    "/problems/unknown-version": UnknownVersion,
    "/problems/unreadable-request": UnreadableRequest,
    "/problems/unsupported-media-type": UnsupportedMediaType,
}
