"""What is stored is held against the limits in the same statement."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [("aijobs", "0021_ratios_of_tenants")]

    operations = [
        migrations.RunSQL((SQL / "hold.sql").read_text("utf-8"), "DROP FUNCTION aijobs_hold"),
    ]
