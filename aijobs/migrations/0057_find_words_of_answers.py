"""Find answers by their words, those without one, and what is being erased. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0056_words_of_answers")]

    operations = [
        AddIndexConcurrently(
            model_name="joboutput",
            index=models.Index(
                condition=models.Q(("collection_id__isnull", False), ("word__gt", "")),
                fields=["collection_id", "word", "job"],
                name="output_by_word",
            ),
        ),
        AddIndexConcurrently(
            model_name="joboutput",
            index=models.Index(
                condition=models.Q(("word__isnull", True)),
                fields=["job"],
                name="output_without_word",
            ),
        ),
        AddIndexConcurrently(
            model_name="aijob",
            index=models.Index(
                condition=models.Q(("erasing_since__isnull", False)),
                fields=["tenant", "indexed_status", "collection", "id"],
                name="job_erasing",
            ),
        ),
    ]
