"""Files that were sent to a form, and wait there for what is filled in beside them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from aijobs.models.fields import JSONTextField
from citizenapp.tenants.models import Tenant


class Upload(models.Model):
    """A file as it came, and what came of reading it. It is gone once its work is queued.

    Only who sent it can use it, and once it has a price also who confirms or changes that quote.
    """

    class Field(models.TextChoices):
        DOCUMENT = "document"
        TABLE = "table"

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # No foreign key: a quote is emptied, and dropped, by itself.
    quote_id = models.UUIDField(null=True, help_text="The price that was asked for with it.")
    field = models.CharField(max_length=8, choices=Field.choices)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=255)
    size = models.BigIntegerField(help_text="Bytes.")
    read_as = models.CharField(max_length=8, help_text="How it was read, as documents.READ_AS.")
    accept_partial = models.BooleanField()
    refused = models.TextField(blank=True, help_text="Why it cannot be queued, for its sender.")
    is_partial = models.BooleanField(help_text="Whether a part of a refused one can be read.")
    pages = models.IntegerField(null=True, help_text="Of its documents together, where known.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            # What somebody has sent and not queued.
            models.Index(fields=["tenant", "person"], name="upload_of_person"),
            # sweep deletes these.
            models.Index(fields=["expires_at"], name="upload_to_delete"),
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"

    @property
    def is_table(self) -> bool:
        return self.field == self.Field.TABLE


class UploadPiece(models.Model):
    """A piece of the file; one of 300 MB is never held whole."""

    BYTES: ClassVar = 1_000_000

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="pieces", db_index=False)
    number = models.IntegerField(help_text="Counts from 1.")
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload", "number"], name="upload_piece_once"),
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.upload_id}"


class UploadDocument(models.Model):
    """What was read of a file: the document itself, then what is attached to it.

    It is read once, however often its price is asked for. `data` of the first is the file.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="documents", db_index=False)
    number = models.SmallIntegerField(help_text="Counts from 1.")
    told = JSONTextField(help_text="All of it but the file.")
    data = models.BinaryField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload", "number"], name="upload_document_once"),
        ]

    def __str__(self) -> str:
        return f"document {self.number} of {self.upload_id}"
