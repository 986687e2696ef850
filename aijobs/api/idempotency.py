"""`Idempotency-Key`: a request that is sent again gets the first answer again."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import problem_types
from aijobs.api.bodies import Body
from aijobs.api.problems import InProgress
from aijobs.jobtypes import InvalidInput
from aijobs.models import Claim, IdempotencyKey
from aijobs.postgres import claims
from citizenapp.tenants.models import Tenant

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
# How long a request waits for the first one with its key, before it is told to come again.
WAIT_SECONDS = 5


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = problem_types.KEY_REUSED.status
    default_detail = f"This {HEADER} was used for another request. Use a new one for each."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with, the first time and ever after.

    `about` is the job or collection that the body describes: when that is erased, the body is too.
    """

    body: dict[str, Any] | None
    status: int = 202
    about: UUID | None = None


def claim_of(request: Request, body: Body) -> Claim | None:
    """What the request claims; None without a key. Raises InvalidInput for a key that is none."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInput({HEADER: [f"Must have 1 to {MAX_LENGTH} printable ASCII characters."]})
    digest = hashlib.sha256(f"{_asked(request)} {body.fingerprint()}".encode())
    return Claim(key, digest.hexdigest())


def _asked(request: Request) -> str:
    """The address, with what else makes it another request."""
    method = "" if request.method == "POST" else f"{request.method} "
    query = f"?{request.query_params.urlencode()}" if request.query_params else ""
    return f"{method}{request.path}{query}"


def replay(tenant: Tenant, claim: Claim, status: int = 202) -> Response:
    """The answer to the request that came first, with its status, or with this one if it kept none.

    Raises KeyReused if it was another one; NotFound where what it tells of was erased.
    """
    earlier = IdempotencyKey.objects.get(tenant=tenant, key=claim.key)
    if earlier.fingerprint != claim.fingerprint:
        raise KeyReused
    status = earlier.status or status
    if earlier.response is None and status != 204:
        raise NotFound(f"What was asked for with this {HEADER} has been erased.")
    return respond(earlier.response, status, {"Idempotency-Replayed": "true"})


def respond(
    body: dict[str, Any] | None, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer; one that tells of an operation says where to follow it."""
    where = {}
    if body and "operation_id" in body:
        where["Location"] = reverse("api-operation", args=[body["operation_id"]])
    return Response(body, status, headers={**where, **(headers or {})})


def refuse_reuse(tenant: Tenant, claim: Claim) -> None:
    """Raises KeyReused when the key belongs to another request."""
    others = IdempotencyKey.objects.filter(tenant=tenant, key=claim.key)
    if others.exclude(fingerprint=claim.fingerprint).exists():
        raise KeyReused


def once(
    request: Request,
    tenant: Tenant,
    body: Body,
    answer: Callable[[], dict[str, Any] | Answer],
    *,
    now: datetime,
    status: int = 202,
    about: UUID | None = None,
) -> Response:
    """Respond with what `answer` returns, or with what it returned when the key came first.

    Key and work are stored in one transaction, so a request that failed, or whose worker died,
    leaves no key behind. Of identical requests at once, one does the work; the others wait for it
    and replay it, or are told after WAIT_SECONDS that it is still under way.
    Raises InvalidInput for a key that is none, KeyReused, InProgress.
    """
    claim = claim_of(request, body)
    if claim is None:
        first = _whole(answer(), status, about)
        return respond(first.body, first.status)
    with transaction.atomic():
        if _store(tenant, claim, now):
            first = _whole(answer(), status, about)
            IdempotencyKey.objects.filter(tenant=tenant, key=claim.key).update(
                response=first.body, status=first.status, about=first.about
            )
            return respond(first.body, first.status)
    return replay(tenant, claim, status)


def _whole(answer: dict[str, Any] | Answer, status: int, about: UUID | None) -> Answer:
    return answer if isinstance(answer, Answer) else Answer(answer, status, about)


def _store(tenant: Tenant, claim: Claim, now: datetime) -> bool:
    """Whether the key is ours. Waits for whoever stores it at this moment. Raises InProgress."""
    with _waited_for():
        return claims.is_first(tenant, claim, now, wait_seconds=WAIT_SECONDS)


@contextlib.contextmanager
def waiting_briefly(claim: Claim | None) -> Iterator[None]:
    """Let what is done within wait for no other request longer than WAIT_SECONDS.

    For what stores a claim in a transaction of its own. Raises InProgress.
    """
    if claim is None:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, FALSE)", [f"{WAIT_SECONDS}s"])
    try:
        with _waited_for():
            yield
    finally:
        # A connection that is broken has nothing to be set back.
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


@contextlib.contextmanager
def _waited_for() -> Iterator[None]:
    try:
        with claims.telling_of_waits():
            yield
    except claims.StillUnderWay:
        raise InProgress from None
