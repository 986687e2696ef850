"""One job as a row, and how it is stored in one go."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from aijobs.budgets import standing
from aijobs.budgets.room import compact, most_waiting
from aijobs.models import AIJob, Claim, KeyTaken, dump_json
from aijobs.pipeline._checks import Checked
from aijobs.pipeline._columns import HOLD_NEW, REMEMBER_NEW, document_arrays, insert_job
from aijobs.quotes.terms import Terms
from citizenapp.database import prepared_cursor, together


def job_of(terms: Terms, checked: Checked, key: UUID) -> AIJob:
    """The row of a new job with this id; it is not stored yet."""
    asked = checked.asked
    return AIJob(
        id=key,
        tenant=terms.tenant,
        job_type=terms.kind.name,
        route=asked.route,
        request_bytes=asked.request_bytes,
        reserved_usd=asked.reserved(terms),
        created_at=terms.now,
        not_before=terms.now,
        needed_by=asked.needed_by(terms.now),
    )


def parameters_of(queued: AIJob, checked: Checked, created_by: str) -> dict[str, Any]:
    """Of the statement that stores one job."""
    return {
        "id": queued.id,
        "tenant": queued.tenant_id,
        "job_type": queued.job_type,
        "route": queued.route,
        "request_bytes": queued.request_bytes,
        "reserved_usd": queued.reserved_usd,
        "now": queued.created_at,
        "needed_by": queued.needed_by,
        "options": dump_json(checked.options),
        "source_name": checked.documents[0].name,
        "created_by": created_by,
        "reference": checked.own.reference,
        "metadata": dump_json(checked.own.metadata) if checked.own.metadata else None,
        "expected_tokens": checked.asked.tokens.tokens,
        "most_answer_tokens": checked.asked.max_tokens,
        "document_kind": checked.asked.tokens.kind,
        "model": checked.asked.model,
        "question": checked.asked.fingerprint,
        **document_arrays(checked.documents),
    }


def store_new(queued: AIJob, parameters: Mapping[str, Any], *, claim: Claim | None) -> bool:
    """Store a job whose question is new, in one go; False, and nothing is stored, where it is not.

    Nor where too many wait: whoever stores it otherwise says so. Its locks are taken in the same
    order as by those who store several jobs: the key, the triggers' rows, the question, the limit.
    Raises KeyTaken or LimitReached.
    """
    tenant, now = queued.tenant, queued.created_at
    remembers, most = bool(tenant.repeat_days), most_waiting(tenant)
    insert = insert_job(with_claim=claim is not None, if_new=remembers, if_room=most is not None)
    parameters = {**parameters, "most_waiting": most}
    if not (remembers or standing.has_limit(tenant)):
        cursor = prepared_cursor()
        cursor.execute(insert, parameters)
    else:
        try:
            with standing.refusing(tenant, queued.reserved_usd, now, jobs=1), together():
                cursor = prepared_cursor()
                cursor.execute(insert, parameters)
                if remembers:
                    prepared_cursor().execute(REMEMBER_NEW, parameters)
                if standing.has_limit(tenant):
                    held = standing.parameters(tenant, now) | {"id": queued.pk}
                    prepared_cursor().execute(HOLD_NEW, held)
        except IntegrityError:
            # Somebody has asked it just now.
            if not remembers:
                raise
            return False
    stored = cursor.fetchone()
    if stored is not None:
        compact(tenant, stored[0])
    elif not remembers and most is None:
        raise KeyTaken
    return stored is not None
