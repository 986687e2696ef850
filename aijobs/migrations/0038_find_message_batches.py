"""Find message batches. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0036_find_answers_about")]

    operations = [
        AddIndexConcurrently(
            model_name="collection",
            index=models.Index(
                condition=models.Q(("job_type", "raw")),
                fields=["tenant", "-id"],
                name="collection_of_messages",
            ),
        ),
    ]
