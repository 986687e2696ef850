"""What becomes of a job, written once: its output, and the attempts that brought none."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from aijobs.models.batches import Batch
from aijobs.models.fields import JSONTextField
from aijobs.models.jobs import AIJob


class JobOutput(models.Model):
    """What a job returned: written once, when it completed."""

    job = models.OneToOneField(AIJob, models.CASCADE, primary_key=True, related_name="output")
    result = JSONTextField(help_text="The validated result of its job type.")
    model = models.CharField(max_length=100)
    stop_reason = models.CharField(max_length=40)
    word = models.CharField(
        max_length=100,
        null=True,
        help_text="The result in one word, where its job type has one, else empty. Null: sweep"
        " has not come to it, which is from before there were words.",
    )
    # No foreign key: it goes with its job, which has one. Stored again, beside the word, so that
    # one index counts the words of a collection.
    collection_id = models.UUIDField(null=True, help_text="That of its job, where it is in one.")

    class Meta:
        indexes: ClassVar = [
            # The words of a collection: how many answers have which, and which answers they are.
            models.Index(
                fields=["collection_id", "word", "job"],
                name="output_by_word",
                condition=Q(collection_id__isnull=False, word__gt=""),
            ),
            # Answers from before there were words. What is stored with its word is not in it.
            models.Index(
                fields=["job"], name="output_without_word", condition=Q(word__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"output of {self.pk}"


class JobAttempt(models.Model):
    """An attempt that brought no result: when, on which road, and why."""

    job = models.ForeignKey(AIJob, models.CASCADE, related_name="failed_attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    batch = models.ForeignKey(Batch, models.PROTECT, null=True)
    route = models.CharField(max_length=5, choices=AIJob.Route.choices)
    error_type = models.CharField(max_length=60)
    message = models.TextField(blank=True)
    ended_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # Also the index by which a job finds its history.
            models.UniqueConstraint(fields=["job", "number"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.job_id}"
