"""Find what is to run at once. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0027_turnaround")]

    operations = [
        AddIndexConcurrently(
            model_name="aijob",
            index=models.Index(
                condition=models.Q(("indexed_status", "queued"), ("route", "sync")),
                fields=["tenant", "needed_by", "id"],
                name="job_at_once",
            ),
        ),
    ]
