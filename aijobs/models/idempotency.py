"""Which requests of a client were answered already."""

from dataclasses import dataclass
from typing import ClassVar

from django.db import models

from aijobs.models.fields import JSONTextField
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about itself, so that it is answered once."""

    key: str
    fingerprint: str
    """SHA-256 of the request, in hex."""


class KeyTaken(Exception):
    """The key came before, with this request or with another one. Nothing was stored."""


class IdempotencyKey(models.Model):
    """A client's `Idempotency-Key`: the first answer is the answer."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    response = JSONTextField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "key"], name="idempotency_key_once"),
        ]
        indexes: ClassVar = [
            # sweep deletes what is old.
            models.Index(fields=["created_at"], name="idempotency_key_age"),
        ]

    def __str__(self) -> str:
        return self.key
