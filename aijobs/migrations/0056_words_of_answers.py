"""Answers in one word, by which they are counted and compared. Those that are there get it later."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("aijobs", "0055_defaults")]

    operations = [
        migrations.AddField(
            model_name="joboutput",
            name="word",
            field=models.CharField(help_text="The result in one word, where its job type has one, else empty. Null: sweep has not come to it, which is from before there were words.", max_length=100, null=True),
        ),
        migrations.AddField(
            model_name="joboutput",
            name="collection_id",
            field=models.UUIDField(help_text="That of its job, where it is in one.", null=True),
        ),
        migrations.RunSQL(
            (SQL / "word_of_answer.sql").read_text("utf-8"),
            "DROP FUNCTION aijobs_word_of_answer",
        ),
    ]
