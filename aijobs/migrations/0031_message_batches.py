"""Collections that are to be canceled as a whole."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0030_operations")]

    operations = [
        migrations.CreateModel(
            name="Cancellation",
            fields=[
                (
                    "collection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="aijobs.collection",
                    ),
                ),
                ("initiated_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["initiated_at"], name="cancellation_age")],
            },
        ),
    ]
