"""Triggers note the jobs whose words are to be read; all that are there are noted at once."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("aijobs", "0040_find_jobs_of_the_list")]

    operations = [
        migrations.RunSQL(
            (SQL / "note_jobs_to_read.sql").read_text("utf-8"),
            "DROP FUNCTION aijobs_note_jobs_to_read CASCADE",
        )
    ]
