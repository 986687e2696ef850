"""Find what has the result of another job, or waits for it. Built while others write."""

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0017_repeats")]

    operations = [
        AddIndexConcurrently(
            model_name="aijob",
            index=models.Index(
                condition=models.Q(("answered_by__isnull", False), ("indexed_status", "queued")),
                fields=["answered_by", "id"],
                name="job_sharing",
            ),
        ),
        AddIndexConcurrently(
            model_name="aijob",
            index=models.Index(
                condition=models.Q(("answered_by__isnull", False)),
                fields=["answered_by"],
                name="job_answered_by",
            ),
        ),
        AddConstraintNotValid(
            model_name="aijob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_by__isnull", True),
                    ("status__in", ["queued", "completed"]),
                    _connector="OR",
                ),
                name="job_answered_by_another_is_not_sent",
            ),
        ),
        ValidateConstraint(model_name="aijob", name="job_answered_by_another_is_not_sent"),
    ]
