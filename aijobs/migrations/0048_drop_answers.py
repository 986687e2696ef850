"""Jobs whose answer is not kept. A nullable column: no row is written anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("aijobs", "0045_uploads")]

    operations = [
        migrations.AddField(
            model_name="aijob",
            name="dropped_at",
            field=models.DateTimeField(
                help_text="Canceled on its way: it goes on and is charged, and its answer is not"
                " kept.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("retry", "Retry"),
                    ("cancel", "Cancel"),
                    ("drop", "Drop"),
                    ("erase", "Erase"),
                    ("tag", "Tag"),
                    ("untag", "Take a tag from"),
                ],
                max_length=6,
            ),
        ),
    ]
