"""What is stored is held against the limits in the same statement."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("aijobs", "0019_model_of_a_job")]

    operations = [
        migrations.RunSQL((SQL / "hold.sql").read_text("utf-8"), "DROP FUNCTION aijobs_hold"),
    ]
