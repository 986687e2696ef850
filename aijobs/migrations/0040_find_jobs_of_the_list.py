"""Find what the list of jobs is filtered by. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0039_list_of_jobs")]

    operations = [
        AddIndexConcurrently(
            model_name="aijob",
            index=models.Index(
                condition=models.Q(("collection__isnull", True)),
                fields=["tenant", "-id"],
                name="job_single",
            ),
        ),
        AddIndexConcurrently(
            model_name="jobinput",
            index=models.Index(fields=["tenant", "created_by", "-job"], name="input_of_sender"),
        ),
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(fields=["tenant", "-cost_usd", "-job_id"], name="charge_by_cost"),
        ),
    ]
