"""What becomes of a job, written once: its output, and the attempts that brought none."""

from typing import ClassVar

from django.db import models

from aijobs.models.batches import Batch
from aijobs.models.fields import JSONTextField
from aijobs.models.jobs import AIJob


class JobOutput(models.Model):
    """What a job returned: written once, when it completed."""

    job = models.OneToOneField(AIJob, models.CASCADE, primary_key=True, related_name="output")
    result = JSONTextField(help_text="The validated result of its job type.")
    model = models.CharField(max_length=100)
    stop_reason = models.CharField(max_length=40)

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
