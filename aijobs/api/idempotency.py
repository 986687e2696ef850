"""`Idempotency-Key`: a request that is sent again gets the first answer again."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.bodies import Body
from aijobs.jobtypes import InvalidInput
from aijobs.models import IdempotencyKey, dump_json
from citizenapp.tenants.models import Tenant

HEADER = "Idempotency-Key"
MAX_LENGTH = 255


class KeyReused(APIException):
    """The key belongs to another request."""

    status_code = 422
    default_detail = f"This {HEADER} was used for another request. Use a new one for each."


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
    key = request.headers.get(HEADER)
    if key is None:
        return Response(answer(), status)
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInput({HEADER: [f"Must have 1 to {MAX_LENGTH} printable ASCII characters."]})
    fingerprint = hashlib.sha256(f"{request.path} {body.fingerprint()}".encode()).hexdigest()
    with transaction.atomic():
        if _claim(tenant, key, fingerprint, now):
            first = answer()
            _keep(tenant, key, first)
            return Response(first, status)
    earlier = IdempotencyKey.objects.get(tenant=tenant, key=key)
    if earlier.fingerprint != fingerprint:
        raise KeyReused
    return Response(earlier.response, status, headers={"Idempotency-Replayed": "true"})


def _claim(tenant: Tenant, key: str, fingerprint: str, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, created_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (tenant_id, key) DO NOTHING",
            [tenant.pk, key, fingerprint, now],
        )
        return bool(cursor.rowcount)


def _keep(tenant: Tenant, key: str, response: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE aijobs_idempotencykey SET response = %s WHERE tenant_id = %s AND key = %s",
            [dump_json(response), tenant.pk, key],
        )
