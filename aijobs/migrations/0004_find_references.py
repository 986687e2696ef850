"""Find jobs by their reference. The index is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0003_references")]

    operations = [
        AddIndexConcurrently(
            model_name="jobinput",
            index=models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["tenant", "reference", "-job"],
                name="input_of_reference",
            ),
        ),
    ]
