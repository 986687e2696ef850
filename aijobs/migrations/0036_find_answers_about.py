"""Find the stored answers that describe what is erased. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0032_count_waiting_jobs")]

    operations = [
        AddIndexConcurrently(
            model_name="idempotencykey",
            index=models.Index(
                condition=models.Q(("about__isnull", False)),
                fields=["tenant", "about"],
                name="idempotency_key_about",
            ),
        ),
    ]
