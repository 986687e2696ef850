"""Things that tests need, made by plain functions."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from aijobs import jobtypes
from aijobs.models import (
    AIJob,
    Batch,
    EventType,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
    ReconciledLine,
    Reconciliation,
    Submission,
    Upload,
    UploadPiece,
    Webhook,
    new_id,
)
from aijobs.webhooks import signatures
from citizenapp.tenants.models import (
    APIKey,
    AuditEntry,
    Invitation,
    Membership,
    Tenant,
    User,
)

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CATEGORIES = ["motor", "home", "travel"]
OPTIONS: Mapping[str, dict[str, Any]] = {
    "summarize": {"max_length": 100},
    "classify": {"categories": CATEGORIES},
    "analyze": {"questions": []},
    "raw": {},
}
MESSAGE: Mapping[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-5-5",
    "content": [{"type": "text", "text": "A fox.", "citations": None}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "output_tokens": 3},
}
# By the status of a batch: the states that the submission by which it stands may have.
STATES: Mapping[str, tuple[str, ...]] = {
    "assembled": (),
    "submitting": ("sending",),
    "unconfirmed": ("in_doubt",),
    "submitted": ("confirmed", "adopted"),
    "canceling": ("confirmed", "adopted"),
    "ended": ("confirmed", "adopted"),
    "settled": ("confirmed", "adopted"),
    "rejected": (),
}

_numbers = count(1)


def make_tenant(name: str = "", **fields: Any) -> Tenant:
    slug = name.lower() or f"tenant-{next(_numbers)}"
    # Tests of stages queue the same text many times; those of repeats say for how many days.
    return Tenant.objects.create(
        **{"name": name or slug.title(), "slug": slug, "repeat_days": 0} | fields
    )


def make_user(username: str, tenant: Tenant | None = None, role: str = "member") -> User:
    """A user whose password is the user's name."""
    user = User.objects.create_user(username, password=username)
    if tenant is not None:
        Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


def make_key(tenant: Tenant, role: str = "member", **fields: Any) -> str:
    """A key that was used a moment ago: the first call of a minute writes that down."""
    known = {"name": "test", "tenant": tenant, "role": role, "last_used_at": timezone.now()}
    return str(APIKey.objects.create_key(**known | fields)[1])


def make_invitation(
    tenant: Tenant, email: str = "guest@example.com", *, token: str = "", **fields: Any
) -> Invitation:
    """An invitation that is open for a week from now on; `fields` overrides its columns."""
    now = timezone.now()
    secret = token or f"token-{next(_numbers)}"
    return Invitation.objects.create(
        **{
            "id": new_id(now),
            "tenant": tenant,
            "email": email,
            "role": "member",
            "token_hash": hashlib.sha256(secret.encode()).hexdigest(),
            "inviter": "olga",
            "created_at": now,
            "sent_at": now,
            "expires_at": now + timedelta(days=7),
        }
        | fields
    )


def make_entry(tenant: Tenant, **fields: Any) -> AuditEntry:
    """An entry of the audit; `fields` overrides its columns."""
    return AuditEntry.objects.create(
        **{
            "id": new_id(NOW),
            "tenant": tenant,
            "actor": "olga",
            "action": "key.made",
            "subject": "key abc",
            "details": {"name": "Import"},
            "address": "192.0.2.1",
            "agent": "Firefox",
            "at": NOW,
        }
        | fields
    )


def make_job(
    tenant: Tenant,
    job_type: str = "summarize",
    text: str = "The quick brown fox jumps over the lazy dog.",
    *,
    now: datetime = NOW,
    options: Mapping[str, Any] | None = None,
    reference: str = "",
    metadata: Mapping[str, str] | None = None,
    row_number: int | None = None,
    **fields: Any,
) -> AIJob:
    """A job as accept would store it; `fields` overrides its columns."""
    jobtypes.get(job_type)
    job = AIJob.objects.create(
        **{
            "id": new_id(now),
            "tenant": tenant,
            "job_type": job_type,
            "request_bytes": len(text) + 1_000,
            "created_at": now,
            "not_before": now,
        }
        | fields
    )
    JobInput.objects.create(
        job=job,
        tenant=tenant,
        job_type=job_type,
        options=dict(OPTIONS[job_type] if options is None else options),
        created_by="test",
        reference=reference,
        metadata=dict(metadata) if metadata else None,
        row_number=row_number,
    )
    make_document(job, params_of(text) if job_type == "raw" else text)
    return job


def params_of(text: str) -> str:
    """The JSON of a Messages request that says this."""
    said = [{"role": "user", "content": text}]
    return json.dumps({"model": "claude-haiku-5-5", "max_tokens": 100, "messages": said})


def make_document(job: AIJob, text: str, **fields: Any) -> JobDocument:
    """The next document of a job; `fields` overrides its columns."""
    data = text.encode("utf-8", "surrogatepass")
    return JobDocument.objects.create(
        **{
            "job": job,
            "number": job.documents.count() + 1,
            "media_type": "text/plain",
            "text": text,
            "characters": len(text),
            "size": len(data),
            "sha256": hashlib.sha256(data).digest(),
            "read_as": "text",
        }
        | fields
    )


def make_output(
    job: AIJob, result: Mapping[str, Any] | None = None, *, has_word: bool = True
) -> JobOutput:
    """What a job returned; without a word as if it were from before there were words."""
    told = dict(result or (MESSAGE if job.job_type == "raw" else {"summary": "A fox."}))
    own = {"word": job.kind.word(told), "collection_id": job.collection_id} if has_word else {}
    return JobOutput.objects.create(job=job, result=told, model="m", stop_reason="end_turn", **own)


def make_batch(
    status: str = "assembled", *, remote_id: str | None = None, state: str = "", **fields: Any
) -> Batch:
    """A batch in a status, with the submission by which it stands, where it stands by one.

    `state` and `remote_id` are the submission's; `fields` overrides columns of the batch.
    """
    there = status in {*Batch.REMOTE, "ended", "settled"}
    batch = Batch.objects.create(
        **{
            "status": status,
            "tenant_ids": [],
            "requests": 1,
            "request_bytes": 2_000,
            "assembled_at": NOW,
            "submitted_at": NOW if there else None,
        }
        | fields
    )
    if STATES[status]:
        make_submission(batch, state or STATES[status][0], remote_id=remote_id)
    return batch


def make_submission(
    batch: Batch, state: str = "sending", *, remote_id: str | None = None, **fields: Any
) -> Submission:
    """A submission of a batch; `fields` overrides its columns."""
    number = next(_numbers)
    there = state in Submission.THERE
    return Submission.objects.create(
        **{
            "batch": batch,
            "state": state,
            "nonce": f"{number:010x}",
            "requests": batch.requests,
            "sent_at": NOW,
            "doubt_at": NOW if state in {"in_doubt", "adopted", "released", "duplicate"} else None,
            "remote_id": remote_id or (f"msgbatch_{number}" if there else None),
            "released_at": NOW if state in {"released", "duplicate"} else None,
            "found_at": NOW if state == "duplicate" else None,
        }
        | fields
    )


def make_charge(
    job: AIJob, cost: str = "0.5", full: str | None = None, **fields: Any
) -> LedgerEntry:
    """What a job was charged in US-$, and at full price: twice as much, if that is not given."""
    at_full_price = Decimal(full) if full else 2 * Decimal(cost)
    return LedgerEntry.objects.create(
        **{
            "tenant": job.tenant,
            "job_id": job.pk,
            "custom_id": f"{next(_numbers):010x}-{job.pk.hex}",
            "job_type": job.job_type,
            "route": job.route,
            "model": "claude-haiku-5-5",
            "priced_as": "claude-haiku-5-5",
            "priced_on": NOW.date(),
            "input_tokens": 100,
            "output_tokens": 10,
            "cost_usd": Decimal(cost),
            "sync_cost_usd": at_full_price,
            "saved_usd": at_full_price - Decimal(cost),
            "created_at": NOW,
        }
        | fields
    )


def make_reconciliation(day: date | None = None, **fields: Any) -> Reconciliation:
    """A day that agrees, of one line; `fields` overrides its columns."""
    day = day or NOW.date()
    reconciliation = Reconciliation.objects.create(
        **{
            "day": day,
            "checked_at": NOW,
            "source": "report",
            "first_day": day,
            "last_day": day,
            "verdict": "agrees",
            "is_final": True,
            "difference_usd": Decimal(0),
            "notes": [],
        }
        | fields
    )
    ReconciledLine.objects.create(
        reconciliation=reconciliation,
        model="claude-haiku-5-5",
        kind="input_tokens",
        tier="batch",
        ours=1_000,
        theirs=1_000,
        ours_usd=Decimal("0.00005"),
        theirs_usd=Decimal("0.00005"),
        verdict=reconciliation.verdict,
    )
    return reconciliation


def make_upload(tenant: Tenant, username: str, **fields: Any) -> Upload:
    """A file that somebody sent to a form, and that waits there; `fields` overrides its columns."""
    upload = Upload.objects.create(
        **{
            "id": new_id(NOW),
            "tenant": tenant,
            "person": User.objects.get(username=username),
            "field": "document",
            "name": "policy.txt",
            "media_type": "text/plain",
            "size": 5,
            "read_as": "auto",
            "accept_partial": False,
            "is_partial": False,
            "created_at": NOW,
            "expires_at": timezone.now() + timedelta(hours=1),
        }
        | fields
    )
    UploadPiece.objects.create(upload=upload, number=1, data=b"Hail.")
    return upload


def make_webhook(tenant: Tenant, url: str = "https://example.com/hook", **fields: Any) -> Webhook:
    """An endpoint that wants to be told of everything; `fields` overrides its columns."""
    return Webhook.objects.create(
        **{
            "id": new_id(NOW),
            "tenant": tenant,
            "url": url,
            "events": EventType.values,
            "root": "http://testserver/",
            "secret": signatures.new_secret(),
            "next_at": NOW,
            "created_at": NOW,
            "created_by": "ann",
        }
        | fields
    )
