"""`Idempotency-Key`: a request that is sent again gets the first answer again."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import problem_types
from aijobs.api.bodies import Body
from aijobs.jobtypes import InvalidInput
from aijobs.models import Claim, IdempotencyKey
from aijobs.models.idempotency import CLAIM_KEY
from citizenapp.tenants.models import Tenant

HEADER = "Idempotency-Key"
MAX_LENGTH = 255


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = problem_types.KEY_REUSED.status
    default_detail = f"This {HEADER} was used for another request. Use a new one for each."


def claim_of(request: Request, body: Body) -> Claim | None:
    """What the request claims; None without a key. Raises InvalidInput for a key that is none."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInput({HEADER: [f"Must have 1 to {MAX_LENGTH} printable ASCII characters."]})
    digest = hashlib.sha256(f"{request.path} {body.fingerprint()}".encode())
    return Claim(key, digest.hexdigest())


def replay(tenant: Tenant, claim: Claim, status: int = 202) -> Response:
    """The answer to the request that came first. Raises KeyReused if it was another one."""
    earlier = IdempotencyKey.objects.get(tenant=tenant, key=claim.key)
    if earlier.fingerprint != claim.fingerprint:
        raise KeyReused
    return Response(earlier.response, status, headers={"Idempotency-Replayed": "true"})


def refuse_reuse(tenant: Tenant, claim: Claim) -> None:
    """Raises KeyReused when the key belongs to another request."""
    others = IdempotencyKey.objects.filter(tenant=tenant, key=claim.key)
    if others.exclude(fingerprint=claim.fingerprint).exists():
        raise KeyReused


def once(
    request: Request,
    tenant: Tenant,
    body: Body,
    answer: Callable[[], dict[str, Any]],
    *,
    now: datetime,
    status: int = 202,
) -> Response:
    """Respond with what `answer` returns, or with what it returned when the key came first.

    Key and work are stored in one transaction, so a request that failed leaves no key behind.
    Of identical requests at once, one does the work; the others wait on its row and replay it.
    Raises InvalidInput for a key that is none, KeyReused.
    """
    claim = claim_of(request, body)
    if claim is None:
        return Response(answer(), status)
    with transaction.atomic():
        if _store(tenant, claim, now):
            first = answer()
            _keep(tenant, claim, first)
            return Response(first, status)
    return replay(tenant, claim, status)


def _store(tenant: Tenant, claim: Claim, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_KEY, claim.parameters(tenant, now))
        return bool(cursor.rowcount)


def _keep(tenant: Tenant, claim: Claim, response: dict[str, Any]) -> None:
    IdempotencyKey.objects.filter(tenant=tenant, key=claim.key).update(response=response)
