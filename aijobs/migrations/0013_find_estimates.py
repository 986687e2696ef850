"""Find charges that are estimates. The index is built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("aijobs", "0012_estimates_and_reconciliations")]

    operations = [
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("is_estimated", True)),
                fields=["tenant", "created_at"],
                name="charge_estimated",
            ),
        ),
    ]
