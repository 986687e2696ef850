"""Find earlier collections of the same name. Built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0048_drop_answers")]

    operations = [
        AddIndexConcurrently(
            model_name="collection",
            index=models.Index(fields=["tenant", "name", "-id"], name="collection_of_name"),
        ),
    ]
