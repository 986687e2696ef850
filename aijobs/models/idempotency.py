"""Which requests of a client were answered already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import models

from aijobs.models.fields import JSONTextField, dump_json
from citizenapp.tenants.models import Tenant

# Stores a key for the one row of a source, or nothing where it exists; `Claim.parameters` are its
# parameters. While another transaction that stored the same key is open, the statement waits for
# its end.
CLAIM_KEY_FROM = """
INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, response, created_at)
SELECT %(tenant)s, %(key)s, %(fingerprint)s, %(response)s, %(now)s FROM {source}
ON CONFLICT (tenant_id, key) DO NOTHING RETURNING id
"""
CLAIM_KEY = CLAIM_KEY_FROM.format(source="(SELECT) AS request")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about itself, so that it is answered once."""

    key: str
    fingerprint: str
    """SHA-256 of the request, in hex."""

    def parameters(
        self, tenant: Tenant, now: datetime, *, response: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The parameters of CLAIM_KEY; `response` is what whoever repeats the request gets."""
        return {
            "tenant": tenant.pk,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "response": None if response is None else dump_json(response),
            "now": now,
        }

    def correct(self, tenant: Tenant, response: Mapping[str, object]) -> None:
        """Answer otherwise whoever repeats the request; in the transaction that stored the key."""
        IdempotencyKey.objects.filter(tenant=tenant, key=self.key).update(response=dict(response))


class KeyTaken(Exception):
    """The key came before, with this request or with another one. Nothing was stored."""


class IdempotencyKey(models.Model):
    """A client's `Idempotency-Key`: the first answer is the answer."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    response = JSONTextField(null=True, help_text="Null once what it tells of was erased.")
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Of that answer; null for one that was queued, 202."
    )
    about = models.UUIDField(
        null=True, help_text="The job or collection that the answer describes."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "key"], name="idempotency_key_once"),
        ]
        indexes: ClassVar = [
            # sweep deletes what is old.
            models.Index(fields=["created_at"], name="idempotency_key_age"),
            # Erasing looks for answers that describe what is erased.
            models.Index(
                fields=["tenant", "about"],
                name="idempotency_key_about",
                condition=models.Q(about__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key
