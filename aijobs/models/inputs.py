"""What a job was given: its options, what its sender attached, and its documents."""

import base64
from typing import ClassVar

from django.db import models
from django.db.models import Q

from aijobs import jobtypes
from aijobs.jobtypes import Part
from aijobs.models.fields import JSONTextField
from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant


class JobInput(models.Model):
    """What a job was given: written once, with the job, and never updated.

    The indexes of the tenant's lists stand on this table. On AIJob, PostgreSQL would write a new
    entry into them each time a job moves.
    """

    job = models.OneToOneField(AIJob, models.CASCADE, primary_key=True, related_name="input")
    # Those of the job, repeated for the indexes below; the job's own foreign key holds for them.
    tenant = models.ForeignKey(
        Tenant, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    job_type = models.CharField(max_length=20)
    options = JSONTextField(help_text="Its validated input but for the documents: a JSON object.")
    source_name = models.CharField(max_length=255, blank=True, help_text="The uploaded file.")
    # A positive one would bring a check, for which PostgreSQL reads and locks the whole table.
    row_number = models.IntegerField(
        null=True, help_text="Of the row it was made of: in a table, as a spreadsheet shows it."
    )
    reference = models.CharField(
        max_length=200, blank=True, db_default="", help_text="What its sender calls it."
    )
    metadata = JSONTextField(null=True, help_text="Its sender's own data: texts by name.")
    created_by = models.CharField(max_length=150)
    # What was expected of it (aijobs/tokens.py); quotes learn from how it compares with the charge.
    expected_tokens = models.IntegerField(null=True, help_text="Of the prompt.")
    most_answer_tokens = models.IntegerField(null=True, help_text="max_tokens at first.")
    document_kind = models.CharField(max_length=6, blank=True, db_default="")
    fingerprint = models.BinaryField(
        null=True, help_text="SHA-256 of what is asked. Null: queued before it was kept."
    )
    model = models.CharField(
        max_length=100,
        blank=True,
        db_default="",
        help_text="The model that is asked, where it is not that of its job type.",
    )
    shares_document = models.BooleanField(
        db_default=False, help_text="Its text is that of its whole collection, and stands first."
    )

    class Meta:
        indexes: ClassVar = [
            # The tenant's list, newest first, and that of one job type.
            models.Index(fields=["tenant", "-job"], name="input_of_tenant"),
            models.Index(fields=["tenant", "job_type", "-job"], name="input_of_kind"),
            # Those that one person, or one key, has queued.
            models.Index(fields=["tenant", "created_by", "-job"], name="input_of_sender"),
            # The jobs that a sender calls by this reference, newest first.
            models.Index(
                fields=["tenant", "reference", "-job"],
                name="input_of_reference",
                condition=~Q(reference=""),
            ),
        ]

    def __str__(self) -> str:
        return f"input of {self.pk}"

    @property
    def asked_model(self) -> str:
        """The model that the next attempt asks."""
        return jobtypes.get(self.job_type).model_of(self.model)


class Question(models.Model):
    """What a tenant asked, and the job whose result answers it when it is asked again.

    Of those who ask the same at once, PostgreSQL lets the second wait for the commit of the first.
    """

    pk = models.CompositePrimaryKey("tenant_id", "fingerprint")
    # As in JobInput, the job's own foreign key holds. The job has none: it may be pruned first.
    tenant = models.ForeignKey(
        Tenant, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    fingerprint = models.BinaryField(help_text="SHA-256.")
    job_id = models.UUIDField()

    def __str__(self) -> str:
        return f"question of {self.job_id}"


class JobDocument(models.Model):
    """One document of a job: written once, with the job. Most jobs have one."""

    class ReadAs(models.TextChoices):
        TEXT = "text"
        ORIGINAL = "original", "as it is"

    pk = models.CompositePrimaryKey("job_id", "number")
    job = models.ForeignKey(AIJob, models.CASCADE, related_name="documents", db_index=False)
    number = models.SmallIntegerField(help_text="Counts from 1.")
    name = models.CharField(max_length=255, blank=True, help_text="Of the file; empty for a text.")
    media_type = models.CharField(max_length=100)
    text = JSONTextField(help_text="As it was read: a JSON string; empty where nothing could be.")
    characters = models.IntegerField(help_text="In the text.")
    original = models.BinaryField(null=True, help_text="The file; null where it is the text.")
    size = models.IntegerField(help_text="Bytes of the file, or of the text in UTF-8.")
    sha256 = models.BinaryField(help_text="Of the file, or of the text in UTF-8.")
    pages = models.IntegerField(null=True, help_text="Where the format has pages.")
    read_as = models.CharField(
        max_length=8, choices=ReadAs.choices, help_text="What of it is sent to Claude."
    )
    warnings = JSONTextField(null=True, help_text="What is not in the text: a list of sentences.")

    def __str__(self) -> str:
        return f"document {self.number} of {self.job_id}"

    @property
    def part(self) -> Part:
        """The document as it is sent."""
        is_file = self.read_as == self.ReadAs.ORIGINAL
        data = base64.b64encode(self.original or b"").decode() if is_file else ""
        return Part(self.text, self.media_type, self.pages, is_file, data, self.name)
